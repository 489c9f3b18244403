//! Files of bulk jobs: one line, one post.

use std::{future::IntoFuture, path::Path};

use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::{
    Progress,
    parts::{Parts, Source},
};
use crate::{
    api,
    client::Client,
    error::{Error, Result},
    types::{BulkFormat, BulkJob, BulkJobCreateInput, BulkJobKind, BulkJobState},
};

/// The file of a bulk job on its way; sent when it is awaited. The answer is the job: from the last
/// byte on the server works through its lines by itself.
#[must_use = "nothing is sent until it is awaited"]
#[derive(Debug)]
pub struct BulkUpload {
    parts: Parts,
    file_name: String,
    format: Option<BulkFormat>,
    dry_run: bool,
    time_zone: Option<String>,
    key: Option<String>,
    resume: Option<String>,
}

impl api::BulkJobsApi {
    /// Begins a job and uploads its file, CSV or JSONL, in parts.
    ///
    /// ```no_run
    /// # use posthaste_sdk::TryStreamExt;
    /// # async fn example(client: posthaste_sdk::Client) -> posthaste_sdk::Result<()> {
    /// let job = client.bulk_jobs().upload_file("spring.csv").dry_run(true).await?;
    /// let mut progress = client.bulk_jobs().follow(&job.id);
    /// while let Some(job) = progress.try_next().await? {
    ///     println!("{} of {:?}", job.done, job.lines);
    /// }
    /// let mut results = client.bulk_jobs().results_all(&job.id);
    /// while let Some(result) = results.try_next().await? {
    ///     println!("line {}: {}", result.line, result.outcome);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn upload_file(&self, path: impl AsRef<Path>) -> BulkUpload {
        let path = path.as_ref().to_owned();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        BulkUpload::new(self.client.clone(), name.into_owned(), Source::File(path))
    }

    /// Begins a job and uploads its lines in parts. The name's ending tells CSV from JSONL.
    pub fn upload_bytes(
        &self,
        file_name: impl Into<String>,
        bytes: impl Into<Bytes>,
    ) -> BulkUpload {
        let source = Source::Bytes(bytes.into());
        BulkUpload::new(self.client.clone(), file_name.into(), source)
    }
}

impl BulkUpload {
    fn new(client: Client, file_name: String, source: Source) -> Self {
        Self {
            parts: Parts::new(client, source),
            format: written(&file_name),
            file_name,
            dry_run: false,
            time_zone: None,
            key: None,
            resume: None,
        }
    }

    /// How the file is written, when its name does not end in `.csv`, `.jsonl` or `.ndjson`.
    pub fn format(mut self, format: BulkFormat) -> Self {
        self.format = Some(format);
        self
    }

    /// Whether to judge every line and write nothing.
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// The IANA zone of local times that name none; the workspace's when nothing is said.
    pub fn time_zone(mut self, zone: impl Into<String>) -> Self {
        self.time_zone = Some(zone.into());
        self
    }

    /// Bytes in one part, 4 MiB when nothing is said.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.parts.size = bytes.max(1);
        self
    }

    /// The key under which the server remembers that the job was begun, instead of a random one.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Goes on with the job of the same file that another try or process began.
    pub fn resume(mut self, job_id: impl Into<String>) -> Self {
        self.resume = Some(job_id.into());
        self
    }

    /// Called at the start and after each part.
    pub fn on_progress(mut self, listener: impl FnMut(Progress) + Send + Sync + 'static) -> Self {
        self.parts.listener = Some(Box::new(listener));
        self
    }

    /// Begins the job and sends nothing yet: keep its id, and send the file with
    /// [`resume`](Self::resume).
    pub async fn begin(&self) -> Result<BulkJob> {
        let bytes = self.parts.source.len().await?;
        let format = self.format.clone().ok_or_else(|| {
            Error::Setup(format!(
                "say the format of {}, CSV or JSONL: its name does not tell",
                self.file_name
            ))
        })?;
        let kind = BulkJobKind::PostsImport;
        let mut input = BulkJobCreateInput::new(bytes as i64, &self.file_name, format, kind);
        input = input.dry_run(self.dry_run);
        if let Some(zone) = &self.time_zone {
            input = input.time_zone(zone);
        }
        let mut call = self.jobs().create(input);
        if let Some(key) = &self.key {
            call = call.idempotency_key(key);
        }
        Ok(call.await?.bulk_job)
    }

    async fn run(mut self) -> Result<BulkJob> {
        let job = match &self.resume {
            Some(id) => self.jobs().get(id).await?,
            None => self.begin().await?,
        };
        if job.state != BulkJobState::Uploading {
            return Ok(job);
        }
        let bytes = self.parts.source.len().await?;
        if bytes as i64 != job.bytes {
            let message = format!(
                "{} has {bytes} bytes, but the file of {} has {}: begin another job",
                self.file_name, job.id, job.bytes
            );
            return Err(Error::Setup(message));
        }
        let url = self.parts.client.endpoint(&format!("/bulk/{}", job.id));
        self.parts.send(&url).await?;
        self.jobs().get(job.id).await
    }

    fn jobs(&self) -> api::BulkJobsApi {
        self.parts.client.bulk_jobs()
    }
}

impl IntoFuture for BulkUpload {
    type Output = Result<BulkJob>;
    type IntoFuture = BoxFuture<'static, Result<BulkJob>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// By the ending of the file's name.
fn written(file_name: &str) -> Option<BulkFormat> {
    let ending = Path::new(file_name).extension()?.to_str()?;
    match ending.to_ascii_lowercase().as_str() {
        "csv" => Some(BulkFormat::Csv),
        "jsonl" | "ndjson" => Some(BulkFormat::Jsonl),
        _ => None,
    }
}

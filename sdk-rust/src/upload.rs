//! Uploading pictures, videos and files of posts, in parts, so that a broken connection costs one part.

mod bulk;
mod parts;

use std::{future::IntoFuture, path::Path, time::Duration};

use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::{
    api,
    client::Client,
    error::{ApiError, Error, Result},
    types::{ErrorCode, Media, MediaStatus, MediaUploadCreateInput},
};
pub use bulk::BulkUpload;
use parts::{Parts, Source};

/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes that the server has.
    pub sent: u64,
    /// Bytes of the whole file.
    pub total: u64,
}

/// A picture or video on its way; sent when it is awaited. The answer is the media, READY.
#[must_use = "nothing is sent until it is awaited"]
#[derive(Debug)]
pub struct Upload {
    parts: Parts,
    file_name: String,
    alt_text: Option<String>,
    resume: Option<String>,
}

impl api::MediaApi {
    /// Uploads a file in parts, and waits until it is ready for posts.
    ///
    /// ```no_run
    /// # async fn example(client: posthaste_sdk::Client) -> posthaste_sdk::Result<()> {
    /// let picture = client
    ///     .media()
    ///     .upload_file("harbor.jpg")
    ///     .alt_text("Sailing boats at sunrise")
    ///     .on_progress(|progress| println!("{} of {}", progress.sent, progress.total))
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn upload_file(&self, path: impl AsRef<Path>) -> Upload {
        let path = path.as_ref().to_owned();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Upload::new(self.client.clone(), name.into_owned(), Source::File(path))
    }

    /// Uploads bytes in parts, and waits until they are ready for posts.
    pub fn upload_bytes(&self, file_name: impl Into<String>, bytes: impl Into<Bytes>) -> Upload {
        let source = Source::Bytes(bytes.into());
        Upload::new(self.client.clone(), file_name.into(), source)
    }
}

impl Upload {
    fn new(client: Client, file_name: String, source: Source) -> Self {
        Self {
            parts: Parts::new(client, source),
            file_name,
            alt_text: None,
            resume: None,
        }
    }

    /// Description for people who cannot see it.
    pub fn alt_text(mut self, text: impl Into<String>) -> Self {
        self.alt_text = Some(text.into());
        self
    }

    /// Another name than the file's.
    pub fn file_name(mut self, name: impl Into<String>) -> Self {
        self.file_name = name.into();
        self
    }

    /// Bytes in one part, 4 MiB when nothing is said.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.parts.size = bytes.max(1);
        self
    }

    /// Goes on with an upload of the same file that another try or process began.
    pub fn resume(mut self, media_id: impl Into<String>) -> Self {
        self.resume = Some(media_id.into());
        self
    }

    /// Called at the start and after each part.
    pub fn on_progress(mut self, listener: impl FnMut(Progress) + Send + Sync + 'static) -> Self {
        self.parts.listener = Some(Box::new(listener));
        self
    }

    async fn run(mut self) -> Result<Media> {
        let media = match self.resume.take() {
            Some(id) => self.media().get(id).await?,
            None => self.begin().await?,
        };
        if media.status == MediaStatus::Uploading {
            // Our way to the server, not the address it calls itself by: the key goes nowhere else.
            let url = self.parts.client.endpoint(&format!("/media/{}", media.id));
            self.parts.send(&url).await?;
        }
        self.ready(media.id).await
    }

    fn media(&self) -> api::MediaApi {
        self.parts.client.media()
    }

    async fn begin(&self) -> Result<Media> {
        let total = self.parts.source.len().await?;
        let mut input = MediaUploadCreateInput::new(total as i64, &self.file_name);
        if let Some(text) = &self.alt_text {
            input = input.alt_text(text);
        }
        Ok(self.media().create_upload(input).await?.media)
    }

    /// Waits until the server has looked at the file.
    async fn ready(&self, id: String) -> Result<Media> {
        let mut wait = Duration::from_millis(50);
        loop {
            let media = self.media().get(&id).await?;
            match media.status {
                MediaStatus::Ready => return Ok(media),
                MediaStatus::Failed => return Err(unusable(media)),
                _ => tokio::time::sleep(wait).await,
            }
            wait = (wait * 2).min(Duration::from_secs(2));
        }
    }
}

impl IntoFuture for Upload {
    type Output = Result<Media>;
    type IntoFuture = BoxFuture<'static, Result<Media>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// The server does not take the file.
fn unusable(media: Media) -> Error {
    let (code, message, advice) = match media.error {
        Some(error) => (error.code, error.message, Some(error.advice)),
        None => (
            ErrorCode::MediaUnreadable,
            "The file cannot be used.".to_owned(),
            None,
        ),
    };
    Error::Api(Box::new(ApiError {
        code,
        message,
        advice,
        path: Vec::new(),
        docs_url: None,
        retryable: false,
        retry_after: None,
        request_id: None,
        status: None,
    }))
}

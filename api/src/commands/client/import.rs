mod report;

use std::path::PathBuf;

use posthaste_sdk::{
    BulkUpload, Client, Error, TryStreamExt,
    types::{BulkFormat, BulkJob, BulkJobState},
};

use super::{
    Common,
    outcome::{Failure, Outcome},
    profile::USUAL,
    progress::{Progress, bytes},
};
use report::Report;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file: CSV with a row of column names, or JSONL with one JSON object on each line.
    #[arg(required_unless_present = "resume")]
    file: Option<PathBuf>,
    /// Judge every line and write nothing.
    #[arg(long, conflicts_with = "resume")]
    dry_run: bool,
    /// Print what became of each line as it is done, not only of the wrong ones at the end.
    #[arg(long)]
    follow: bool,
    /// Write what became of every line into a file, as JSONL.
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
    /// Go on with a job that was begun; without its file when that has arrived.
    #[arg(long, value_name = "JOB")]
    resume: Option<String>,
    /// How the file is written, when its name does not end in .csv or .jsonl.
    #[arg(long, value_parser = ["csv", "jsonl"], conflicts_with = "resume")]
    format: Option<String>,
    /// The zone of local times that name none, such as Europe/Paris; the workspace's when left out.
    #[arg(long, value_name = "ZONE", conflicts_with = "resume")]
    tz: Option<String>,
    /// Makes a repeat of this command harmless: the same key goes on with the same job.
    #[arg(long, value_name = "KEY", conflicts_with = "resume")]
    idempotency_key: Option<String>,
    #[command(flatten)]
    pub common: Common,
}

/// Uploads the file, follows the job, and tells what became of the lines.
pub async fn run(args: Args) -> Outcome {
    let client = args.common.access.client()?;
    // Before anything is begun: afterwards it would be too late to say that it cannot be written.
    let report = Report::new(args.common.show, args.follow, args.results.as_deref())?;
    let (id, upload) = begin(&client, &args).await.map_err(Failure::Useless)?;
    let progress = Progress::new(args.common.show);
    let outcome = tokio::select! {
        outcome = work(&client, &args, &id, upload, report, progress.clone()) => outcome,
        signal = tokio::signal::ctrl_c() => match signal {
            Ok(()) => Err(Failure::Interrupted("interrupted".to_owned())),
            Err(error) => Err(Failure::usage(error.to_string())),
        },
    };
    progress.clear();
    match outcome {
        Err(failure @ (Failure::Interrupted(_) | Failure::Api(_))) => {
            let advice = advice(&client, &args, &id).await;
            Err(Failure::Advised(Box::new(failure), advice))
        }
        outcome => outcome,
    }
}

/// The job, and its file if it was given.
async fn begin(client: &Client, args: &Args) -> Result<(String, Option<BulkUpload>), Error> {
    let upload = args.file.as_ref().map(|file| {
        let mut upload = client.bulk_jobs().upload_file(file).dry_run(args.dry_run);
        if let Some(format) = &args.format {
            upload = upload.format(BulkFormat::from(format.to_uppercase().as_str()));
        }
        if let Some(zone) = &args.tz {
            upload = upload.time_zone(zone);
        }
        if let Some(key) = &args.idempotency_key {
            upload = upload.idempotency_key(key);
        }
        upload
    });
    let id = match (&args.resume, &upload) {
        (Some(id), _) => id.clone(),
        (None, Some(upload)) => upload.begin().await?.id,
        // The command line asks for one of both.
        (None, None) => String::new(),
    };
    Ok((id, upload))
}

async fn work(
    client: &Client,
    args: &Args,
    id: &str,
    upload: Option<BulkUpload>,
    mut report: Report,
    progress: Progress,
) -> Outcome {
    send(client, args, id, upload, progress.clone()).await?;
    let mut steps = client.bulk_jobs().follow(id);
    while let Some(job) = steps.try_next().await? {
        let (done, lines) = (job.done, job.lines.unwrap_or(job.done));
        progress.tell("lines", done as u64, lines as u64, &standing(&job));
        report.catch_up(client, id, &progress).await?;
    }
    progress.clear();
    let job = client.bulk_jobs().get(id).await?;
    report.end(client, &job).await
}

/// Sends what the server has not yet.
async fn send(
    client: &Client,
    args: &Args,
    id: &str,
    upload: Option<BulkUpload>,
    progress: Progress,
) -> Outcome {
    let job = match upload {
        Some(upload) => {
            let upload = upload.resume(id).on_progress(move |now| {
                if now.sent > 0 {
                    progress.tell("upload", now.sent, now.total, &bytes(now.sent, now.total));
                }
            });
            upload.await?
        }
        None => client.bulk_jobs().get(id).await.map_err(Failure::Useless)?,
    };
    if job.state == BulkJobState::Uploading {
        let message = format!(
            "the file of {id} has not arrived yet; give it, too: {}",
            again(args, id, true)
        );
        return Err(Failure::Usage(message));
    }
    Ok(())
}

fn standing(job: &BulkJob) -> String {
    let Some(lines) = job.lines else {
        return "waiting to be counted".to_owned();
    };
    format!(
        "{} of {lines}: {} {}, {} there already, {} wrong",
        job.done,
        job.created,
        if job.dry_run { "right" } else { "written" },
        job.skipped,
        job.invalid
    )
}

/// What the person can do about a job that is not over here.
async fn advice(client: &Client, args: &Args, id: &str) -> String {
    let known = client.bulk_jobs().get(id).await;
    let arrived = known.map(|job| job.state != BulkJobState::Uploading);
    match arrived {
        Ok(true) => format!(
            "{id} has its whole file and goes on by itself. To see what comes of it:\n  {}",
            again(args, id, false)
        ),
        Ok(false) => format!(
            "{id} keeps what has arrived for 24 hours. To go on:\n  {}",
            again(args, id, true)
        ),
        Err(_) => format!("To go on:\n  {}", again(args, id, true)),
    }
}

/// The command that goes on with it.
fn again(args: &Args, id: &str, with_file: bool) -> String {
    let mut words = vec!["posthaste import".to_owned()];
    if with_file {
        let file = args
            .file
            .as_ref()
            .map(|file| quoted(&file.to_string_lossy()));
        words.push(file.unwrap_or_else(|| "FILE".to_owned()));
    }
    words.push(format!("--resume {id}"));
    if args.common.access.profile != USUAL {
        words.push(format!("--profile {}", quoted(&args.common.access.profile)));
    }
    words.join(" ")
}

/// As a shell wants it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+:@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_can_be_pasted_into_a_shell() {
        for (word, written) in [
            ("posts.csv", "posts.csv"),
            ("../März/a-1.jsonl", "../März/a-1.jsonl"),
            ("my posts.csv", "'my posts.csv'"),
            ("it's.csv", r"'it'\''s.csv'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), written);
        }
    }
}

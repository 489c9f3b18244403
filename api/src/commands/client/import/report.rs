//! What became of the lines: a table for people, JSONL for programs.

use std::{
    fs::{File, OpenOptions},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use posthaste_sdk::{
    Client, TryStreamExt,
    types::{BulkJob, BulkJobResultsOptions, BulkJobState, BulkResult},
};

use super::super::{
    outcome::{Failure, Outcome},
    progress::Progress,
    show::{Show, print},
};

/// Most lines of the table at the end. A wrong column makes every line wrong, and nobody reads 100,000.
const MOST: usize = 50;

/// Results asked for at once while the job runs.
const PAGE: i64 = 100;

pub struct Report {
    show: Show,
    /// Whether every line is told, as it is done.
    every: bool,
    /// Where those end that were told.
    after: Option<String>,
    file: Option<(PathBuf, BufWriter<File>)>,
    has_head: bool,
    told: usize,
    untold: usize,
}

impl Report {
    /// A report that has nothing to tell yet; opens the file for the results.
    pub fn new(show: Show, every: bool, results: Option<&Path>) -> Outcome<Self> {
        // What is in it stays until there is something new.
        let open = |path: &Path| {
            let mut options = OpenOptions::new();
            let file = options.write(true).create(true).truncate(false).open(path);
            let file = file.map_err(|error| unwritable(path, &error))?;
            Ok::<_, Failure>((path.to_owned(), BufWriter::new(file)))
        };
        Ok(Self {
            show,
            every,
            after: None,
            file: results.map(open).transpose()?,
            has_head: false,
            told: 0,
            untold: 0,
        })
    }

    /// Tells the lines that were done since the last time, if every line is to be told.
    pub async fn catch_up(&mut self, client: &Client, id: &str, progress: &Progress) -> Outcome {
        while self.every {
            let mut options = BulkJobResultsOptions::new().first(PAGE);
            options.after.clone_from(&self.after);
            let page = client.bulk_jobs().results(id, options).await?.results;
            progress.clear();
            for result in &page.nodes {
                self.rows(result);
            }
            self.after = page.page_info.end_cursor.or(self.after.take());
            if !page.page_info.has_next_page {
                break;
            }
        }
        Ok(())
    }

    /// Tells the rest and the whole, and whether it ended well.
    pub async fn end(mut self, client: &Client, job: &BulkJob) -> Outcome {
        if let Some((path, file)) = &self.file {
            let emptied = file.get_ref().set_len(0);
            emptied.map_err(|error| unwritable(path, &error))?;
        }
        let mut results = client.bulk_jobs().results_all(&job.id);
        while let Some(result) = results.try_next().await? {
            self.keep(&result)?;
            if !self.every {
                self.wrong(&result);
            }
        }
        if let Some((path, mut file)) = self.file.take() {
            file.flush().map_err(|error| unwritable(&path, &error))?;
        }
        if self.untold > 0 {
            let words = format!(
                "… and {} more lines; --results FILE writes all of them down",
                self.untold
            );
            self.show.note(&words);
        }
        if self.show.quiet {
            print(&job.id);
        } else {
            self.show.row(job, || summary(job));
        }
        verdict(job)
    }

    fn keep(&mut self, result: &BulkResult) -> Outcome {
        let Some((path, file)) = &mut self.file else {
            return Ok(());
        };
        let line = serde_json::to_string(result).unwrap_or_default();
        writeln!(file, "{line}").map_err(|error| unwritable(path, &error))
    }

    /// Tells a line about which there is something to say.
    fn wrong(&mut self, result: &BulkResult) {
        if result.errors.is_empty() && result.warnings.is_empty() {
            return;
        }
        if self.told >= MOST && !self.show.json {
            self.untold += 1;
        } else {
            self.rows(result);
        }
    }

    fn rows(&mut self, result: &BulkResult) {
        self.told += 1;
        if self.show.quiet {
            return;
        }
        if self.show.json {
            return self.show.row(result, String::new);
        }
        if !self.has_head {
            print("  LINE  FIELD             CODE                    WHAT TO KNOW");
            self.has_head = true;
        }
        let row = |field: &str, code: &str, words: &str| {
            let row = format!("{:>6}  {field:<16}  {code:<22}  {words}", result.line);
            print(row.trim_end());
        };
        for error in &result.errors {
            let words = format!("{} {}", error.message, error.advice);
            row(&error.path.join("."), error.code.as_str(), &words);
        }
        if result.errors.is_empty() && self.every {
            let post = result.post_id.as_deref().unwrap_or_default();
            let key = result.key.as_deref().unwrap_or_default();
            row(key, result.outcome.as_str(), post);
        }
        for warning in &result.warnings {
            let words = format!("Warning: {} {}", warning.message, warning.advice);
            row(&warning.path.join("."), warning.code.as_str(), &words);
        }
    }
}

fn summary(job: &BulkJob) -> String {
    let lines = |count: i64| if count == 1 { "line" } else { "lines" };
    let posts = match (job.created, job.dry_run) {
        (1, true) => "1 post would be written".to_owned(),
        (count, true) => format!("{count} posts would be written"),
        (1, false) => "1 post written".to_owned(),
        (count, false) => format!("{count} posts written"),
    };
    format!(
        "{} {}: {posts}, {} there already, {} {} wrong.",
        job.id,
        job.state,
        job.skipped,
        job.invalid,
        lines(job.invalid)
    )
}

/// Badly if a line is wrong or the job did not come to its end; worse if nothing came of it.
fn verdict(job: &BulkJob) -> Outcome {
    let message = match (&job.error, &job.state) {
        (Some(error), _) => format!("{}: {} {}", error.code, error.message, error.advice),
        (None, BulkJobState::Finished) if job.invalid == 0 => return Ok(()),
        (None, BulkJobState::Finished) => {
            let lines = match job.invalid {
                1 => "1 line is wrong; mend it",
                many => &format!("{many} lines are wrong; mend them"),
            };
            format!("{lines} and send the file again: what has a key is not written twice")
        }
        (None, state) => format!("{} is {state}", job.id),
    };
    Err(match job.created + job.skipped {
        0 => Failure::Usage(message),
        _ => Failure::Ended(message),
    })
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("{} cannot be written: {error}", path.display()))
}

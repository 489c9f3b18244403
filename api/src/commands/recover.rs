use anyhow::Context;
use chrono::{DateTime, Utc};
use posthaste_engine::publish;

use crate::{app, config::Config};

/// After a backup was restored: look on the networks for what may be live before anything due is sent.
///
/// A promoted standby and a backup that was restored to a point in time are noticed without it. Say it by
/// hand, before any worker runs, when neither the cluster nor its timeline changed, for instance after a
/// dump was read into the same database.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// When the backup was made, or since when writes may be missing, as in 2027-01-04T08:00:00Z.
    #[arg(long, value_parser = instant)]
    since: DateTime<Utc>,
}

fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    let time = DateTime::parse_from_rfc3339(text);
    time.map(|time| time.to_utc())
        .map_err(|_| "write a date, a time and a zone, as in 2027-01-04T08:00:00Z".to_owned())
}

/// Marks them and tells how many there are.
pub async fn run(config: Config, args: Args) -> anyhow::Result<()> {
    let app = app::build(&config)?;
    let marked = publish::recover(&app, args.since)
        .await
        .context("nothing was marked")?;
    println!("{marked} targets are read back before anything is sent");
    Ok(())
}

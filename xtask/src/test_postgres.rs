//! `cargo xtask test-postgres`: the cluster that tests share, by hand.

use clap::ValueEnum;
use posthaste_postgres::shared::{default_home, ensure_shared, shared_url, stop_shared};

use crate::{run, tools};

/// What to do with it.
#[derive(clap::Args)]
pub struct Args {
    /// `start` prints its connection string, `status` whether it runs.
    action: Action,
}

#[derive(Clone, Copy, ValueEnum)]
enum Action {
    Start,
    Stop,
    Status,
}

/// Starts, stops or shows the shared cluster.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let home = default_home();
    match args.action {
        Action::Start => {
            tools::postgres(&run::default_home()).await?;
            println!("{}", ensure_shared(&home).await?);
        }
        Action::Stop => println!(
            "{}",
            if stop_shared(&home).await? {
                "stopped"
            } else {
                "it did not run"
            }
        ),
        Action::Status => match shared_url(&home).await? {
            Some(url) => println!("running: {url}"),
            None => println!("not running"),
        },
    }
    Ok(())
}

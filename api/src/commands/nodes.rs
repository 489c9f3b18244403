use posthaste_engine::node::{self, Node};
use serde_json::json;

use crate::{app, config::Config};

/// Show the processes that share the database: where they run, and whether they live.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// As JSON.
    #[arg(long)]
    json: bool,
    /// Forget those that are lost, instead of showing them for a day.
    #[arg(long)]
    forget: bool,
}

/// Shows all processes that run, or were lost within a day.
pub async fn run(config: Config, args: Args) -> anyhow::Result<()> {
    let app = app::build(&config)?;
    if args.forget {
        node::forget_lost(&app).await?;
    }
    let nodes = node::all(&app).await?;
    if args.json {
        let shown: Vec<_> = nodes.iter().map(shown).collect();
        println!("{}", serde_json::to_string_pretty(&shown)?);
    } else if nodes.is_empty() {
        println!("No process runs.");
    } else {
        show(&nodes);
    }
    Ok(())
}

/// One line for each process.
pub fn show(nodes: &[Node]) {
    for node in nodes {
        println!(
            "{}  {:<6} {:<8} {:<8} seen {} s ago, since {}  {}",
            node.id(),
            node.role,
            node.state().as_str(),
            node.version,
            node.silent_seconds,
            node.started_at.format("%F %TZ"),
            node.host,
        );
    }
}

fn shown(node: &Node) -> serde_json::Value {
    json!({
        "id": node.id(),
        "role": node.role,
        "state": node.state().as_str(),
        "host": node.host,
        "version": node.version,
        "startedAt": node.started_at,
        "seenAt": node.seen_at,
        "drainAskedAt": node.drain_asked_at,
        "drainedAt": node.drained_at,
        "lostAt": node.lost_at,
    })
}

/// The name of this machine.
pub fn host() -> String {
    nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .unwrap_or_default()
}

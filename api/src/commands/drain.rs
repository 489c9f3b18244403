use std::time::{Duration, Instant};

use anyhow::bail;
use posthaste_core::ids::NodeId;
use posthaste_engine::{
    App,
    node::{self, Node, State},
};
use tokio::time::sleep;

use super::nodes::{host, show};
use crate::{app, config::Config};

/// Ask processes to hand their work over and take no more: before a restart, an update, or switching a
/// machine off. They run on without work until they are stopped, or asked to go on with --undo.
#[derive(Debug, clap::Args)]
#[group(required = true)]
pub struct Which {
    /// A process, as `posthaste nodes` shows it; may be repeated.
    #[arg(long = "node", value_name = "ID")]
    nodes: Vec<String>,
    /// All processes of this machine.
    #[arg(long, conflicts_with = "nodes")]
    this_host: bool,
}

/// Ask processes to hand their work over and take no more, before a restart or an update.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    which: Which,
    /// Let them go on.
    #[arg(long)]
    undo: bool,
    /// Wait until they have handed over, at most this many seconds; the exit code is 1 if they have not.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "60", conflicts_with = "undo")]
    wait: Option<u64>,
}

/// How often processes are looked at while waiting.
const GLANCE: Duration = Duration::from_millis(250);

/// Asks, waits if wanted, and shows how they stand.
pub async fn run(config: Config, args: Args) -> anyhow::Result<()> {
    let app = app::build(&config)?;
    let ids = chosen(&app, &args.which).await?;
    node::drain(&app, &ids, !args.undo).await?;
    let patience = Duration::from_secs(args.wait.unwrap_or_default());
    let nodes = settled(&app, &ids, patience).await?;
    show(&nodes);
    if args.wait.is_some() && !nodes.iter().all(is_settled) {
        bail!("Not all of them have handed over yet.");
    }
    Ok(())
}

async fn chosen(app: &App, which: &Which) -> anyhow::Result<Vec<NodeId>> {
    if !which.this_host {
        let ids = which.nodes.iter();
        return ids
            .map(|id| {
                let parsed = id.parse::<NodeId>();
                parsed.map_err(|_| {
                    anyhow::anyhow!("'{id}' is no id of a process; `posthaste nodes` shows them.")
                })
            })
            .collect();
    }
    let here = host();
    let nodes = node::all(app).await?;
    let ids: Vec<_> = nodes
        .iter()
        .filter(|node| node.host == here && node.state() != State::Lost)
        .map(Node::id)
        .collect();
    if ids.is_empty() {
        bail!("No process runs on this machine ({here}).");
    }
    Ok(ids)
}

/// How the processes stand once all have handed over, or when patience ends.
async fn settled(app: &App, ids: &[NodeId], patience: Duration) -> anyhow::Result<Vec<Node>> {
    let end = Instant::now() + patience;
    loop {
        let mut nodes = node::all(app).await?;
        nodes.retain(|node| ids.contains(&node.id()));
        if nodes.iter().all(is_settled) || Instant::now() >= end {
            return Ok(nodes);
        }
        sleep(GLANCE).await;
    }
}

/// One that is lost meanwhile is not: nobody knows what it still does.
fn is_settled(node: &Node) -> bool {
    node.state() == State::Drained
}

use chrono::{DateTime, Utc};
use posthaste_sdk::{
    StreamExt, TryStreamExt,
    types::{
        Network, PostCancelInput, PostPayload, PostScheduleInput, TargetFilter, TargetListOptions,
        TargetPageNode, TargetState,
    },
};

use super::{
    Common, EXIT_CODES,
    accounts::handle,
    outcome::{Failure, Outcome},
    post::{headline, warn},
    when::{SECONDS, When, instant},
};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List what is due, the next first.
    #[command(after_help = EXIT_CODES)]
    List(ListArgs),
    /// Give a post another time.
    #[command(after_help = EXIT_CODES)]
    Move(MoveArgs),
    /// Take a post back before it is sent.
    #[command(after_help = EXIT_CODES)]
    Cancel(CancelArgs),
}

impl Command {
    pub fn common(&self) -> &Common {
        match self {
            Self::List(args) => &args.common,
            Self::Move(args) => &args.common,
            Self::Cancel(args) => &args.common,
        }
    }
}

#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// Due at this instant or later.
    #[arg(long, value_name = "INSTANT", value_parser = parse)]
    from: Option<DateTime<Utc>>,
    /// Due before this instant.
    #[arg(long, value_name = "INSTANT", value_parser = parse)]
    to: Option<DateTime<Utc>>,
    /// Only these networks, separated by commas.
    #[arg(long, value_delimiter = ',')]
    network: Vec<String>,
    /// How many at most.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub struct MoveArgs {
    /// The post.
    post: String,
    #[command(flatten)]
    when: When,
    /// Only these targets; may be repeated.
    #[arg(long)]
    target: Vec<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub struct CancelArgs {
    /// The post.
    post: String,
    /// Only these targets; may be repeated.
    #[arg(long)]
    target: Vec<String>,
    #[command(flatten)]
    common: Common,
}

fn network(name: &str) -> Outcome<Network> {
    let network = Network::from(name.to_uppercase().as_str());
    if let Network::Other(_) = network {
        let known: Vec<String> = Network::ALL
            .iter()
            .map(|known| known.as_str().to_lowercase())
            .collect();
        let message = format!(
            "there is no network '{name}'; there are {}",
            known.join(", ")
        );
        return Err(Failure::Usage(message));
    }
    Ok(network)
}

fn parse(text: &str) -> Result<DateTime<Utc>, String> {
    instant(text).ok_or_else(|| "an instant looks like 2026-12-24T08:00:00Z".to_owned())
}

/// Performs one of them.
pub async fn run(command: Command) -> Outcome {
    match command {
        Command::List(args) => list(args).await,
        Command::Move(args) => relocate(args).await,
        Command::Cancel(args) => cancel(args).await,
    }
}

async fn list(args: ListArgs) -> Outcome {
    let client = args.common.access.client()?;
    let mut filter = TargetFilter::new().states([TargetState::Scheduled]);
    if !args.network.is_empty() {
        let networks = args.network.iter().map(|name| network(name));
        filter = filter.networks(networks.collect::<Outcome<Vec<_>>>()?);
    }
    if let Some(from) = args.from {
        filter = filter.due_from(from);
    }
    if let Some(to) = args.to {
        filter = filter.due_to(to);
    }
    let page = args.limit.clamp(1, 100) as i64;
    let options = TargetListOptions::new().filter(filter).first(page);
    let mut targets = client.targets().list_all(options).take(args.limit);
    let mut count = 0;
    while let Some(target) = targets.try_next().await? {
        count += 1;
        args.common.show.row(&target, || line(&target));
    }
    if count == 0 {
        args.common.show.note("Nothing is due.");
    }
    Ok(())
}

fn line(target: &TargetPageNode) -> String {
    let due = target.due_at.map(|due| due.format(SECONDS).to_string());
    let due = due.unwrap_or_else(|| "-".to_owned());
    let account = handle(&target.network, &target.connection);
    let post = target.post.as_ref().map_or("-", |post| post.id.as_str());
    format!("{due}  {post}  {}  {account}", target.id)
}

async fn relocate(args: MoveArgs) -> Outcome {
    let schedule = args.when.schedule()?;
    let schedule = schedule.ok_or_else(|| Failure::usage("say when: --at TIME"))?;
    let mut input = PostScheduleInput::new(&args.post, schedule);
    if !args.target.is_empty() {
        input = input.target_ids(args.target);
    }
    let moved = args.common.access.client()?.posts().schedule(input).await?;
    told(&args.common, &moved);
    Ok(())
}

async fn cancel(args: CancelArgs) -> Outcome {
    let mut input = PostCancelInput::new(&args.post);
    if !args.target.is_empty() {
        input = input.target_ids(args.target);
    }
    let cancelled = args.common.access.client()?.posts().cancel(input).await?;
    told(&args.common, &cancelled);
    Ok(())
}

fn told(common: &Common, payload: &PostPayload) {
    warn(common.show, &payload.warnings);
    let post = &payload.post;
    common.show.result(post, &post.id, || headline(post));
}

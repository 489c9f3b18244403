use posthaste_sdk::{
    TryStreamExt,
    types::{Event, EventFollowOptions, EventType},
};

use super::{
    Common, EXIT_CODES,
    outcome::{Failure, Outcome},
    until_interrupted,
};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Print what happens, as it happens, until Ctrl-C. A lost connection is made again and misses nothing.
    #[command(after_help = EXIT_CODES)]
    Tail(TailArgs),
}

#[derive(Debug, clap::Args)]
pub struct TailArgs {
    /// Only these types, such as target.published; separated by commas.
    #[arg(long = "type", value_delimiter = ',')]
    types: Vec<String>,
    /// Begin after this cursor; now when left out.
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
    /// End after so many.
    #[arg(long)]
    limit: Option<usize>,
    #[command(flatten)]
    pub common: Common,
}

/// Follows the log.
pub async fn tail(args: TailArgs) -> Outcome {
    let client = args.common.access.client()?;
    let mut events = client
        .events()
        .follow(options(&args.types, args.after.as_deref())?);
    args.common
        .show
        .note("Waiting for what happens; Ctrl-C ends it.");
    until_interrupted(async move {
        let mut left = args.limit.unwrap_or(usize::MAX);
        while left > 0 {
            let Some(event) = events.try_next().await? else {
                break;
            };
            args.common.show.row(&event, || line(&event));
            left -= 1;
        }
        Ok(())
    })
    .await
}

/// What to follow.
pub fn options(types: &[String], after: Option<&str>) -> Outcome<EventFollowOptions> {
    let mut options = EventFollowOptions::new();
    if !types.is_empty() {
        let types = types.iter().map(|name| kind(name));
        options = options.types(types.collect::<Outcome<Vec<_>>>()?);
    }
    Ok(match after {
        Some(after) => options.after(after),
        None => options,
    })
}

/// `target.published` or `TARGET_PUBLISHED`.
fn kind(name: &str) -> Outcome<EventType> {
    let kind = EventType::from(name.replace('.', "_").to_uppercase().as_str());
    if let EventType::Other(_) = kind {
        let known: Vec<String> = EventType::ALL.iter().map(dotted).collect();
        let message = format!(
            "there is no event type '{name}'; there are {}",
            known.join(", ")
        );
        return Err(Failure::Usage(message));
    }
    Ok(kind)
}

/// A type as webhooks and the log of people write it: `target.published`.
pub fn dotted(kind: &EventType) -> String {
    let known = posthaste_core::event::EventType::ALL;
    let found = known.iter().find(|known| {
        known
            .as_str()
            .replace('.', "_")
            .eq_ignore_ascii_case(kind.as_str())
    });
    match found {
        Some(known) => known.as_str().to_owned(),
        None => kind.as_str().to_lowercase().replacen('_', ".", 1),
    }
}

fn line(event: &Event) -> String {
    let about = [
        &event.post_id,
        &event.target_id,
        &event.connection_id,
        &event.media_id,
    ];
    let about: Vec<&str> = about.into_iter().flatten().map(String::as_str).collect();
    let at = event.at.format("%Y-%m-%d %H:%M:%S");
    format!(
        "{at}  {:<22}  {}  {}",
        dotted(&event.kind),
        about.join(" "),
        event.cursor
    )
}

//! `posthaste why`: how a target stands, what happened to it, and who did it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use posthaste_sdk::{Client, Error, TryStreamExt};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    Common,
    outcome::{Failure, Outcome},
    show::Show,
    until_interrupted,
    when::SECONDS,
};

/// How often in a row a connection may break before the following ends.
const FAILURES: u32 = 10;

const TARGET: &str = "query($id: ID!) { target(id: $id) { ...Why } }";
const POST: &str = "query($id: ID!) { post(id: $id) { targets { ...Why } } }";
const LINK: &str =
    "query($link: String!) { targets(filter: { permalink: $link }) { nodes { ...Why } } }";
const WHY: &str = " fragment Why on Target {
    id state network dueAt publishedAt lateBySeconds permalink nextCheckAt
    error { code message advice }
    connection { name username status lane { blockedUntil blockReason pausedAt } } }";

const STEPS: &str = "query($id: ID!, $after: String) { target(id: $id) {
    timeline(first: 200, after: $after) { cursor at attempt kind message detail author { kind personId keyId } } } }";
const FOLLOW: &str =
    "subscription($id: ID!, $after: String) { targetTimeline(targetId: $id, after: $after) {
    cursor at attempt kind message detail author { kind personId keyId } } }";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A target (target_…), a post (post_…: all its targets), or the public address of a live post.
    what: String,
    /// Go on with what happens, until nothing more happens without a person.
    #[arg(long, short)]
    follow: bool,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    id: String,
    state: String,
    network: String,
    due_at: Option<DateTime<Utc>>,
    published_at: Option<DateTime<Utc>>,
    late_by_seconds: Option<i64>,
    permalink: Option<String>,
    next_check_at: Option<DateTime<Utc>>,
    error: Option<Trouble>,
    connection: Account,
    #[serde(default)]
    timeline: Vec<Step>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Trouble {
    code: String,
    message: String,
    advice: String,
}

#[derive(Debug, Deserialize, Serialize)]
struct Account {
    name: String,
    username: Option<String>,
    status: String,
    lane: Option<Lane>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Lane {
    blocked_until: Option<DateTime<Utc>>,
    block_reason: Option<String>,
    paused_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Step {
    cursor: String,
    at: DateTime<Utc>,
    attempt: i64,
    kind: String,
    message: String,
    detail: Value,
    author: Option<Author>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Author {
    kind: String,
    person_id: Option<String>,
    key_id: Option<String>,
}

/// Tells why, and with `--follow` goes on telling.
pub async fn run(args: Args) -> Outcome {
    let show = args.common.show;
    let client = args.common.access.client()?;
    let mut targets = find(&client, &args.what).await?;
    for target in &mut targets {
        target.timeline = steps(&client, &target.id).await?;
        show.row(target, || text(target));
    }
    if !args.follow {
        return Ok(());
    }
    let several = targets.len() > 1;
    let followed = targets
        .into_iter()
        .map(|target| follow(&client, show, target, several));
    until_interrupted(async { try_join_all(followed).await.map(drop) }).await
}

/// The targets that are meant.
async fn find(client: &Client, what: &str) -> Outcome<Vec<Target>> {
    if what.starts_with("target_") {
        return Ok(vec![one(client, what).await?]);
    }
    if what.starts_with("post_") {
        let mut data = ask(client, POST, json!({ "id": what })).await?;
        return read(data["post"]["targets"].take());
    }
    if !what.starts_with("https://") && !what.starts_with("http://") {
        let message = format!("'{what}' is no target_…, no post_… and no address of a live post");
        return Err(Failure::Usage(message));
    }
    let mut data = ask(client, LINK, json!({ "link": what })).await?;
    let found: Vec<Target> = read(data["targets"]["nodes"].take())?;
    if found.is_empty() {
        let message = format!("no post of this workspace is known to be live at {what}");
        return Err(Failure::Ended(message));
    }
    Ok(found)
}

async fn one(client: &Client, id: &str) -> Outcome<Target> {
    let mut data = ask(client, TARGET, json!({ "id": id })).await?;
    read(data["target"].take())
}

async fn ask(client: &Client, document: &str, variables: Value) -> Outcome<Value> {
    Ok(client
        .request(format!("{document}{WHY}"), variables)
        .await?)
}

/// The whole timeline.
async fn steps(client: &Client, id: &str) -> Outcome<Vec<Step>> {
    let mut all: Vec<Step> = Vec::new();
    loop {
        let after = all.last().map(|step| step.cursor.as_str());
        let variables = json!({ "id": id, "after": after });
        let mut data = client.request(STEPS, variables).await?;
        let page: Vec<Step> = read(data["target"]["timeline"].take())?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// Prints each further step; a lost connection is made again and misses nothing.
async fn follow(client: &Client, show: Show, target: Target, several: bool) -> Outcome {
    let name = several.then(|| account(&target));
    let id = target.id;
    let mut after = target.timeline.last().map(|step| step.cursor.clone());
    let mut failures = 0;
    'connection: loop {
        let mut steps = client.subscribe(FOLLOW, json!({ "id": id, "after": after }));
        loop {
            match steps.try_next().await {
                Ok(Some(mut data)) => {
                    failures = 0;
                    let step: Step = read(data["targetTimeline"].take())?;
                    let json = json!({ "targetId": id, "step": step });
                    show.row(&json, || match &name {
                        Some(name) => format!("{}  ({name})", line(&step)),
                        None => line(&step),
                    });
                    after = Some(step.cursor);
                }
                Ok(None) => break 'connection,
                Err(Error::Transport(_)) if failures < FAILURES => {
                    failures += 1;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    continue 'connection;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    let end = one(client, &id).await?;
    show.row(&end, || headline(&end));
    Ok(())
}

fn read<T: DeserializeOwned>(value: Value) -> Outcome<T> {
    serde_json::from_value(value)
        .map_err(|error| Failure::Ended(format!("the answer is not understood: {error}")))
}

fn text(target: &Target) -> String {
    let mut lines = vec![headline(target)];
    lines.extend(
        target
            .timeline
            .iter()
            .map(|step| format!("  {}", line(step))),
    );
    if let Some(trouble) = &target.error {
        lines.push(format!("  {}: {}", trouble.code, trouble.message));
        lines.push(format!("  What to do: {}", trouble.advice));
    }
    lines.extend(waits(target).map(|wait| format!("  {wait}")));
    lines.join("\n")
}

/// What it is and how it stands.
fn headline(target: &Target) -> String {
    let time = |at: DateTime<Utc>| at.format(SECONDS).to_string();
    let mut told = vec![target.id.clone(), account(target), target.state.clone()];
    if let Some(live) = target.published_at {
        told.push(format!("live since {}", time(live)));
    } else if let Some(due) = target.due_at {
        told.push(format!("due {}", time(due)));
    }
    if let Some(late) = target.late_by_seconds.filter(|late| *late > 0) {
        told.push(format!("{late} s late"));
    }
    if let Some(check) = target.next_check_at {
        told.push(format!("read back next at {}", time(check)));
    }
    told.extend(target.permalink.clone());
    told.join("  ")
}

fn account(target: &Target) -> String {
    let Account { name, username, .. } = &target.connection;
    let name = username.as_ref().unwrap_or(name);
    format!("{}:{name}", target.network.to_lowercase())
}

/// Why a scheduled target's account lets nothing out at the moment.
fn waits(target: &Target) -> impl Iterator<Item = String> {
    let waiting = target.state == "SCHEDULED";
    let Account { status, lane, .. } = &target.connection;
    let lane = lane.as_ref().filter(|_| waiting);
    let status = (waiting && status != "ACTIVE")
        .then(|| format!("The account is {status}: nothing is published on it."));
    let paused = lane
        .and_then(|lane| lane.paused_at)
        .map(|since| format!("The account is paused since {}.", since.format(SECONDS)));
    let blocked = lane.and_then(|lane| {
        let until = lane.blocked_until?.format(SECONDS);
        let why = lane.block_reason.as_deref().unwrap_or("no reason given");
        Some(format!("The account waits until {until}: {why}."))
    });
    status.into_iter().chain(paused).chain(blocked)
}

/// `2027-01-05 08:00:00 UTC  Try 1 begins …`, and who did it.
fn line(step: &Step) -> String {
    let by = step.author.as_ref().and_then(|author| {
        let id = author.person_id.as_ref().or(author.key_id.as_ref());
        id.map(|id| format!("  by {id}"))
    });
    let at = step.at.format(SECONDS);
    format!("{at}  {}{}", step.message, by.unwrap_or_default())
}

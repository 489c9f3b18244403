//! Sample posts: drafts, and a past with successes and failures. The same content at every call.
//!
//! The past was not published by this server. Its targets are born scheduled, as all are, and settled
//! at once in the same transaction, so that no worker ever sees them due.

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Error, ErrorCode, Result,
    ids::{AttemptId, NodeId, PostId, TargetId},
    post::{Content, PostBody, TargetSettings},
    target::{MisfirePolicy, State},
};
use posthaste_store::{
    Conn, Json,
    connection::Connection,
    post::{self as posts, Filter, Post},
    publish::{AttemptEnd, NewAttempt, finish_attempt, insert_attempts},
    target::{self as targets, IfAbsent, Target},
    timeline::{NewStep, add_steps},
};
use serde_json::json;

use super::{account::connections, figures};
use crate::{
    Actor, App,
    post::{self, NewPost, NewTarget},
};

const DRAFTS: [&str; 3] = [
    "The first sourdough of the season rests overnight. Come by from seven tomorrow.",
    "Behind the counter: how Noor folds eighty croissants before sunrise.",
    "A reader asked why our rye is so dark. The answer is older than the shop.",
];

const PAST: [&str; 11] = [
    "Seven in the morning, and the first rye is out of the oven.",
    "Our sourdough starter turned nine this week. It still bites.",
    "Rainy day, warm shop. The kettle is on.",
    "Thank you for four hundred cinnamon buns on Saturday.",
    "New on the counter: walnut bread with dried pears.",
    "We close at noon on Sunday. Come early, leave happy.",
    "The mill sent a darker flour than usual, and we like it.",
    "Ben learned to braid today. Three strands, no tears.",
    "Half price after six, as always, until the shelf is empty.",
    "What should we bake for the harbour festival?",
    "A crumb close-up, because somebody asked.",
];

/// Posts in a week of the past, and weeks that a sample workspace has.
const WEEKLY: usize = 5;
const WEEKS: usize = 6;

/// A past longer than this is not written twice.
const LONG: TimeDelta = TimeDelta::weeks(20);

/// Writes three drafts and six weeks of the past. Needs a connection to write for.
pub async fn fill(app: &App, actor: &Actor) -> Result<()> {
    let accounts = connections(app, actor).await?;
    for (text, account) in DRAFTS.into_iter().zip(&accounts) {
        let new = NewPost {
            body: body(text),
            targets: vec![NewTarget::to(account.id)],
            ..NewPost::default()
        };
        post::create(app, actor, new).await.map_err(first)?;
    }
    past(app, actor, &accounts, WEEKS).await
}

fn first(errors: Vec<Error>) -> Error {
    errors
        .into_iter()
        .next()
        .unwrap_or_else(|| Error::internal("refused without a reason"))
}

/// Writes a year of the past, unless there is one.
pub(super) async fn year(app: &App, actor: &Actor) -> Result<()> {
    let long_ago = Filter {
        due_to: Some(app.now() - LONG),
        ..Filter::default()
    };
    let there = posts::count(&mut *app.db.get().await?, actor.workspace, &long_ago).await? > 0;
    if there {
        return Ok(());
    }
    let accounts = connections(app, actor).await?;
    past(app, actor, &accounts, 52).await
}

fn body(text: &str) -> PostBody {
    PostBody {
        content: Content {
            text: text.to_owned(),
            ..Content::default()
        },
        ..PostBody::default()
    }
}

async fn past(app: &App, actor: &Actor, accounts: &[Connection], weeks: usize) -> Result<()> {
    // What needs media could not have gone out as text.
    let accounts: Vec<&Connection> = accounts
        .iter()
        .filter(|account| !app.connector(account.network).capabilities().media_required)
        .collect();
    if accounts.is_empty() {
        return Ok(());
    }
    let worker = NodeId::new(&*app.clock, &*app.random);
    let mut tx = app.db.begin().await?;
    for number in 0..weeks * WEEKLY {
        let at = time(app.now(), number);
        let post = old_post(app, actor, number, at);
        posts::insert(&mut tx, &post).await?;
        let chosen = [
            accounts[number % accounts.len()],
            accounts[(number * 3 + 1) % accounts.len()],
        ];
        let several = chosen[0].id != chosen[1].id && number % 3 == 0;
        for (position, account) in chosen.iter().take(1 + usize::from(several)).enumerate() {
            let row = old_target(app, &post, account, position as i32, at);
            let fate = Fate::of(number + position);
            settle(app, &mut tx, worker, row, fate, at).await?;
        }
    }
    tx.commit().await
}

/// Five posts a week, the newest one yesterday: at nine, noon or five in UTC.
fn time(now: DateTime<Utc>, number: usize) -> DateTime<Utc> {
    let today = now.date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
    let (week, place) = (number / WEEKLY, number % WEEKLY);
    let days = (week * 7 + [1, 2, 4, 5, 6][place]) as i64;
    let hour = [9, 12, 17][number % 3];
    today - TimeDelta::days(days) + TimeDelta::hours(hour)
}

fn old_post(app: &App, actor: &Actor, number: usize, at: DateTime<Utc>) -> Post {
    let written = at - TimeDelta::days(2);
    Post {
        id: PostId::new(&*app.clock, &*app.random),
        workspace_id: actor.workspace,
        body: Json(body(PAST[number % PAST.len()])),
        version: 1,
        due_at: Some(at),
        provenance: Json(actor.provenance.clone()),
        created_at: written,
        updated_at: written,
    }
}

fn old_target(
    app: &App,
    post: &Post,
    account: &Connection,
    position: i32,
    at: DateTime<Utc>,
) -> Target {
    Target {
        id: TargetId::new(&*app.clock, &*app.random),
        workspace_id: post.workspace_id,
        post_id: post.id,
        connection_id: account.id,
        network: account.network,
        position,
        settings: Json(TargetSettings::default()),
        state: State::Scheduled,
        version: 1,
        due_at: Some(at),
        local_time: None,
        time_zone: None,
        misfire: MisfirePolicy::Ask,
        if_absent: IfAbsent::Resend,
        late_ok: false,
        attempt: 0,
        token: 0,
        reconcile_after: None,
        misses: 0,
        progress: None,
        intent: None,
        read_back_from: None,
        remote_id: None,
        permalink: None,
        published_at: None,
        error_code: None,
        error_message: None,
        created_at: post.created_at,
        updated_at: post.created_at,
        words: None,
        kind: None,
        price: None,
        look_at: None,
        risks: Vec::new(),
        waits_until: None,
        budget_ok: false,
    }
}

/// How an old target ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Live at the first try.
    Live,
    /// Live at the second try.
    LiveLater,
    /// Refused for good.
    Refused,
}

impl Fate {
    fn of(number: usize) -> Self {
        match number % 8 {
            3 => Self::LiveLater,
            6 => Self::Refused,
            _ => Self::Live,
        }
    }

    fn trouble(self) -> Option<(ErrorCode, &'static str)> {
        match self {
            Self::Live => None,
            Self::LiveLater => Some((
                ErrorCode::NetworkUnavailable,
                "The network answered with 503.",
            )),
            Self::Refused => Some((
                ErrorCode::NetworkRejected,
                "The network refused the text: it repeats an earlier post.",
            )),
        }
    }
}

/// Writes a target with its tries and timeline, and settles it.
async fn settle(
    app: &App,
    conn: &mut Conn,
    worker: NodeId,
    mut row: Target,
    fate: Fate,
    at: DateTime<Utc>,
) -> Result<()> {
    targets::insert(conn, std::slice::from_ref(&row)).await?;
    let tries = tries(fate, at);
    for (number, one) in tries.iter().enumerate() {
        // The last try has the token that the settled target ends with, which is 1.
        row.token = (number + 2 - tries.len()) as i64;
        row.attempt = number as i32 + 1;
        write_try(app, conn, worker, &row, one).await?;
    }
    let last = &tries[tries.len() - 1];
    row.updated_at = last.end;
    if last.outcome == State::Published {
        row.state = State::Published;
        row.published_at = Some(last.end);
    } else {
        row.state = State::Failed;
        row.error_code = last.trouble.map(|(code, _)| code.as_str().to_owned());
        row.error_message = last.trouble.map(|(_, message)| message.to_owned());
    }
    targets::update(conn, &mut row, State::Scheduled).await?;
    figures::write(app, conn, &row).await
}

/// One old try.
struct Try {
    begin: DateTime<Utc>,
    end: DateTime<Utc>,
    outcome: State,
    trouble: Option<(ErrorCode, &'static str)>,
}

fn tries(fate: Fate, at: DateTime<Utc>) -> Vec<Try> {
    let one = |seconds: i64, outcome: State, trouble| Try {
        begin: at + TimeDelta::seconds(seconds),
        end: at + TimeDelta::seconds(seconds + 2),
        outcome,
        trouble,
    };
    match fate {
        Fate::Live => vec![one(0, State::Published, None)],
        Fate::LiveLater => vec![
            one(0, State::Scheduled, fate.trouble()),
            one(32, State::Published, None),
        ],
        Fate::Refused => vec![one(0, State::Failed, fate.trouble())],
    }
}

async fn write_try(
    app: &App,
    conn: &mut Conn,
    worker: NodeId,
    row: &Target,
    one: &Try,
) -> Result<()> {
    let new = NewAttempt {
        id: AttemptId::new(&*app.clock, &*app.random),
        read_back: false,
        started_at: one.begin,
        intent_at: Some(one.begin + TimeDelta::seconds(1)),
    };
    insert_attempts(conn, worker, &[(row, new)]).await?;
    let end = AttemptEnd {
        error_code: one.trouble.map(|(code, _)| code.as_str().to_owned()),
        error_message: one.trouble.map(|(_, message)| message.to_owned()),
        ..AttemptEnd::default()
    };
    let began = (row.id, row.token, Some(one.begin));
    finish_attempt(conn, began, one.outcome, &end, one.end).await?;
    let step = |at, kind, message: String| NewStep {
        at,
        kind,
        message,
        detail: json!({ "sample": true }),
    };
    let why = one.trouble.map(|(_, message)| message).unwrap_or_default();
    let (kind, message) = match one.outcome {
        State::Published => ("PUBLISHED", format!("Live on {}.", row.network)),
        State::Scheduled => ("RETRYING", format!("{why} Another try follows.")),
        _ => ("FAILED", format!("Failed: {why}")),
    };
    let steps = [
        step(one.begin, "CLAIMED", format!("Try {} begins.", row.attempt)),
        step(one.end, kind, message),
    ];
    add_steps(conn, row.workspace_id, row.id, row.attempt, &steps).await
}

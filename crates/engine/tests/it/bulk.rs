mod keys;
mod life;
mod lines;
mod resume;

use bytes::Bytes;
use futures::{StreamExt, stream};
use posthaste_core::{
    Network,
    access::Role,
    bulk::{Format, Kind, Outcome, State},
    connector::{Account, TokenSet},
    event::EventType,
    ids::{JobId, WorkspaceId},
    post::Problem,
    secret::Secret,
};
use posthaste_engine::{
    Actor,
    bulk::{self, NewJob},
    connection, post,
    session::{self, KeyKind, NewKey},
};
use posthaste_store::{
    event,
    job::{Job, JobResult},
    target,
};
use tokio_util::sync::CancellationToken;

use crate::world::World;

/// A world with an editor's key and an account on X called `ada`.
struct Desk {
    world: World,
    editor: Actor,
    x: String,
}

impl Desk {
    async fn new() -> Self {
        let world = World::new().await;
        let editor = editor(&world, world.workspace).await;
        let x = account(&world, world.workspace, "Ada").await;
        Self { world, editor, x }
    }

    /// Begins a job and sends its file in one go.
    async fn job(&self, format: Format, dry_run: bool, file: &[u8]) -> JobId {
        self.job_of(&self.editor, format, dry_run, file).await
    }

    async fn job_of(&self, actor: &Actor, format: Format, dry_run: bool, file: &[u8]) -> JobId {
        let app = &self.world.app;
        let new = NewJob {
            dry_run,
            format,
            ..new(file.len())
        };
        let id = bulk::begin(app, actor, new).await.unwrap().id;
        let end = bulk::append(app, actor, id, 0, bytes(file)).await.unwrap();
        assert_eq!(end, file.len() as u64);
        id
    }

    /// Works until no job is free.
    async fn work(&self) {
        let stop = CancellationToken::new();
        while bulk::work(&self.world.app, &stop).await.unwrap() {}
    }

    /// The job of a file, run to its end.
    async fn run(&self, format: Format, dry_run: bool, file: &[u8]) -> Job {
        let id = self.job(format, dry_run, file).await;
        self.work().await;
        self.get(id).await
    }

    async fn get(&self, id: JobId) -> Job {
        bulk::get(&self.world.app, &self.editor, id).await.unwrap()
    }

    /// Waits until a job that is being worked on has done so many lines.
    async fn until_done(&self, id: JobId, lines: i64) {
        while self.get(id).await.done() < lines {
            tokio::task::yield_now().await;
        }
    }

    async fn results(&self, id: JobId) -> Vec<JobResult> {
        let rows = bulk::all_results(&self.world.app, &self.editor, id)
            .await
            .unwrap();
        rows.map(Result::unwrap).collect().await
    }

    /// Each line's outcome and what was told about it.
    async fn told(&self, id: JobId) -> Vec<Told> {
        let rows = self.results(id).await;
        rows.iter()
            .map(|row| (row.line, row.outcome, problems(&row.problems)))
            .collect()
    }

    async fn posts(&self) -> i64 {
        let none = posthaste_store::post::Filter::default();
        post::count(&self.world.app, &self.editor, &none)
            .await
            .unwrap()
    }

    async fn targets(&self) -> i64 {
        let none = target::Filter::default();
        post::target_count(&self.world.app, &self.editor, &none)
            .await
            .unwrap()
    }

    /// The job events so far: which, and the state and counts they tell.
    async fn job_events(&self) -> Vec<String> {
        let wanted = event::Filter {
            kinds: vec![EventType::BulkJobStarted, EventType::BulkJobFinished],
            ..event::Filter::default()
        };
        let mut conn = self.world.db().get().await.unwrap();
        let events = event::after(&mut conn, self.world.workspace, 0, &wanted, 100)
            .await
            .unwrap();
        let told = events.iter().map(|event| {
            let data = &event.data.0;
            format!(
                "{} {} {}/{}/{} of {}",
                event.kind,
                data["state"].as_str().unwrap(),
                data["created"],
                data["skipped"],
                data["invalid"],
                data["lines"]
            )
        });
        told.collect()
    }
}

/// A line's number, its outcome, and what was told: `CODE path`, warnings with a `?`.
type Told = (i64, Outcome, Vec<String>);

fn problems(problems: &[Problem]) -> Vec<String> {
    let text = |problem: &Problem| {
        let mark = if problem.is_error() { "" } else { "?" };
        format!("{}{mark} {}", problem.code, problem.path.join("."))
    };
    problems.iter().map(text).collect()
}

fn new(size: usize) -> NewJob {
    NewJob {
        id: None,
        kind: Kind::PostsImport,
        format: Format::Jsonl,
        file_name: "posts.jsonl".into(),
        bytes: size as u64,
        dry_run: false,
        time_zone: None,
        unread: Vec::new(),
    }
}

/// A file in pieces that cut lines anywhere.
fn bytes(file: &[u8]) -> posthaste_core::ports::ByteStream {
    let pieces: Vec<_> = file
        .chunks(10_007)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    stream::iter(pieces).boxed()
}

/// The editor behind a new key of a workspace.
async fn editor(world: &World, workspace: WorkspaceId) -> Actor {
    let new = NewKey {
        id: None,
        name: "Import".into(),
        role: Role::Editor,
        kind: KeyKind::Test,
    };
    let (secret, _) = session::create_key(&world.app, workspace, new)
        .await
        .unwrap();
    session::authenticate(&world.app, secret.expose())
        .await
        .unwrap()
}

/// An account on X in a workspace; its connection's id.
async fn account(world: &World, workspace: WorkspaceId, username: &str) -> String {
    let account = Account {
        remote_id: username.to_owned(),
        name: username.to_owned(),
        username: Some(username.to_owned()),
        avatar_url: None,
        tokens: TokenSet {
            access: Secret::new("access"),
            refresh: None,
            expires_at: None,
            refresh_expires_at: None,
            scopes: Vec::new(),
        },
    };
    let row = connection::import(&world.app, &Actor::system(workspace), Network::X, &account)
        .await
        .unwrap();
    row.id.to_string()
}

/// Lines that all become drafts.
fn drafts(count: usize) -> String {
    let line = |n: usize| format!("{{\"key\":\"k{n}\",\"text\":\"Post {n}\"}}\n");
    (1..=count).map(line).collect()
}

fn over(job: &Job) -> (State, i64, i64, i64) {
    (job.state, job.created, job.skipped, job.invalid)
}

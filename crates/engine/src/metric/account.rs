//! The due targets of one account, read together.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Error, ErrorCode, Result,
    connector::{Connector, Ctx, Failure, FailureClass, Session},
    ids::{MediaId, PostId, TargetId},
    metric::{LivePost, MetricRule, Reading},
    target::State,
};
use posthaste_store::{
    connection::{self, Connection, Status},
    media,
    metric::{self as rows, TargetMetrics},
    post::{self, Post},
    target::{self, Target},
};

use super::settle::Settling;
use crate::{App, tokens};

/// No call is begun when less than this is left of the lease.
const MARGIN: TimeDelta = TimeDelta::minutes(1);

/// A target with what its network is asked for.
struct Due {
    row: TargetMetrics,
    post: LivePost,
}

/// Reads targets of one account that are claimed until `lease_until`.
pub(super) async fn read_account(
    app: &App,
    due: Vec<TargetMetrics>,
    lease_until: DateTime<Utc>,
) -> Result<()> {
    let Some(first) = due.first() else {
        return Ok(());
    };
    let mut conn = app.db.get().await?;
    let connection = connection::get(&mut conn, first.workspace_id, first.connection_id).await?;
    drop(conn);
    let rule = &app.connector(connection.network).capabilities().metrics;
    let (due, over) = live(app, rule, due).await?;
    save(app, &over).await?;
    if due.is_empty() {
        return Ok(());
    }
    match Account::open(app, connection).await {
        Ok(mut account) => account.read(due, lease_until).await,
        Err(error) => {
            let settling = settling(app, rule);
            let settle = |mut due: Due| {
                settling.hindered(&mut due.row, &due.post, &error);
                due.row
            };
            save(app, &due.into_iter().map(settle).collect::<Vec<_>>()).await
        }
    }
}

fn settling<'a>(app: &'a App, rule: &'a MetricRule) -> Settling<'a> {
    Settling {
        rule,
        random: &*app.random,
        now: app.now(),
    }
}

async fn save(app: &App, rows: &[TargetMetrics]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    rows::save(&mut *app.db.get().await?, rows).await?;
    Ok(())
}

/// What is still live and told by its network, and what need not be looked at any more.
async fn live(
    app: &App,
    rule: &MetricRule,
    due: Vec<TargetMetrics>,
) -> Result<(Vec<Due>, Vec<TargetMetrics>)> {
    let workspace = due[0].workspace_id;
    let mut conn = app.db.get().await?;
    let ids: Vec<TargetId> = due.iter().map(|row| row.target_id).collect();
    let targets = target::by_ids(&mut conn, workspace, &ids).await?;
    let ids: Vec<PostId> = targets.iter().map(|target| target.post_id).collect();
    let posts = post::by_ids(&mut conn, workspace, &ids).await?;
    let ids: Vec<MediaId> = posts
        .iter()
        .flat_map(|post| post.body.media_ids())
        .collect();
    let media = media::by_ids(&mut conn, workspace, &ids).await?;
    let video = |id: &MediaId| {
        let row = media.iter().find(|row| row.id == *id);
        let facts = row.and_then(|row| row.facts.as_ref());
        facts.is_some_and(|facts| facts.format.is_video())
    };
    let posts: HashMap<PostId, &Post> = posts.iter().map(|post| (post.id, post)).collect();
    let targets: HashMap<TargetId, &Target> = targets.iter().map(|row| (row.id, row)).collect();

    let (mut live, mut over) = (Vec::new(), Vec::new());
    for mut row in due {
        let target = targets.get(&row.target_id);
        let post = target.and_then(|target| live_post(target, posts.get(&target.post_id)?, video));
        if let Some(post) = post.filter(|post| !rule.plan_of(post.kind).is_empty()) {
            live.push(Due { row, post });
        } else {
            row.due_at = None;
            over.push(row);
        }
    }
    Ok((live, over))
}

fn live_post(target: &Target, post: &Post, video: impl Fn(&MediaId) -> bool) -> Option<LivePost> {
    if target.state != State::Published {
        return None;
    }
    let content = post.body.content_for(target.network, target.connection_id);
    Some(LivePost {
        remote_id: target.remote_id.clone()?,
        kind: content.kind,
        has_video: content.media.iter().any(|media| video(&media.id)),
        published_at: target.published_at?,
    })
}

/// An account that can be asked.
struct Account<'a> {
    app: &'a App,
    connection: Connection,
    connector: &'static dyn Connector,
    ctx: Ctx,
    session: Session,
    refreshed: bool,
}

impl<'a> Account<'a> {
    /// Opens the account, or tells in words for a person why it cannot be asked.
    async fn open(app: &'a App, connection: Connection) -> Result<Self> {
        let connector = app.connector(connection.network);
        check(&connection, connector.capabilities().metrics.scopes)?;
        let ctx = app.network_ctx(connection.network)?;
        let session = tokens::session(app, &connection).await?;
        Ok(Self {
            app,
            connection,
            connector,
            ctx,
            session,
            refreshed: false,
        })
    }

    /// Asks for all that is due, as many at once as the network takes.
    async fn read(&mut self, due: Vec<Due>, lease_until: DateTime<Utc>) -> Result<()> {
        let rule = &self.connector.capabilities().metrics;
        let mut due = due.into_iter().peekable();
        while due.peek().is_some() && self.app.now() + MARGIN < lease_until {
            let batch: Vec<Due> = due.by_ref().take(rule.batch).collect();
            let posts: Vec<LivePost> = batch.iter().map(|due| due.post.clone()).collect();
            match self.ask(&posts).await {
                Ok(readings) => self.answered(rule, batch, readings).await?,
                // What is wrong with these says nothing about the others.
                Err(failure) if is_about_posts(&failure) => {
                    self.failed(rule, batch, &failure).await?;
                }
                Err(failure) => {
                    let all = batch.into_iter().chain(due).collect();
                    return self.failed(rule, all, &failure).await;
                }
            }
        }
        Ok(())
    }

    /// Asks once; a refused token is refreshed and asked with once more.
    async fn ask(&mut self, posts: &[LivePost]) -> Result<Vec<Reading>, Failure> {
        let answer = self.ask_once(posts).await;
        match answer {
            Err(failure) if failure.class == FailureClass::Reauthorize && !self.refreshed => {
                self.refreshed = true;
                match self.refresh().await {
                    Ok(()) => self.ask_once(posts).await,
                    Err(_) => Err(failure),
                }
            }
            answer => answer,
        }
    }

    async fn ask_once(&self, posts: &[LivePost]) -> Result<Vec<Reading>, Failure> {
        self.connector
            .metrics(&self.ctx, &self.session, posts)
            .await
    }

    async fn refresh(&mut self) -> Result<()> {
        let reason = "the network refused the access token";
        let fresh = tokens::refresh(self.app, &self.connection, reason).await?;
        self.session = tokens::session(self.app, &fresh).await?;
        self.connection = fresh;
        Ok(())
    }

    async fn answered(
        &self,
        rule: &MetricRule,
        batch: Vec<Due>,
        readings: Vec<Reading>,
    ) -> Result<()> {
        let settling = settling(self.app, rule);
        let settle = |(mut due, reading): (Due, Reading)| {
            settling.answered(&mut due.row, &due.post, reading);
            due.row
        };
        let rows: Vec<_> = batch.into_iter().zip(readings).map(settle).collect();
        save(self.app, &rows).await
    }

    async fn failed(&self, rule: &MetricRule, batch: Vec<Due>, failure: &Failure) -> Result<()> {
        let settling = settling(self.app, rule);
        let settle = |mut due: Due| {
            settling.failed(&mut due.row, &due.post, failure);
            due.row
        };
        save(self.app, &batch.into_iter().map(settle).collect::<Vec<_>>()).await?;
        if let FailureClass::RateLimited { until, app_wide } = failure.class {
            let until = settling.limited_until(until);
            let account = (!app_wide).then_some(self.connection.id);
            let mut conn = self.app.db.get().await?;
            rows::put_off(&mut conn, self.connection.network, account, until).await?;
        }
        Ok(())
    }
}

fn is_about_posts(failure: &Failure) -> bool {
    matches!(
        failure.class,
        FailureClass::Permission | FailureClass::Rejected
    )
}

/// Whether an account can be asked, and what to do if not.
fn check(connection: &Connection, scopes: &[&str]) -> Result<()> {
    let name = &connection.name;
    let refuse = |code, why| Err(Error::new(code, why));
    match connection.status {
        Status::Active => {}
        Status::Reconnect => {
            let why = format!("{name} must be reconnected.");
            return refuse(ErrorCode::ReconnectRequired, why);
        }
        Status::Disabled => {
            let why = format!("{name} is disabled.");
            return refuse(ErrorCode::ConnectionUnusable, why);
        }
        Status::Removed => {
            let why = format!("{name} was removed.");
            return refuse(ErrorCode::ConnectionUnusable, why);
        }
    }
    // A network that does not say what was granted is asked.
    let granted = &connection.scopes;
    let lacks = |scope: &&&str| !granted.is_empty() && !granted.iter().any(|one| one == *scope);
    let missing: Vec<&str> = scopes.iter().filter(lacks).copied().collect();
    if missing.is_empty() {
        return Ok(());
    }
    let why = format!(
        "{name} did not allow Posthaste to read how posts do ({}). Reconnect it and allow that.",
        missing.join(", ")
    );
    refuse(ErrorCode::NetworkPermission, why)
}

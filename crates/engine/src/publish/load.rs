use std::sync::Arc;

use posthaste_core::{
    ErrorCode,
    connector::{Capabilities, Connector, Ctx, Rendition, Session},
    ids::MediaId,
};
use posthaste_store::{
    connection::{self, Connection},
    media,
    post::{self, Post},
    target::Target,
};

use super::{
    attempt::circumstances,
    journal::{Journal, NotedHttp},
    obstacle::{token_trouble, unmade, unusable},
    verdict::Verdict,
};
use crate::{App, governor, post::compose, preflight::before_publishing, tokens};

/// A target with all that publishing or reading it back needs.
pub(super) struct Job {
    pub target: Target,
    pub connector: &'static dyn Connector,
    pub ctx: Ctx,
    pub session: Session,
    pub rendition: Rendition,
    pub connection: Connection,
    /// Refreshes of its token in this try.
    pub refreshes: Refreshes,
}

/// Most refreshes in one try.
const MOST_REFRESHES: u32 = 3;

/// How often a token was refused and refreshed in a try, and how many requests were accepted before the last time.
#[derive(Clone, Copy, Default)]
pub(super) struct Refreshes {
    times: u32,
    accepted: u32,
}

impl Refreshes {
    pub fn count(&mut self, journal: &Journal) {
        self.times += 1;
        self.accepted = journal.accepted();
    }

    /// Whether another may help: a token that was accepted for a while may have ended, one that never was is refused
    /// for another reason.
    pub fn may_help(self, journal: &Journal) -> bool {
        self.times == 0 || self.times < MOST_REFRESHES && journal.accepted() > self.accepted
    }

    pub fn any(self) -> bool {
        self.times > 0
    }
}

impl Job {
    pub fn capabilities(&self) -> &'static Capabilities {
        self.connector.capabilities()
    }
}

/// Reads what belongs to a target. Trouble that the target itself is to blame for, or that a person
/// must mend, is a verdict (`Ok(Err(_))`); trouble of this machine is an error.
pub(super) async fn load(
    app: &App,
    mut target: Target,
    journal: &Journal,
    check: bool,
) -> posthaste_core::Result<Result<Job, (Target, Verdict)>> {
    let mut conn = app.db.get().await?;
    let connection = connection::get(&mut conn, target.workspace_id, target.connection_id).await?;
    let post = match post::get(&mut conn, target.workspace_id, target.post_id).await {
        Ok(post) => post,
        Err(error) if error.code == ErrorCode::NotFound => {
            let verdict = Verdict::held(ErrorCode::NotFound, "The post was deleted.");
            return Ok(Err((target, verdict)));
        }
        Err(error) => return Err(error),
    };
    if let Some(verdict) = unusable(&connection) {
        return Ok(Err((target, verdict)));
    }
    if check
        && let Some(obstacle) =
            before_publishing(app, &mut conn, &mut target, &connection, &post.body).await?
    {
        return Ok(Err((target, obstacle.into())));
    }
    let rows = media::by_ids(&mut conn, target.workspace_id, &post.body.media_ids()).await?;
    drop(conn);
    let media: std::collections::HashMap<MediaId, _> =
        rows.into_iter().map(|row| (row.id, row)).collect();

    let mut ctx = match app.network_ctx(target.network) {
        Ok(ctx) => ctx,
        Err(error) => return Ok(Err((target, Verdict::held(error.code, error.message)))),
    };
    ctx.http = Arc::new(NotedHttp {
        inner: ctx.http,
        journal: journal.clone(),
        connector: app.connector(target.network),
    });
    let session = match tokens::session(app, &connection).await {
        Ok(session) => session,
        Err(error) => {
            return Ok(Err((
                target,
                token_trouble(error, app.now(), &app.timing, &*app.random),
            )));
        }
    };
    if check
        && let Some(obstacle) = governor::ask(app, &ctx, &session, &target, &connection).await?
    {
        return Ok(Err((target, obstacle.into())));
    }
    let composed = compose(
        app,
        &post.body,
        &connection,
        &target.settings,
        Some(target.id),
        &media,
    );
    if check && let Some(problem) = composed.problems.iter().find(|problem| problem.is_error()) {
        return Ok(Err((
            target,
            Verdict::failed(problem.code, problem.message.clone()),
        )));
    }
    let content = content_of(&post, &connection);
    let rendition = if check {
        match composed.make(app, &media, &content).await {
            Ok(rendition) => rendition,
            Err(error) => {
                let verdict = unmade(error, &circumstances(app, &target));
                return Ok(Err((target, verdict)));
            }
        }
    } else {
        composed.rendition
    };
    Ok(Ok(Job {
        connector: app.connector(target.network),
        ctx,
        session,
        rendition,
        connection,
        target,
        refreshes: Refreshes::default(),
    }))
}

fn content_of(post: &Post, connection: &Connection) -> posthaste_core::post::Content {
    post.body.content_for(connection.network, connection.id)
}

use std::sync::Arc;

use posthaste_core::{
    ErrorCode,
    connector::{Capabilities, Connector, Ctx, Failure, FailureClass, Rendition, Session},
    ids::MediaId,
};
use posthaste_store::{
    connection::{self, Connection, Status},
    media,
    post::{self, Post},
    target::Target,
};

use super::{
    journal::{Journal, NotedHttp},
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
    let Ok(post) = post::get(&mut conn, target.workspace_id, target.post_id).await else {
        return Ok(Err((
            target,
            Verdict::held(ErrorCode::NotFound, "The post was deleted."),
        )));
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
        Err(error) => return Ok(Err((target, token_trouble(app, error)))),
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
        composed.make(app, &media, &content).await?
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
    }))
}

fn content_of(post: &Post, connection: &Connection) -> posthaste_core::post::Content {
    post.body.content_for(connection.network, connection.id)
}

fn unusable(connection: &Connection) -> Option<Verdict> {
    let name = &connection.name;
    match connection.status {
        Status::Active => None,
        Status::Reconnect => Some(Verdict::held(
            ErrorCode::ReconnectRequired,
            format!("{name} must be reconnected."),
        )),
        Status::Disabled => Some(Verdict::held(
            ErrorCode::ConnectionUnusable,
            format!("{name} is disabled."),
        )),
        Status::Removed => Some(Verdict::held(
            ErrorCode::ConnectionUnusable,
            format!("{name} was removed."),
        )),
    }
}

/// A token that cannot be had now is waited for; one that will never come back needs a person.
fn token_trouble(app: &App, error: posthaste_core::Error) -> Verdict {
    match error.code {
        ErrorCode::ReconnectRequired => Verdict {
            reconnect: true,
            ..Verdict::held(error.code, error.message)
        },
        code if code.is_retryable() => {
            let failure = Failure::new(FailureClass::Retry, &error.message);
            let until = app.now() + posthaste_core::target::back_off(1, &*app.random);
            Verdict::put_back(until, "token", code, failure.message)
        }
        code => Verdict::held(code, error.message),
    }
}

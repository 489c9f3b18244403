use std::collections::HashMap;

use posthaste_core::{
    Error, Result,
    access::Permission,
    connector::RenditionMedia,
    ids::{ConnectionId, MediaId},
    post::{PostBody, Problem, TargetSettings},
};
use posthaste_store::{
    Conn,
    connection::{self, Connection},
    media::{self, Media},
};

use super::{
    NewPost, Violations, compose, paths::input_path, targets::missing_media, validate::together,
    write::connections,
};
use crate::{Actor, App};

/// What one connection would get, nothing written or sent.
pub struct Preview {
    /// The connection.
    pub connection: Connection,
    /// The text as it will be sent.
    pub text: String,
    /// The title.
    pub title: Option<String>,
    /// The link, with tracking parameters if wanted.
    pub link: Option<String>,
    /// The text's length by the network's own rule …
    pub length: usize,
    /// … and the most it may have.
    pub max_length: usize,
    /// The files as the network would get them.
    pub media: Vec<RenditionMedia>,
    /// What the network would refuse, and what a person should know; paths within the input.
    pub problems: Vec<Problem>,
}

/// Shows what each connection would get, and everything that is wrong whatever the network.
/// Connections that are not in the workspace are violations and have no preview.
pub async fn preview(
    app: &App,
    actor: &Actor,
    post: NewPost,
) -> Result<(Vec<Preview>, Violations)> {
    actor.require(Permission::Read)?;
    let mut conn = app.db.get().await?;
    let targets = connections(&post.targets);
    let ids: Vec<_> = targets.iter().map(|(id, _)| *id).collect();
    let known = by_id(&mut conn, actor, &ids).await?;
    let media = media_of(&mut conn, actor, &post.body).await?;
    drop(conn);
    let mut violations = post.body.violations();
    violations.extend(missing_media(&post.body, &media));
    let mut previews = Vec::new();
    for (index, (id, settings)) in targets.iter().enumerate() {
        let Some(connection) = known.get(id) else {
            let path = [
                "targets".to_owned(),
                index.to_string(),
                "connectionId".to_owned(),
            ];
            violations.push(Error::not_found("connection").at(path));
            continue;
        };
        previews.push(look(app, &post.body, connection, index, settings, &media));
    }
    Ok((previews, together(post.unread, violations)))
}

/// What one connection would get; `index` is its place among the targets.
pub(super) fn look(
    app: &App,
    body: &PostBody,
    connection: &Connection,
    index: usize,
    settings: &TargetSettings,
    media: &HashMap<MediaId, Media>,
) -> Preview {
    let composed = compose(app, body, connection, settings, None, media);
    let connector = app.connector(connection.network);
    let text = connector.compose(&composed.rendition);
    Preview {
        length: connector.count(&text),
        max_length: connector.capabilities().max_text,
        text,
        title: composed.rendition.title,
        link: composed.rendition.link,
        media: composed.rendition.media,
        problems: at_input(body, connection, index, composed.problems),
        connection: connection.clone(),
    }
}

/// Gives problems the path of the input field they come from.
pub(crate) fn at_input(
    body: &PostBody,
    connection: &Connection,
    target: usize,
    problems: Vec<Problem>,
) -> Vec<Problem> {
    problems
        .into_iter()
        .map(|problem| {
            let path = match problem.path.first().map(String::as_str) {
                Some("destination") => vec![
                    "targets".to_owned(),
                    target.to_string(),
                    "boardId".to_owned(),
                ],
                _ => input_path(body, connection.network, connection.id, &problem.path),
            };
            Problem { path, ..problem }
        })
        .collect()
}

pub(super) async fn by_id(
    conn: &mut Conn,
    actor: &Actor,
    ids: &[ConnectionId],
) -> Result<HashMap<ConnectionId, Connection>> {
    let rows = connection::by_ids(conn, actor, ids).await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

pub(super) async fn media_of(
    conn: &mut Conn,
    actor: &Actor,
    body: &PostBody,
) -> Result<HashMap<MediaId, Media>> {
    let rows = media::by_ids(conn, actor.workspace, &body.media_ids()).await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

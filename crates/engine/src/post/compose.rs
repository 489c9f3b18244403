use std::collections::HashMap;

use posthaste_core::{
    Error, ErrorCode, Result,
    connector::Rendition,
    ids::{MediaId, TargetId},
    post::{Content, PostBody, Problem, TargetSettings, tracked},
};
use posthaste_store::{connection::Connection, media::Media};

use crate::{
    App,
    media::{self, Shown},
};

/// One connection's share of a post, as the network will get it.
pub(crate) struct Composed {
    /// What the connector gets.
    pub rendition: Rendition,
    /// Everything the network would refuse or a person should know; paths within the content.
    pub problems: Vec<Problem>,
    /// The files, for making them.
    pub shown: Vec<Shown>,
}

impl Composed {
    /// Makes the copies; afterwards the rendition can be sent.
    pub async fn make(
        mut self,
        app: &App,
        media: &HashMap<MediaId, Media>,
        content: &Content,
    ) -> Result<Rendition> {
        for (index, shown) in self.shown.iter_mut().enumerate() {
            let row = content
                .media
                .get(index)
                .and_then(|wanted| media.get(&wanted.id));
            media::make(app, row.ok_or_else(|| Error::not_found("media"))?, shown).await?;
            self.rendition.media[index] = shown.media.clone();
        }
        Ok(self.rendition)
    }
}

/// What a post says on one connection, and the same as the network will get it, still without media.
pub(crate) fn words(
    body: &PostBody,
    connection: &Connection,
    settings: &TargetSettings,
    target: Option<TargetId>,
) -> (Content, Rendition) {
    let content = body.content_for(connection.network, connection.id);
    let mark = target.map_or_else(|| "preview".to_owned(), |id| id.to_string());
    let tracking = body.link_tracking.as_ref();
    let link = content.link.as_deref();
    let board = settings.board_id.as_ref();
    let rendition = Rendition {
        kind: content.kind,
        text: content.text.clone(),
        title: content.title.clone(),
        link: link.map(|link| tracked(link, tracking, connection.network, &mark)),
        media: Vec::new(),
        destination: board.or(connection.default_destination.as_ref()).cloned(),
    };
    (content, rendition)
}

/// Fits a post to one connection and checks it, without making anything.
pub(crate) fn compose(
    app: &App,
    body: &PostBody,
    connection: &Connection,
    settings: &TargetSettings,
    target: Option<TargetId>,
    media: &HashMap<MediaId, Media>,
) -> Composed {
    let connector = app.connector(connection.network);
    let capabilities = connector.capabilities();
    let (content, mut rendition) = words(body, connection, settings, target);
    let mut problems = Vec::new();
    let mut shown = Vec::new();
    for (index, wanted) in content.media.iter().enumerate() {
        let at = |field: &str| ["media".to_owned(), index.to_string(), field.to_owned()];
        let Some(row) = media.get(&wanted.id) else {
            problems.push(Problem::error(
                ErrorCode::NotFound,
                "There is no media with this id in the workspace.",
                at("id"),
            ));
            continue;
        };
        match media::show(app, row, wanted, capabilities, content.kind) {
            Ok(one) => {
                if !one.notes.is_empty() {
                    let message = format!(
                        "{}: '{}' — {}.",
                        connection.network,
                        row.file_name,
                        one.notes.join("; ")
                    );
                    problems.push(Problem::warning(
                        ErrorCode::MediaConverted,
                        message,
                        at("id"),
                    ));
                }
                shown.push(one);
            }
            Err(error) => problems.push(Problem::error(error.code, error.message, at("id"))),
        }
    }
    rendition.media = shown.iter().map(|one| one.media.clone()).collect();
    // Media that could not be shown is told already; its absence is no second problem.
    let incomplete = problems.iter().any(Problem::is_error);
    let about_media = |problem: &Problem| {
        problem.code == ErrorCode::TextRequired
            || problem.path.first().is_some_and(|part| part == "media")
    };
    let mut checked = connector.check(&rendition);
    checked.retain(|problem| !(incomplete && about_media(problem)));
    problems.extend(checked);
    Composed {
        rendition,
        problems,
        shown,
    }
}

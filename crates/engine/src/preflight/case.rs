//! Checks that need nothing but an account and a time.

use posthaste_core::{
    ErrorCode,
    post::Problem,
    preflight::{missing_scopes, unreachable},
    token::ends_before,
};
use posthaste_store::connection::{Connection, Status};

use super::{Pair, place};
use crate::App;

/// What stands in the way on the account's side, whatever the time; `at` is its place in the input.
pub(crate) fn account(
    app: &App,
    connection: &Connection,
    has_media: bool,
    at: &[String],
) -> Vec<Problem> {
    if let Some((code, message)) = unusable(connection) {
        return vec![Problem::error(code, message, at.iter().cloned())];
    }
    let found = [
        scopes(app, connection, has_media),
        reach(app, connection, has_media),
    ];
    found
        .into_iter()
        .flatten()
        .map(|(code, message)| Problem::error(code, message, at.iter().cloned()))
        .collect()
}

fn unusable(connection: &Connection) -> Option<(ErrorCode, String)> {
    let name = format!("{} ({})", connection.name, connection.network);
    match connection.status {
        Status::Active => None,
        Status::Reconnect => Some((
            ErrorCode::ReconnectRequired,
            format!("{name} must be reconnected before anything can be published to it."),
        )),
        Status::Disabled => Some((
            ErrorCode::ConnectionUnusable,
            format!("{name} is disabled."),
        )),
        Status::Removed => Some((
            ErrorCode::ConnectionUnusable,
            format!("{name} was removed from this workspace."),
        )),
    }
}

fn scopes(app: &App, connection: &Connection, has_media: bool) -> Option<(ErrorCode, String)> {
    let capabilities = app.connector(connection.network).capabilities();
    let mut needed = capabilities.publish_scopes.to_vec();
    if has_media {
        needed.extend(capabilities.media_scopes);
    }
    let missing = missing_scopes(&needed, &connection.scopes);
    let message = format!(
        "{} was connected without the permission to publish: {} is missing on {}.",
        connection.name,
        missing.join(", "),
        connection.network
    );
    (!missing.is_empty()).then_some((ErrorCode::NetworkPermission, message))
}

/// Simulated networks run on this machine and fetch from everywhere.
fn reach(app: &App, connection: &Connection, has_media: bool) -> Option<(ErrorCode, String)> {
    let fetches = app
        .connector(connection.network)
        .capabilities()
        .fetches_media;
    if !fetches || !has_media || app.sandbox {
        return None;
    }
    let why = unreachable(&app.public_url)?;
    let message = format!(
        "{} fetches media from this server, and cannot from {}: {why}.",
        connection.network, app.public_url
    );
    Some((ErrorCode::MediaUnreachable, message))
}

/// Whether the access to the account ends before the target is due.
pub(super) fn access((row, connection): Pair<'_>) -> Option<Problem> {
    let due = row.due_at?;
    let end = ends_before(due, connection.reauthorize_by, connection.refresh_due_at)?;
    let message = format!(
        "The access to {} ends on {}, before the post is due, and {} renews it only with a person.",
        connection.name,
        end.format("%-d %B %Y at %H:%M UTC"),
        connection.network
    );
    Some(Problem::warning(ErrorCode::AccessEnds, message, place(row)))
}

//! What is kept on a target to judge it by: its words, its kind, its price.

use posthaste_core::{
    post::PostBody,
    preflight::{exact_fingerprint, fingerprint},
};
use posthaste_store::{connection::Connection, target::Target};

use crate::{App, post::words};

/// Sets words, kind and price of a target by what its post says now.
pub(crate) fn stamp(app: &App, body: &PostBody, connection: &Connection, row: &mut Target) {
    let (content, rendition) = words(body, connection, &row.settings, Some(row.id));
    let connector = app.connector(row.network);
    let text = connector.compose(&rendition);
    let price = app.quotas.price(row.network);
    row.words = if connector.capabilities().refuses_repeats {
        exact_fingerprint(&text, !content.media.is_empty())
    } else {
        fingerprint(&content, rendition.destination.as_deref())
    };
    row.kind = Some(content.kind.as_str().to_owned());
    row.price = price.map(|price| i64::from(price.of(connector.has_link(&text))));
}

/// As [`stamp`]; whether anything changed.
pub(crate) fn restamp(
    app: &App,
    body: &PostBody,
    connection: &Connection,
    row: &mut Target,
) -> bool {
    let before = (row.words.take(), row.kind.take(), row.price);
    stamp(app, body, connection, row);
    if before.1 != row.kind {
        row.waits_until = None;
    }
    before != (row.words.clone(), row.kind.clone(), row.price)
}

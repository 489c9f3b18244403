//! What is kept on a target to judge it by: its words, its kind, its price.

use posthaste_core::{post::PostBody, preflight::fingerprint};
use posthaste_store::{connection::Connection, target::Target};

use crate::{App, post::words};

/// Sets words, kind and price of a target by what its post says now.
pub(crate) fn stamp(app: &App, body: &PostBody, connection: &Connection, row: &mut Target) {
    let (content, rendition) = words(body, connection, &row.settings, None);
    let connector = app.connector(row.network);
    let price = app.quotas.price(row.network);
    row.words = fingerprint(&content).map(Vec::from);
    row.kind = Some(content.kind.as_str().to_owned());
    row.price =
        price.map(|price| i64::from(price.of(connector.has_link(&connector.compose(&rendition)))));
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
    before != (row.words.clone(), row.kind.clone(), row.price)
}

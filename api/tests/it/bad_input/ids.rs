//! Ids that are none, of the wrong kind, unknown, or another workspace's.

use posthaste_core::Network;
use serde_json::json;

use super::{Case, change, document, fixture::Fixture};

const NOBODY: &str = "01h455vb4pex5vsknk084sn02q";

pub fn cases(f: &Fixture) -> Vec<Case> {
    let x = f.on(Network::X);
    let foreign_x = f.world.other.on(Network::X);
    let to = |connection: &str| json!({ "text": "a", "targets": [{ "connectionId": connection }] });
    let with_media = |id: &str| json!({ "text": "a", "media": [{ "id": id }] });
    let unknown = |prefix: &str| format!("{prefix}_{NOBODY}");
    vec![
        document(
            f,
            "events of no post",
            "{ events(postId: \"nonsense\") { nodes { id } } }",
            "INVALID_ID",
            "postId",
        ),
        change(
            "a post id of another kind",
            "postUpdate",
            json!({ "id": unknown("media"), "text": "a" }),
            "INVALID_ID",
            "id",
        ),
        change(
            "no connection id",
            "postCreate",
            to("nonsense"),
            "INVALID_ID",
            "targets.0.connectionId",
        ),
        change(
            "no media id",
            "postCreate",
            with_media(x),
            "INVALID_ID",
            "media.0.id",
        ),
        change(
            "no id to choose",
            "postCreate",
            json!({ "id": "mine", "text": "a" }),
            "INVALID_ID",
            "id",
        ),
        change(
            "no target id to choose",
            "postCreate",
            json!({ "text": "a", "targets": [{ "id": unknown("post"), "connectionId": x }] }),
            "INVALID_ID",
            "targets.0.id",
        ),
        change(
            "no id in a variant",
            "postCreate",
            json!({ "text": "a", "variants": [{ "connectionId": "?", "text": "b" }] }),
            "INVALID_ID",
            "variants.0.connectionId",
        ),
        change(
            "an unknown post",
            "postCancel",
            json!({ "id": unknown("post") }),
            "NOT_FOUND",
            "",
        ),
        change(
            "an unknown connection",
            "postCreate",
            to(&unknown("conn")),
            "NOT_FOUND",
            "targets.0.connectionId",
        ),
        change(
            "unknown media",
            "postCreate",
            with_media(&unknown("media")),
            "NOT_FOUND",
            "media.0.id",
        ),
        change(
            "an unknown target",
            "targetRetry",
            json!({ "id": unknown("target") }),
            "NOT_FOUND",
            "",
        ),
        change(
            "another workspace's connection",
            "postCreate",
            to(foreign_x),
            "NOT_FOUND",
            "targets.0.connectionId",
        ),
        change(
            "another workspace's media",
            "postCreate",
            with_media(&f.foreign.2),
            "NOT_FOUND",
            "media.0.id",
        ),
        change(
            "another workspace's post",
            "postDelete",
            json!({ "id": f.foreign.0 }),
            "NOT_FOUND",
            "",
        ),
        change(
            "another workspace's target",
            "targetSettle",
            json!({ "id": f.foreign.1, "outcome": "LIVE" }),
            "NOT_FOUND",
            "",
        ),
        change(
            "another workspace's connection in a variant",
            "postCreate",
            json!({ "text": "a", "variants": [{ "connectionId": foreign_x, "text": "b" }] }),
            "NOT_FOUND",
            "variants.0.connectionId",
        ),
        change(
            "another post's target",
            "postCancel",
            json!({ "id": f.draft.0, "targetIds": [f.draft.1, f.cancelled.1] }),
            "NOT_FOUND",
            "targetIds.1",
        ),
        change(
            "no target ids",
            "postSchedule",
            json!({ "id": f.draft.0, "targetIds": ["a"], "schedule": { "now": true } }),
            "INVALID_ID",
            "targetIds.0",
        ),
        change(
            "a post id that is taken",
            "postCreate",
            json!({ "id": f.draft.0, "text": "a" }),
            "ALREADY_EXISTS",
            "id",
        ),
        change(
            "a target id that is taken",
            "postCreate",
            json!({ "text": "a", "targets": [{ "id": f.draft.1, "connectionId": x }] }),
            "ALREADY_EXISTS",
            "targets",
        ),
        document(
            f,
            "reading a post by another kind's id",
            format!("{{ post(id: \"{x}\") {{ id }} }}"),
            "INVALID_ID",
            "id",
        ),
        document(
            f,
            "reading an unknown target",
            format!("{{ target(id: \"target_{NOBODY}\") {{ id }} }}"),
            "NOT_FOUND",
            "",
        ),
        document(
            f,
            "reading another workspace's post",
            format!("{{ post(id: \"{}\") {{ id }} }}", f.foreign.0),
            "NOT_FOUND",
            "",
        ),
        document(
            f,
            "a node of no kind",
            "{ node(id: \"whatever\") { id } }",
            "INVALID_ID",
            "id",
        ),
        document(
            f,
            "a filter with a wrong id",
            "{ posts(filter: { connectionIds: [\"a\"] }) { nodes { id } } }",
            "INVALID_ID",
            "filter.connectionIds.0",
        ),
    ]
}

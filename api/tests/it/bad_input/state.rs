//! What is not possible in the present state, or not for this role.

use posthaste_core::Network;
use serde_json::json;

use super::{Ask, Case, change, fixture::Fixture};
use crate::world::mutation;

pub fn cases(f: &Fixture) -> Vec<Case> {
    let x = f.on(Network::X);
    let (draft, target) = (&f.draft.0, &f.draft.1);
    let as_key = |name, key: &str, code| Case {
        name,
        request: Ask::Document(
            mutation("postCreate", "post { id }"),
            json!({ "input": { "text": "a" } }),
            key.to_owned(),
        ),
        code,
        path: String::new(),
    };
    vec![
        change(
            "an old version",
            "postUpdate",
            json!({ "id": draft, "version": 7, "text": "b" }),
            "VERSION_CONFLICT",
            "version",
        ),
        change(
            "an old version when scheduling",
            "postSchedule",
            json!({ "id": draft, "version": 7, "schedule": { "now": true } }),
            "VERSION_CONFLICT",
            "version",
        ),
        change(
            "the same connection twice",
            "postCreate",
            json!({ "text": "a", "targets": [{ "connectionId": x }, { "connectionId": x }] }),
            "TARGET_DUPLICATE",
            "targets.1.connectionId",
        ),
        change(
            "a disabled connection",
            "postCreate",
            json!({ "text": "a", "targets": [{ "connectionId": f.disabled }], "schedule": { "now": true } }),
            "CONNECTION_UNUSABLE",
            "targets.0.connectionId",
        ),
        change(
            "cancelling what is cancelled",
            "postCancel",
            json!({ "id": f.cancelled.0 }),
            "INVALID_STATE",
            "",
        ),
        change(
            "unscheduling a draft target",
            "postUnschedule",
            json!({ "id": draft, "targetIds": [target] }),
            "INVALID_STATE",
            "targetIds.0",
        ),
        change(
            "retrying a draft",
            "targetRetry",
            json!({ "id": target }),
            "INVALID_STATE",
            "",
        ),
        change(
            "dropping a draft",
            "targetSettle",
            json!({ "id": target, "outcome": "DROP" }),
            "INVALID_STATE",
            "",
        ),
        change(
            "deleting what is not live",
            "targetDeleteRemote",
            json!({ "id": target }),
            "INVALID_STATE",
            "",
        ),
        change(
            "a permalink that is none",
            "targetSettle",
            json!({ "id": target, "outcome": "LIVE", "permalink": "javascript:alert(1)" }),
            "LINK_INVALID",
            "permalink",
        ),
        change(
            "a permalink for what is dropped",
            "targetSettle",
            json!({ "id": target, "outcome": "DROP", "permalink": "https://example.com/" }),
            "INVALID_INPUT",
            "permalink",
        ),
        as_key("a viewer who writes", &f.world.home.viewer, "FORBIDDEN"),
        as_key("an unknown key", "phk_test_nobody", "UNAUTHENTICATED"),
        as_key("no key at all", "?", "UNAUTHENTICATED"),
    ]
}

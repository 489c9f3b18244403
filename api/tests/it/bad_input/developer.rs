//! Keys, the request log, usage, and orders to a sandbox where there is none.

use serde_json::json;

use super::{Ask, Case, document, fixture::Fixture};

const NOBODY: &str = "01h455vb4pex5vsknk084sn02q";

/// A case with a document of the owner.
pub fn by_owner(
    f: &Fixture,
    name: &'static str,
    query: impl Into<String>,
    code: &'static str,
    path: &str,
) -> Case {
    Case {
        name,
        request: Ask::Document(query.into(), json!({}), f.world.home.owner.clone()),
        code,
        path: path.into(),
    }
}

pub fn mutation(name: &str, input: &str) -> String {
    format!("mutation {{ {name}(input: {{ {input} }}) {{ errors {{ code path advice }} }} }}")
}

pub fn cases(f: &Fixture) -> Vec<Case> {
    let key = |name, mutation_name: &str, input: &str, code, path| {
        by_owner(f, name, mutation(mutation_name, input), code, path)
    };
    let log = |name, filter: &str, code, path| {
        let query = format!("{{ requestLog(filter: {{ {filter} }}) {{ nodes {{ id }} }} }}");
        by_owner(f, name, query, code, path)
    };
    let order = |name, query: &str| document(f, name, query, "SANDBOX_ONLY", "");
    vec![
        key(
            "a key without a name",
            "apiKeyCreate",
            "name: \" \", role: VIEWER",
            "INVALID_INPUT",
            "name",
        ),
        key(
            "a key that ended",
            "apiKeyCreate",
            "name: \"a\", role: VIEWER, expiresAt: \"2020-01-01T00:00:00Z\"",
            "TIME_IN_PAST",
            "expiresAt",
        ),
        key(
            "a key for ever",
            "apiKeyCreate",
            "name: \"a\", role: VIEWER, expiresAt: \"2040-01-01T00:00:00Z\"",
            "TIME_TOO_FAR",
            "expiresAt",
        ),
        key(
            "a role that is none",
            "apiKeyCreate",
            "name: \"a\", role: KING",
            "INVALID_INPUT",
            "role",
        ),
        key(
            "a key of a role without permissions",
            "apiKeyCreate",
            "name: \"a\", role: CUSTOM",
            "INVALID_INPUT",
            "role",
        ),
        key(
            "a key with both",
            "apiKeyCreate",
            "name: \"a\", role: VIEWER, permissions: [READ]",
            "INVALID_INPUT",
            "role",
        ),
        key(
            "a key with neither",
            "apiKeyCreate",
            "name: \"a\"",
            "INVALID_INPUT",
            "role",
        ),
        key(
            "a key that opens nothing",
            "apiKeyCreate",
            "name: \"a\", permissions: []",
            "INVALID_INPUT",
            "permissions",
        ),
        key(
            "a key that does not read",
            "apiKeyCreate",
            "name: \"a\", permissions: [WRITE, PUBLISH]",
            "INVALID_INPUT",
            "permissions",
        ),
        key(
            "a key that owns the workspace",
            "apiKeyCreate",
            "name: \"a\", permissions: [READ, OWN_WORKSPACE]",
            "INVALID_INPUT",
            "permissions",
        ),
        key(
            "a key's id of another kind",
            "apiKeyRevoke",
            &format!("id: \"user_{NOBODY}\""),
            "INVALID_ID",
            "id",
        ),
        key(
            "an unknown key",
            "apiKeyRevoke",
            &format!("id: \"key_{NOBODY}\""),
            "NOT_FOUND",
            "",
        ),
        key(
            "a grace before now",
            "apiKeyRotate",
            &format!("id: \"key_{NOBODY}\", graceHours: -1"),
            "INVALID_INPUT",
            "graceHours",
        ),
        key(
            "a change of no key",
            "apiKeyUpdate",
            "id: \"mine\", name: \"a\"",
            "INVALID_ID",
            "id",
        ),
        document(
            f,
            "an editor's key",
            mutation("apiKeyCreate", "name: \"a\", role: VIEWER"),
            "FORBIDDEN",
            "",
        ),
        log(
            "a credential that is none",
            &format!("credential: \"conn_{NOBODY}\""),
            "INVALID_ID",
            "filter.credential",
        ),
        log(
            "a status that is none",
            "status: 99",
            "INVALID_INPUT",
            "filter.status",
        ),
        log(
            "a status out of range",
            "status: 70000",
            "INVALID_INPUT",
            "filter.status",
        ),
        by_owner(
            f,
            "a cursor of another list",
            "{ requestLog(after: \"MQ\") { nodes { id } } }",
            "INVALID_CURSOR",
            "after",
        ),
        by_owner(
            f,
            "keys from both ends",
            "{ apiKeys(first: 1, last: 1) { nodes { id } } }",
            "INVALID_PAGE_SIZE",
            "last",
        ),
        by_owner(
            f,
            "a place of another log",
            "{ auditLog(after: \"MQ\") { nodes { seq } } }",
            "INVALID_CURSOR",
            "after",
        ),
        by_owner(
            f,
            "an actor that is none",
            format!(
                "{{ auditLog(filter: {{ credential: \"conn_{NOBODY}\" }}) {{ nodes {{ seq }} }} }}"
            ),
            "INVALID_ID",
            "filter.credential",
        ),
        document(
            f,
            "an editor's look at the audit log",
            "{ auditLog { nodes { seq } } }",
            "FORBIDDEN",
            "",
        ),
        by_owner(
            f,
            "usage backwards",
            "{ usage(from: \"2027-01-02T00:00:00Z\", to: \"2027-01-01T00:00:00Z\") { count } }",
            "INVALID_INPUT",
            "to",
        ),
        by_owner(
            f,
            "usage of years",
            "{ usage(from: \"2025-01-02T00:00:00Z\", to: \"2027-01-01T00:00:00Z\") { count } }",
            "INVALID_INPUT",
            "from",
        ),
        order(
            "a real clock moved",
            &mutation("sandboxClockAdvance", "seconds: 1"),
        ),
        order(
            "a real clock put back",
            "mutation { sandboxClockReset { errors { code path advice } } }",
        ),
        order(
            "faults of real networks",
            &mutation(
                "sandboxFaultScript",
                "faults: [{ network: X, kind: DELAY }]",
            ),
        ),
        order(
            "no faults of real networks",
            "mutation { sandboxFaultsClear { errors { code path advice } } }",
        ),
        order(
            "real posts put back",
            &mutation("sandboxReset", "workspace: true"),
        ),
        order(
            "a real scenario",
            &mutation("sandboxScenario", "name: FLAKY_NETWORK"),
        ),
        document(
            f,
            "both ways to move the clock",
            mutation(
                "sandboxClockAdvance",
                "seconds: 1, to: \"2027-01-05T00:00:00Z\"",
            ),
            "INVALID_INPUT",
            "seconds",
        ),
        document(
            f,
            "no way to move the clock",
            mutation("sandboxClockAdvance", ""),
            "INVALID_INPUT",
            "seconds",
        ),
    ]
}

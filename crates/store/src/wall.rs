//! The second wall between workspaces: row-level security (docs/adr/0023).
//!
//! The migrations say which rows belong to a workspace. Requests work in a role of their own, for which that
//! holds and which may do what is listed here; the server itself works as the owner of the tables.

use diesel::{QueryableByName, connection::SimpleConnection, sql_types::Text};
use diesel_async::RunQueryDsl;
use posthaste_core::{Error, ErrorCode, Result, ids::WorkspaceId};

use crate::{Database, StoreExt, migrate::Blocking};

/// The role of requests, named after the login: it exists in the whole cluster, where other logins may have a
/// Posthaste of their own.
macro_rules! role {
    () => {
        "left(session_user, 56) || '_tenant'"
    };
}

/// Where whoever works with a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The server itself: all there is.
    Everywhere,
    /// Somebody's request: one workspace.
    Within(WorkspaceId),
}

impl Side {
    /// SQL that takes a connection to this side, wherever it was before; `local` lasts as long as a transaction.
    pub(crate) fn take(self, local: bool) -> String {
        let (role, workspace) = match self {
            Self::Everywhere => ("'none'", String::new()),
            Self::Within(workspace) => (role!(), workspace.uuid().to_string()),
        };
        format!(
            "SELECT set_config('role', {role}, {local}), set_config('app.workspace', '{workspace}', {local})"
        )
    }
}

/// Rows that requests read and write.
const WRITTEN: &[&str] = &[
    "api_keys",
    "attempts",
    "budgets",
    "connections",
    "event_heads",
    "events",
    "grants",
    "idempotency_keys",
    "invitations",
    "job_keys",
    "job_results",
    "jobs",
    "lanes",
    "mails",
    "media",
    "members",
    "oauth_apps",
    "post_media",
    "posts",
    "quota_readings",
    "renditions",
    "revocations",
    "roles",
    "steps",
    "target_metrics",
    "targets",
    "team_members",
    "teams",
    "webhook_attempts",
    "webhook_deliveries",
    "webhook_endpoints",
];

/// What else they may do. Of people they see who they are, never how they sign in.
const GRANTS: &[(&str, &[&str])] = &[
    (
        "SELECT",
        &[
            "network_states",
            "request_drops",
            "request_log",
            "target_transitions",
            "usage_counters",
        ],
    ),
    (
        "SELECT (id, email, name, created_at, disabled_at)",
        &["users"],
    ),
    // Of what an app was given, what it may do, and nothing that its tokens are made of.
    (
        "SELECT (id, workspace_id, app_id, user_id, permissions, connection_ids, expires_at)",
        &["oauth_grants"],
    ),
    ("SELECT, UPDATE", &["incidents", "workspaces"]),
    ("SELECT, INSERT", &["audit_entries", "incident_steps"]),
    ("SELECT, INSERT, UPDATE", &["audit_heads"]),
];

/// What requests may do, table by table; they may do nothing to others.
fn grants() -> impl Iterator<Item = (&'static str, String)> {
    let written = ("SELECT, INSERT, UPDATE, DELETE", WRITTEN);
    let all = std::iter::once(written).chain(GRANTS.iter().copied());
    all.map(|(may, tables)| (may, tables.join(", ")))
}

/// Makes the role unless it is there.
const MAKE: &str = concat!(
    "DO $$
DECLARE
    tenant text := ",
    role!(),
    ";
    -- From 16 on whoever makes a role may give it to others before they may take it themselves.
    taking text := CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = tenant) THEN
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', tenant);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            -- Another database's migration was faster.
            NULL;
        END;
    END IF;
    IF NOT pg_has_role(session_user, tenant, taking) THEN
        EXECUTE format('GRANT %I TO %I', tenant, session_user);
    END IF;
    IF NOT has_schema_privilege(tenant, current_schema(), 'USAGE') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), tenant);
    END IF;
END $$"
);

#[derive(QueryableByName)]
struct Names {
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Text)]
    login: String,
}

const NAMES: &str = concat!(
    "SELECT quote_ident(",
    role!(),
    ") AS role, quote_ident(session_user) AS login"
);

/// Makes the role of requests and says what it may do. Every migration does it anew, so that a restored
/// database, or one under another login, has it too.
pub(crate) fn raise(conn: &mut Blocking) -> Result<()> {
    let names: Names = diesel::RunQueryDsl::get_result(diesel::sql_query(NAMES), conn).stored()?;
    conn.batch_execute(MAKE)
        .map_err(|error| missing(&names, error))?;
    let role = &names.role;
    let each = grants().map(|(may, tables)| {
        format!("REVOKE ALL ON {tables} FROM {role}; GRANT {may} ON {tables} TO {role};")
    });
    let all = each.collect::<Vec<_>>().concat();
    let sql = format!("BEGIN; {all} GRANT USAGE ON SEQUENCE steps_ids TO {role}; COMMIT");
    conn.batch_execute(&sql).stored()
}

fn missing(names: &Names, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let Names { role, login } = names;
    let message = format!(
        "Requests work in a database role of their own, which keeps workspaces apart, and {login} may not make it. \
         Have a superuser run: CREATE ROLE {role} NOLOGIN; GRANT {role} TO {login}; and then run `posthaste migrate`."
    );
    Error::new(ErrorCode::Unavailable, message).caused_by(cause)
}

#[derive(QueryableByName)]
struct Strength {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    holds: bool,
}

/// Nothing goes around the policies for whoever stands behind the wall.
const HOLDS: &str =
    "SELECT NOT (rolsuper OR rolbypassrls) AS holds FROM pg_roles WHERE rolname = current_user";

/// Whether requests stand behind the wall; an error that says what to run when they cannot work.
pub async fn check(db: &Database) -> Result<()> {
    let names: Names = diesel::sql_query(NAMES)
        .get_result(&mut *db.everywhere().get().await?)
        .await
        .stored()?;
    let mut conn = match db.nowhere().get().await {
        Ok(conn) => conn,
        Err(error) => return Err(missing(&names, error)),
    };
    let strength: Strength = diesel::sql_query(HOLDS)
        .get_result(&mut *conn)
        .await
        .stored()?;
    if strength.holds {
        return Ok(());
    }
    let message = format!(
        "The database role {} is a superuser or passes over row-level security, so it keeps nobody apart. Have a \
         superuser run: ALTER ROLE {} NOSUPERUSER NOBYPASSRLS;",
        names.role, names.role
    );
    Err(Error::new(ErrorCode::Unavailable, message))
}

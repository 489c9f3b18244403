//! Every root field, and what it takes.

use posthaste_core::access::Permission;

/// What a field asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Not even a credential.
    Nobody,
    /// A credential with any permission.
    Credential,
    /// A permission.
    Only(Permission),
}

const READ: Needs = Needs::Only(Permission::Read);
const WRITE: Needs = Needs::Only(Permission::Write);
const PUBLISH: Needs = Needs::Only(Permission::Publish);
const CONNECTIONS: Needs = Needs::Only(Permission::ManageConnections);
const KEYS: Needs = Needs::Only(Permission::ManageKeys);
const WEBHOOKS: Needs = Needs::Only(Permission::ManageWebhooks);
const BUDGETS: Needs = Needs::Only(Permission::ManageBudgets);
const AUDIT: Needs = Needs::Only(Permission::ReadAuditLog);
const MEMBERS: Needs = Needs::Only(Permission::ManageMembers);
const ROLES: Needs = Needs::Only(Permission::ManageRoles);
const OWN: Needs = Needs::Only(Permission::OwnWorkspace);

pub struct Row {
    pub field: &'static str,
    pub needs: Needs,
    pub document: String,
    /// The variables `id` and `other` name things of the same workspace.
    pub takes_id: bool,
}

fn row(field: &'static str, needs: Needs, document: impl Into<String>) -> Row {
    let document = document.into();
    Row {
        field,
        needs,
        takes_id: document.contains('$'),
        document,
    }
}

/// A mutation with an input literal.
pub fn change(field: &'static str, needs: Needs, input: &str) -> Row {
    let id = if input.contains("$id") {
        "($id: ID!)"
    } else {
        ""
    };
    row(
        field,
        needs,
        format!("mutation{id} {{ {field}(input: {{ {input} }}) {{ errors {{ code }} }} }}"),
    )
}

/// A mutation without an input.
fn order(field: &'static str) -> Row {
    row(
        field,
        WRITE,
        format!("mutation {{ {field} {{ errors {{ code }} }} }}"),
    )
}

fn one(field: &'static str) -> Row {
    row(
        field,
        READ,
        format!("query($id: ID!) {{ {field}(id: $id) {{ id }} }}"),
    )
}

fn list(field: &'static str) -> Row {
    row(field, READ, format!("{{ {field} {{ nodes {{ id }} }} }}"))
}

pub fn table() -> Vec<Row> {
    let now = "schedule: { now: true }";
    let post_check = "{ text: \"a\", targets: [{ connectionId: $id }] }";
    vec![
        one("post"),
        one("target"),
        one("media"),
        one("connection"),
        one("webhookEndpoint"),
        one("webhookDelivery"),
        one("bulkJob"),
        row(
            "connectionGrant",
            CONNECTIONS,
            "query($id: ID!) { connectionGrant(id: $id) { id } }",
        ),
        row("node", READ, "query($id: ID!) { node(id: $id) { id } }"),
        row(
            "nodes",
            READ,
            "query($id: ID!) { nodes(ids: [$id]) { id } }",
        ),
        list("posts"),
        list("targets"),
        list("mediaList"),
        list("connections"),
        list("bulkJobs"),
        list("events"),
        one("apiKey"),
        list("apiKeys"),
        list("requestLog"),
        row("auditLog", AUDIT, "{ auditLog { nodes { seq } } }"),
        row(
            "usage",
            READ,
            "{ usage(from: \"2027-01-01T00:00:00Z\", to: \"2027-01-02T00:00:00Z\") { count } }",
        ),
        change("apiKeyCreate", KEYS, "name: \"a\", role: VIEWER"),
        change("apiKeyUpdate", KEYS, "id: $id, name: \"b\""),
        change("apiKeyRotate", KEYS, "id: $id"),
        change("apiKeyRevoke", KEYS, "id: $id"),
        row("oauthApps", KEYS, "{ oauthApps { nodes { id } } }"),
        row(
            "oauthGrants",
            KEYS,
            "{ oauthGrants(ofWorkspace: true) { nodes { id } } }",
        ),
        change(
            "oauthAppCreate",
            KEYS,
            "name: \"a\", redirectUris: [\"https://app.example/back\"], permissions: [READ], isConfidential: true",
        ),
        change("oauthAppUpdate", KEYS, "id: $id, version: 1, name: \"b\""),
        change("oauthAppSecretRotate", KEYS, "id: $id"),
        change("oauthAppDelete", KEYS, "id: $id"),
        change("oauthGrantRevoke", KEYS, "id: $id"),
        row("sandbox", READ, "{ sandbox { networksUrl } }"),
        change("sandboxClockAdvance", WRITE, "seconds: 1"),
        order("sandboxClockReset"),
        change(
            "sandboxFaultScript",
            WRITE,
            "faults: [{ network: X, kind: DELAY }]",
        ),
        order("sandboxFaultsClear"),
        change("sandboxReset", WRITE, "workspace: true"),
        change("sandboxScenario", WRITE, "name: HAPPY"),
        row(
            "builtInRoles",
            Needs::Credential,
            "{ builtInRoles { role } }",
        ),
        row(
            "incident",
            AUDIT,
            "query($id: ID!) { incident(id: $id) { id } }",
        ),
        row("incidents", AUDIT, "{ incidents { nodes { id } } }"),
        change("incidentAct", MEMBERS, "id: $id, action: NOTIFY_ADMINS"),
        change(
            "incidentClose",
            MEMBERS,
            "id: $id, note: \"It was a test.\"",
        ),
        one("customRole"),
        list("customRoles"),
        change(
            "customRoleCreate",
            ROLES,
            "name: \"New\", permissions: [READ]",
        ),
        change(
            "customRoleUpdate",
            ROLES,
            "id: $id, version: 1, name: \"New\"",
        ),
        change("customRoleDelete", ROLES, "id: $id"),
        one("team"),
        list("teams"),
        change("teamCreate", MEMBERS, "name: \"New\", role: VIEWER"),
        change(
            "teamUpdate",
            MEMBERS,
            "id: $id, version: 1, name: \"Other\"",
        ),
        change("teamDelete", MEMBERS, "id: $id"),
        row(
            "member",
            READ,
            "query($id: ID!) { member(id: $id) { name } }",
        ),
        row("members", READ, "{ members { nodes { name } } }"),
        change("memberUpdate", MEMBERS, "id: $id, role: VIEWER"),
        change("memberRemove", MEMBERS, "id: $id"),
        row(
            "workspaceLeave",
            Needs::Credential,
            "mutation { workspaceLeave { errors { code } } }",
        ),
        change("workspaceTransfer", OWN, "personId: $id"),
        change("workspaceDelete", OWN, "name: \"Home\""),
        row(
            "workspaceRestore",
            OWN,
            "mutation { workspaceRestore { errors { code } } }",
        ),
        row(
            "invitation",
            MEMBERS,
            "query($id: ID!) { invitation(id: $id) { id } }",
        ),
        row("invitations", MEMBERS, "{ invitations { nodes { id } } }"),
        change(
            "invitationCreate",
            MEMBERS,
            "email: \"new@example.org\", role: VIEWER",
        ),
        change("invitationResend", MEMBERS, "id: $id"),
        change("invitationRevoke", MEMBERS, "id: $id"),
        change("invitationAccept", Needs::Nobody, "token: \"phi_none\""),
        list("webhookEndpoints"),
        list("webhookDeliveries"),
        row("viewer", Needs::Credential, "{ viewer { role } }"),
        row("workspace", READ, "{ workspace { id } }"),
        row(
            "schemaChanges",
            Needs::Credential,
            "{ schemaChanges { nodes { path } } }",
        ),
        row(
            "schemaDeprecations",
            Needs::Credential,
            "{ schemaDeprecations { path } }",
        ),
        row(
            "rateLimitStatus",
            Needs::Credential,
            "{ rateLimitStatus { available } }",
        ),
        row("networks", READ, "{ networks { network } }"),
        row(
            "quotaForecast",
            READ,
            "query($id: ID!) { quotaForecast(connectionIds: [$id]) { checkedAt } }",
        ),
        change(
            "quotaSettingsUpdate",
            BUDGETS,
            "connectionBudgets: [{ connectionId: $id, amount: 1 }]",
        ),
        row(
            "postPreview",
            READ,
            format!(
                "query($id: ID!) {{ postPreview(input: {post_check}) {{ errors: violations {{ code }} }} }}"
            ),
        ),
        row(
            "postValidate",
            READ,
            format!(
                "query($id: ID!) {{ postValidate(input: {post_check}) {{ errors {{ code }} }} }}"
            ),
        ),
        change(
            "postCreate",
            WRITE,
            "text: \"a\", targets: [{ connectionId: $id }]",
        ),
        change("postUpdate", WRITE, "id: $id, text: \"b\""),
        change("postSchedule", PUBLISH, &format!("id: $id, {now}")),
        change("postPublishNow", PUBLISH, "id: $id"),
        change("postUnschedule", PUBLISH, "id: $id"),
        change("postCancel", PUBLISH, "id: $id"),
        change("postDelete", WRITE, "id: $id"),
        change("targetRetry", PUBLISH, "id: $id"),
        change("targetSettle", PUBLISH, "id: $id, outcome: LIVE"),
        change("targetDeleteRemote", PUBLISH, "id: $id"),
        change("mediaUploadCreate", WRITE, "fileName: \"a.jpg\", bytes: 3"),
        change("mediaUpdate", WRITE, "id: $id, altText: \"a\""),
        change("mediaDelete", WRITE, "id: $id"),
        change(
            "bulkJobCreate",
            WRITE,
            "kind: POSTS_IMPORT, format: CSV, fileName: \"a.csv\", bytes: 3",
        ),
        change("bulkJobCancel", WRITE, "id: $id"),
        change(
            "connectionAuthorize",
            CONNECTIONS,
            "network: X, connectionId: $id",
        ),
        change(
            "connectionCreate",
            CONNECTIONS,
            "grantId: $id, accountIds: [\"1\"]",
        ),
        change("connectionReconnect", CONNECTIONS, "id: $id"),
        change(
            "connectionUpdate",
            CONNECTIONS,
            "id: $id, version: 1, name: \"New\"",
        ),
        change("connectionEnable", CONNECTIONS, "id: $id"),
        change("connectionDisable", CONNECTIONS, "id: $id"),
        change("connectionPause", CONNECTIONS, "id: $id"),
        change("connectionResume", CONNECTIONS, "id: $id"),
        change("connectionRemove", CONNECTIONS, "id: $id"),
        change(
            "webhookEndpointCreate",
            WEBHOOKS,
            "url: \"https://example.org/hook\"",
        ),
        change(
            "webhookEndpointUpdate",
            WEBHOOKS,
            "id: $id, version: 1, description: \"a\"",
        ),
        change("webhookEndpointDelete", WEBHOOKS, "id: $id"),
        change("webhookEndpointRotateSecret", WEBHOOKS, "id: $id"),
        change("webhookEndpointTest", WEBHOOKS, "id: $id"),
        change("webhookEndpointPause", WEBHOOKS, "id: $id"),
        change("webhookEndpointResume", WEBHOOKS, "id: $id"),
        change("webhookEndpointReplay", WEBHOOKS, "id: $id"),
        change("webhookDeliveryRedeliver", WEBHOOKS, "id: $id"),
        change(
            "sessionCreate",
            Needs::Nobody,
            "email: \"nobody@example.com\", password: \"wrong password\"",
        ),
        change("sessionRefresh", Needs::Nobody, "refreshToken: \"phr_x\""),
        change(
            "sessionReauthenticate",
            Needs::Credential,
            "password: \"wrong password\"",
        ),
        row(
            "sessions",
            Needs::Credential,
            "{ sessions { nodes { id } } }",
        ),
        // A key has none; people's ids are tried in `session/own.rs`.
        change(
            "sessionRevoke",
            Needs::Credential,
            "id: \"ses_01h455vb4pex5vsknk084sn02q\"",
        ),
        row(
            "sessionsRevoke",
            Needs::Credential,
            "mutation { sessionsRevoke { errors { code } } }",
        ),
        row("passkeys", Needs::Credential, "{ passkeys { id } }"),
        row(
            "passkeyRegistrationStart",
            Needs::Credential,
            "mutation { passkeyRegistrationStart { errors { code } } }",
        ),
        change(
            "passkeyRegister",
            Needs::Credential,
            "ceremonyId: \"pkc_01h455vb4pex5vsknk084sn02q\", name: \"Phone\", credential: {}",
        ),
        // A key has none; people's ids are tried in `session/passkey.rs`.
        change(
            "passkeyUpdate",
            Needs::Credential,
            "id: \"pky_01h455vb4pex5vsknk084sn02q\", name: \"Phone\"",
        ),
        change(
            "passkeyDelete",
            Needs::Credential,
            "id: \"pky_01h455vb4pex5vsknk084sn02q\"",
        ),
        row(
            "passkeyProofStart",
            Needs::Nobody,
            "mutation { passkeyProofStart { errors { code } } }",
        ),
        change(
            "sessionCreateByPasskey",
            Needs::Nobody,
            "ceremonyId: \"pkc_01h455vb4pex5vsknk084sn02q\", credential: {}",
        ),
        change(
            "sessionReauthenticateByPasskey",
            Needs::Credential,
            "ceremonyId: \"pkc_01h455vb4pex5vsknk084sn02q\", credential: {}",
        ),
        row(
            "secondFactor",
            Needs::Credential,
            "{ secondFactor { recoveryCodesLeft } }",
        ),
        row(
            "identityProviders",
            Needs::Nobody,
            "{ identityProviders { name } }",
        ),
        row("identities", Needs::Credential, "{ identities { id } }"),
        change("sessionFromProvider", Needs::Nobody, "code: \"none\""),
        change(
            "identityLinkStart",
            Needs::Credential,
            "provider: \"none\", returnTo: \"/\"",
        ),
        change(
            "identityProofStart",
            Needs::Credential,
            "provider: \"none\", returnTo: \"/\"",
        ),
        change("identityLink", Needs::Credential, "code: \"none\""),
        // A key has none; people's ids are tried in `session/identity.rs`.
        change(
            "identityUnlink",
            Needs::Credential,
            "id: \"idn_01h455vb4pex5vsknk084sn02q\"",
        ),
        change("totpConfirm", Needs::Credential, "code: \"123456\""),
        change("workspaceSecurityUpdate", OWN, "secondFactorRequired: true"),
        row(
            "totpEnrol",
            Needs::Credential,
            "mutation { totpEnrol { errors { code } } }",
        ),
        row(
            "totpDisable",
            Needs::Credential,
            "mutation { totpDisable { errors { code } } }",
        ),
        row(
            "recoveryCodesRenew",
            Needs::Credential,
            "mutation { recoveryCodesRenew { errors { code } } }",
        ),
        row(
            "sessionDelete",
            Needs::Credential,
            "mutation { sessionDelete { errors { code } } }",
        ),
        change(
            "personRegister",
            Needs::Nobody,
            "email: \"new@example.com\", password: \"correct horse\", name: \"New\", workspaceName: \"New\", timeZone: \"UTC\"",
        ),
        change("emailVerify", Needs::Nobody, "token: \"phv_none\""),
        change(
            "passwordResetRequest",
            Needs::Nobody,
            "email: \"nobody@example.com\"",
        ),
        change(
            "passwordReset",
            Needs::Nobody,
            "token: \"phw_none\", password: \"correct horse\"",
        ),
        change(
            "passwordChange",
            Needs::Credential,
            "current: \"wrong\", new: \"correct horse\"",
        ),
        change(
            "emailChange",
            Needs::Credential,
            "email: \"new@example.com\", password: \"wrong\"",
        ),
        change("personUpdate", Needs::Credential, "name: \"New\""),
        change("personErase", Needs::Credential, "password: \"wrong\""),
        row(
            "events",
            READ,
            "subscription { events(after: \"ZXZlbnRzOjA\") { id } }",
        ),
        row(
            "targetProgress",
            READ,
            "subscription($id: ID!) { targetProgress(targetId: $id) { cursor } }",
        ),
        row(
            "targetTimeline",
            READ,
            "subscription($id: ID!) { targetTimeline(targetId: $id) { cursor } }",
        ),
        row(
            "bulkJobProgress",
            READ,
            "subscription($id: ID!) { bulkJobProgress(id: $id) { id } }",
        ),
    ]
}

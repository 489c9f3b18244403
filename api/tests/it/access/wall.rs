//! Behind the permissions stands the database's own wall (docs/adr/0023): requests work in its role.

use axum::{
    body::Body,
    http::{Request, header},
};

use super::*;
use crate::world::sign_in;

/// What needs nothing of a workspace, and what looks beyond one on purpose (`App::everywhere`).
const AROUND: [&str; 51] = [
    "builtInRoles",
    "emailChange",
    "emailVerify",
    "identities",
    "identityLink",
    "identityLinkStart",
    "identityProofStart",
    "identityProviders",
    "identityUnlink",
    "invitationAccept",
    "oauthAppDelete",
    "oauthGrantRevoke",
    "oauthGrants",
    "passkeyDelete",
    "passkeyProofStart",
    "passkeyRegister",
    "passkeyRegistrationStart",
    "passkeyUpdate",
    "passkeys",
    "passwordChange",
    "passwordReset",
    "passwordResetRequest",
    "personErase",
    "personRegister",
    "personUpdate",
    "rateLimitStatus",
    "recoveryCodesRenew",
    "sandbox",
    "sandboxClockAdvance",
    "sandboxClockReset",
    "sandboxFaultScript",
    "sandboxFaultsClear",
    "sandboxReset",
    "sandboxScenario",
    "schemaChanges",
    "schemaDeprecations",
    "secondFactor",
    "sessionCreate",
    "sessionCreateByPasskey",
    "sessionDelete",
    "sessionFromProvider",
    "sessionReauthenticate",
    "sessionReauthenticateByPasskey",
    "sessionRefresh",
    "sessionRevoke",
    "sessions",
    "sessionsRevoke",
    "totpConfirm",
    "totpDisable",
    "totpEnrol",
    "viewer",
];

/// With nothing granted to the role of requests, whatever a resolver or a route asks the database is refused. A new
/// field that goes around the wall fails here.
#[tokio::test]
async fn resolvers_and_routes_stand_behind_the_wall() {
    let world = World::new().await;
    let email = "owner@home.example";
    person(&world, &world.home, email, Role::Owner).await;
    let mut rows = Vec::new();
    for row in table() {
        rows.push((id(&world, &world.home, row.field).await, row));
    }
    let sessions = [
        sign_in(&world, &world.home, email).await,
        sign_in(&world, &world.home, email).await,
    ];
    let (client, connection) = world.app.db.address().wire().await.unwrap();
    let driving = tokio::spawn(connection);
    client
        .batch_execute(
            "DO $$ BEGIN EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA public FROM %I',
                left(session_user, 56) || '_tenant'); END $$",
        )
        .await
        .unwrap();
    driving.abort();
    let mut around = Vec::new();
    for (id, row) in rows {
        // One session may end itself.
        let session = &sessions[usize::from(row.field != "sessionDelete")];
        if code(&world, session, &row, &id).await != "INTERNAL" {
            around.push(row.field);
        }
    }
    around.sort_unstable();
    assert_eq!(around, AROUND);

    let request = |method: &str, address: &str| {
        Request::builder()
            .method(method)
            .uri(address)
            .header(header::AUTHORIZATION, format!("Bearer {}", sessions[1]))
            .header("tus-resumable", "1.0.0")
    };
    let media = "/media/media_01h455vb4pex5vsknk084sn02q";
    let job = "/bulk/job_01h455vb4pex5vsknk084sn02q";
    for (method, address) in [
        ("HEAD", media),
        ("DELETE", media),
        ("HEAD", job),
        ("DELETE", job),
    ] {
        let answer = world.send(request(method, address).body(Body::empty()).unwrap());
        assert_eq!(answer.await.status(), 500, "{method} {address}");
    }
    let upload = request("POST", "/media")
        .header("upload-length", "3")
        .header("upload-metadata", "filename YS5qcGc=")
        .body(Body::empty());
    assert_eq!(world.send(upload.unwrap()).await.status(), 500);
}

//! The audit log: what comes into it, and how a change of it is found.

use posthaste_core::{Provenance, access::Role, audit::Fault, secret::Secret};
use posthaste_engine::{
    Actor,
    audit::{self, End},
    key, session,
};
use posthaste_store::{PageRequest, audit::Filter};

use crate::world::{World, signed_in};

/// The newest ten.
const PAGE: PageRequest<i64> = PageRequest {
    limit: 10,
    after: None,
    before: None,
    from_end: false,
};

async fn make_key(world: &World, actor: &Actor, name: &str) {
    let wanted = key::Wanted {
        name: name.into(),
        rights: key::Rights::Role(Role::Viewer),
        expires_at: None,
        connections: None,
        owner: Some(key::Owner::Workspace),
    };
    key::create(&world.app, actor, wanted, None).await.unwrap();
}

/// A member who owns the workspace.
async fn owner(world: &World) -> Actor {
    let new = session::NewUser {
        id: None,
        email: "olga@bakery.example".into(),
        name: "Olga".into(),
        password: Secret::new("correct horse"),
    };
    let user = session::create_user(&world.app, new).await.unwrap().id;
    let added = session::add_member(&world.app, world.workspace, user, Role::Owner).await;
    added.unwrap();
    let actor = Actor::new(world.workspace, Role::Owner, Provenance::Person { user });
    signed_in(actor)
}

/// A world with a chain of this many keys.
async fn world_with(count: usize) -> (World, Actor) {
    let world = World::new().await;
    let owner = owner(&world).await;
    for n in 1..=count {
        make_key(&world, &owner, &format!("Key {n}")).await;
    }
    (world, owner)
}

async fn verify(world: &World, known: &[End]) -> Result<End, Fault> {
    audit::verify(world.db(), Some(world.workspace), known)
        .await
        .unwrap()
}

/// As somebody with all rights on the database could do.
async fn tamper(world: &World, statement: &str) {
    let quiet = "SET session_replication_role = replica";
    world.sql(&format!("{quiet}; {statement}")).await;
}

async fn fault(world: &World, known: &[End]) -> String {
    verify(world, known).await.unwrap_err().to_string()
}

#[tokio::test]
async fn what_concerns_security_is_told_with_who_did_it_and_to_what() {
    let (world, owner) = world_with(1).await;
    let entries = audit::list(&world.app, &owner, &Filter::default(), &PAGE)
        .await
        .unwrap()
        .rows;
    assert_eq!(entries.len(), 1);
    let entry = &entries[0];
    let event = world.events().await.pop().unwrap();
    assert_eq!((entry.seq, entry.at), (1, world.app.now()));
    assert_eq!(entry.act, "api_key.created");
    assert_eq!(entry.actor, owner.provenance.credential());
    assert_eq!(entry.chain, world.workspace.to_string());
    let detail = entry.detail.as_ref().unwrap();
    assert_eq!(detail, &event.data.0);
    assert_eq!(entry.subject.as_deref(), detail["keyId"].as_str());
    for role in [Role::Viewer, Role::Editor] {
        let other = world.actor(role);
        let refused = audit::list(&world.app, &other, &Filter::default(), &PAGE).await;
        assert!(refused.is_err());
    }
}

#[tokio::test]
async fn a_workspace_begins_with_who_founded_it() {
    let world = World::new().await;
    let new = session::NewWorkspace {
        id: None,
        name: "Bakery".into(),
        time_zone: "UTC".into(),
    };
    let owner = session::NewUser {
        id: None,
        email: "ada@bakery.example".into(),
        name: "Ada".into(),
        password: Secret::new("correct horse"),
    };
    let founded = session::found(&world.app, new, owner, true).await.unwrap();
    let chain = Some(founded.workspace.id);
    let entries = audit::export(world.db(), chain, 0).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].act, "workspace.founded");
    assert_eq!(entries[0].actor, Provenance::System.credential());
    assert_eq!(entries[0].subject, Some(founded.owner.id.to_string()));
}

#[tokio::test]
async fn a_chain_is_verified_whole_and_its_first_broken_entry_is_named() {
    let (world, _) = world_with(4).await;
    let end = verify(&world, &[]).await.unwrap();
    assert_eq!((end.seq, end.hash.len()), (4, 64));
    let last = audit::export(world.db(), Some(world.workspace), 3)
        .await
        .unwrap();
    assert_eq!(end.hash, posthaste_core::hex::encode(&last[0].hash));
    tamper(
        &world,
        "UPDATE audit_entries SET actor = 'system' WHERE seq = 3",
    )
    .await;
    assert_eq!(
        fault(&world, &[]).await,
        "entry 3 was changed, or the one before it was"
    );
    tamper(
        &world,
        "UPDATE audit_entries SET detail = '{}' WHERE seq = 2",
    )
    .await;
    assert_eq!(
        fault(&world, &[]).await,
        "entry 2 has another detail than was written"
    );
    tamper(&world, "DELETE FROM audit_entries WHERE seq = 1").await;
    assert_eq!(fault(&world, &[]).await, "entry 1 is missing");
}

#[tokio::test]
async fn an_end_that_was_cut_off_is_missed() {
    let (world, _) = world_with(3).await;
    tamper(&world, "DELETE FROM audit_entries WHERE seq = 3").await;
    assert_eq!(fault(&world, &[]).await, "entry 3 is missing");
}

#[tokio::test]
async fn a_head_that_was_turned_back_or_removed_hides_nothing() {
    let (world, _) = world_with(3).await;
    let shorter = "UPDATE audit_heads SET seq = 2,
        hash = (SELECT hash FROM audit_entries WHERE chain = audit_heads.chain AND seq = 2)";
    tamper(&world, shorter).await;
    let behind = |seq| format!("entry {seq} stands behind what the chain is said to end with");
    assert_eq!(fault(&world, &[]).await, behind(3));
    tamper(&world, "DELETE FROM audit_heads").await;
    assert_eq!(fault(&world, &[]).await, behind(1));
    let chains = audit::chains(world.db(), None).await.unwrap();
    assert_eq!(chains, [Some(world.workspace)]);
}

#[tokio::test]
async fn erased_details_are_counted() {
    let (world, _) = world_with(3).await;
    tamper(
        &world,
        "UPDATE audit_entries SET detail = NULL, salt = NULL WHERE seq > 1",
    )
    .await;
    let end = verify(&world, &[]).await.unwrap();
    assert_eq!((end.seq, end.erased), (3, 2));
}

#[tokio::test]
async fn a_chain_written_anew_differs_from_what_was_noted_before() {
    let (world, owner) = world_with(2).await;
    let noted = verify(&world, &[]).await.unwrap();
    make_key(&world, &owner, "Key 3").await;
    assert_eq!(
        verify(&world, std::slice::from_ref(&noted))
            .await
            .unwrap()
            .seq,
        3
    );
    tamper(&world, "DELETE FROM audit_entries; DELETE FROM audit_heads").await;
    let missing = "entry 1 is missing, and was there when the chain was looked at before";
    assert_eq!(fault(&world, std::slice::from_ref(&noted)).await, missing);
    for name in ["Other 1", "Other 2", "Other 3"] {
        make_key(&world, &owner, name).await;
    }
    assert_eq!(verify(&world, &[]).await.unwrap().seq, 3, "whole by itself");
    let other = "entry 2 is another than when the chain was looked at before";
    assert_eq!(fault(&world, &[noted]).await, other);
}

#[tokio::test]
async fn nobody_reads_the_log_of_another_workspace() {
    let (world, _) = world_with(2).await;
    let stranger = world.stranger().await;
    let stranger = Actor::new(stranger.workspace, Role::Owner, stranger.provenance);
    let none = audit::list(&world.app, &stranger, &Filter::default(), &PAGE).await;
    assert!(none.unwrap().rows.is_empty());
    let count = audit::count(&world.app, &stranger, &Filter::default()).await;
    assert_eq!(count.unwrap(), 0);
}

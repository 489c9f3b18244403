//! Sealed values and their keys.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use chrono::TimeDelta;
use posthaste_core::{
    Error, ErrorCode, Result,
    ids::WorkspaceId,
    ports::{Cipher, DataKey, MasterKeys, Place, Wrapped},
    secret::Secret,
};
use posthaste_engine::{
    adapters::{KeyRing, KeySource, OsRandom},
    vault::{self, Vault, Version},
};
use posthaste_store::{
    idempotency::{self, Mark, Row, Scope},
    sealed::{self, Column, RowKey},
};
use uuid::Uuid;

use crate::world::World;

mod tokens;

const SECRET: &str = "a secret of at least thirty-two characters";

/// Sealed by version 0.1 from "token" for the row conn_1, under [`SECRET`].
const BEFORE: [u8; 34] = [
    1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 171, 192, 2, 199, 218, 198, 108, 11, 119, 23, 52, 86,
    70, 61, 197, 115, 71, 5, 2, 186, 151,
];

fn ring(lines: &[char]) -> KeyRing {
    let lines: Vec<_> = lines
        .iter()
        .map(|digit| digit.to_string().repeat(64))
        .collect();
    let text = Secret::new(lines.join("\n"));
    KeyRing::new(KeySource::Text(text), &Secret::new(SECRET)).unwrap()
}

fn vault_with(world: &World, masters: impl MasterKeys + 'static) -> Vault {
    let (masters, clock) = (Arc::new(masters), Arc::new(world.clock.clone()));
    let secret = Secret::new(SECRET);
    Vault::new(world.db(), masters, clock, Arc::new(OsRandom), &secret).unwrap()
}

fn vault(world: &World, lines: &[char]) -> Vault {
    vault_with(world, ring(lines))
}

fn place(workspace: WorkspaceId, column: &'static str, row: &str) -> Place {
    Place {
        table: "connections",
        column,
        workspace,
        row: row.to_owned(),
    }
}

async fn another_workspace(world: &World) -> WorkspaceId {
    world.stranger().await.workspace
}

/// An idempotency key with a kept answer: a row with a sealed value.
fn scope(workspace: WorkspaceId, n: u128) -> Scope {
    Scope {
        workspace,
        credential: Uuid::from_u128(n / 2 + 1),
        key: format!("key {n}"),
    }
}

fn answer_place(scope: &Scope) -> Place {
    Place {
        table: "idempotency_keys",
        column: "answer",
        workspace: scope.workspace,
        row: format!("{} {} {}", scope.workspace, scope.credential, scope.key),
    }
}

async fn keep(world: &World, vault: &Vault, n: u128) {
    let scope = scope(world.workspace, n);
    let text = format!("answer {n}");
    let sealed = vault
        .seal(text.as_bytes(), &answer_place(&scope))
        .await
        .unwrap();
    keep_bytes(world, &scope, &sealed).await;
}

async fn keep_bytes(world: &World, scope: &Scope, sealed: &[u8]) {
    let now = world.app.now();
    let row = Row {
        fingerprint: vec![1],
        created_at: now,
        token: 1,
        lease_until: Some(now),
        answer: None,
        expires_at: now + TimeDelta::hours(24),
    };
    let mut conn = world.db().get().await.unwrap();
    assert!(idempotency::insert(&mut conn, scope, &row).await.unwrap());
    let marked = idempotency::mark(&mut conn, scope, 1, Mark::Answered(sealed)).await;
    assert!(marked.unwrap());
}

async fn kept(world: &World, vault: &Vault, n: u128) -> Vec<u8> {
    let scope = scope(world.workspace, n);
    let mut tx = world.db().begin().await.unwrap();
    let row = idempotency::lock(&mut tx, &scope).await.unwrap().unwrap();
    let sealed = row.answer.unwrap();
    vault.open(&sealed, &answer_place(&scope)).await.unwrap()
}

/// Version, values and whether it seals, of each data key of the world's workspace.
async fn versions(vault: &Vault) -> Vec<(i32, i64, bool)> {
    let mut survey = vault::survey(vault).await.unwrap();
    let mut keys: Vec<Version> = Vec::new();
    while let Some(page) = survey.next().await.unwrap() {
        keys.extend(page);
    }
    keys.iter()
        .map(|key| (key.version, key.values, key.is_current))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_value_is_opened_in_its_own_place_and_nowhere_else() {
    let world = World::new().await;
    let other = another_workspace(&world).await;
    let vault = vault(&world, &['1']);
    let here = place(world.workspace, "tokens", "conn_1");
    let sealed = vault.seal(b"token", &here).await.unwrap();
    assert_eq!(vault.open(&sealed, &here).await.unwrap(), b"token");
    assert!(!sealed.windows(5).any(|window| window == b"token"));

    // The other workspace has a data key of its own, of the same version.
    let there = place(other, "tokens", "conn_1");
    vault.seal(b"token", &there).await.unwrap();
    for elsewhere in [
        place(world.workspace, "tokens", "conn_2"),
        place(world.workspace, "secret", "conn_1"),
        there,
        Place {
            table: "grants",
            ..here.clone()
        },
    ] {
        assert!(
            vault.open(&sealed, &elsewhere).await.is_err(),
            "{elsewhere}"
        );
    }
    for position in 0..sealed.len() {
        let mut damaged = sealed.clone();
        damaged[position] ^= 1;
        assert!(vault.open(&damaged, &here).await.is_err(), "{position}");
    }
    for end in 0..sealed.len() {
        assert!(vault.open(&sealed[..end], &here).await.is_err(), "{end}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_nonce_is_used_twice() {
    let world = World::new().await;
    let vault = vault(&world, &['1']);
    let here = place(world.workspace, "tokens", "conn_1");
    let mut nonces = HashSet::new();
    for _ in 0..2000 {
        let sealed = vault.seal(b"the same", &here).await.unwrap();
        assert!(nonces.insert(sealed[5..17].to_vec()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sealed_before_data_keys_is_readable_and_is_sealed_anew_by_a_rotation() {
    let world = World::new().await;
    let vault = vault(&world, &['1']);
    let before = place(world.workspace, "tokens", "conn_1");
    assert_eq!(vault.open(&BEFORE, &before).await.unwrap(), b"token");

    // A value that cannot be opened stays as it is, and does not hold up the others.
    let broken = scope(world.workspace, 0);
    keep_bytes(&world, &broken, &BEFORE).await;
    keep(&world, &vault, 1).await;
    assert_eq!(versions(&vault).await, [(0, 1, false), (1, 1, true)]);
    assert_eq!(vault::begin_rotation(&vault).await.unwrap(), 0);
    let outcome = vault::reseal(&vault).await.unwrap();
    assert_eq!((outcome.done, outcome.failed), (0, 1));
    assert_eq!(versions(&vault).await, [(0, 1, false), (1, 1, true)]);
    // Nor does it hold up the next rotation.
    world.clock.advance(TimeDelta::minutes(60));
    assert_eq!(vault::begin_rotation(&vault).await.unwrap(), 1);
    assert_eq!(vault::reseal(&vault).await.unwrap().done, 1);
    let expected = [(0, 1, false), (1, 0, false), (2, 1, true)];
    assert_eq!(versions(&vault).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn data_keys_rotate_in_batches_and_old_versions_are_listed_until_nothing_lies_under_them() {
    const VALUES: u128 = 250;
    let world = World::new().await;
    let running = vault(&world, &['1']);
    for n in 0..VALUES {
        keep(&world, &running, n).await;
    }
    assert_eq!(versions(&running).await, [(1, 250, true)]);

    let operator = vault(&world, &['1']);
    assert_eq!(vault::begin_rotation(&operator).await.unwrap(), 1);
    // Begun again after an interruption: it goes on with the same version.
    assert_eq!(vault::begin_rotation(&operator).await.unwrap(), 0);
    assert_eq!(versions(&operator).await, [(1, 250, false), (2, 0, true)]);
    // A process that has not noticed yet seals with the key before; everybody reads that.
    keep(&world, &running, VALUES).await;
    assert_eq!(versions(&operator).await, [(1, 251, false), (2, 0, true)]);

    // Two operators at once.
    let second = vault(&world, &['1']);
    let (one, two) = tokio::join!(vault::reseal(&operator), vault::reseal(&second));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.done + two.done, 251);
    assert_eq!((one.failed, two.failed), (0, 0));
    assert_eq!(versions(&operator).await, [(1, 0, false), (2, 251, true)]);
    for n in [0, 1, 249, 250] {
        let text = format!("answer {n}").into_bytes();
        assert_eq!(kept(&world, &running, n).await, text);
    }

    world
        .clock
        .advance(TimeDelta::days(7) - TimeDelta::seconds(1));
    assert_eq!(vault::reseal(&operator).await.unwrap().removed, 0);
    world.clock.advance(TimeDelta::seconds(1));
    assert_eq!(vault::reseal(&operator).await.unwrap().removed, 1);
    assert_eq!(versions(&operator).await, [(2, 251, true)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_changed_meanwhile_is_not_put_back() {
    let world = World::new().await;
    let vault = vault(&world, &['1']);
    keep(&world, &vault, 0).await;
    let mut conn = world.db().get().await.unwrap();
    let column = Column::IdempotencyAnswer;
    let first = RowKey::default();
    let read = sealed::stale(&mut conn, column, world.workspace, &[0; 5], &first, 10)
        .await
        .unwrap()
        .remove(0);
    let replace = async |conn: &mut posthaste_store::Conn, new: &[u8]| {
        sealed::replace(conn, column, world.workspace, &read, new)
            .await
            .unwrap()
    };
    assert!(replace(&mut conn, b"newer").await);
    assert!(!replace(&mut conn, b"older, sealed anew").await);
    let other = another_workspace(&world).await;
    let foreign = sealed::replace(&mut conn, column, other, &read, b"x").await;
    assert!(!foreign.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn master_keys_rotate_without_touching_what_is_sealed() {
    let world = World::new().await;
    let old = vault(&world, &['1']);
    let here = place(world.workspace, "tokens", "conn_1");
    let sealed = old.seal(b"token", &here).await.unwrap();

    let both = vault(&world, &['1', '2']);
    let outcome = vault::rotate_master(&both).await.unwrap();
    assert_eq!((outcome.done, outcome.failed), (1, 0));
    assert_eq!(vault::rotate_master(&both).await.unwrap().done, 0);
    let masters = vault::survey(&both).await.unwrap().masters;
    assert_eq!(masters.len(), 1);
    assert_eq!((masters[0].is_current, masters[0].data_keys), (true, 1));
    assert_eq!(masters[0].id, ring(&['2']).current().await.unwrap());

    // Who holds the data key notices nothing; who starts needs no more than the new master key.
    assert_eq!(old.open(&sealed, &here).await.unwrap(), b"token");
    let new = vault(&world, &['2']);
    assert_eq!(new.open(&sealed, &here).await.unwrap(), b"token");

    // Without the key that wraps, nothing is opened, sealed or wrapped anew.
    let without = vault(&world, &['3']);
    let refused = without.open(&sealed, &here).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Internal);
    assert!(without.seal(b"token", &here).await.is_err());
    let outcome = vault::rotate_master(&without).await.unwrap();
    assert_eq!((outcome.done, outcome.failed), (0, 1));
    assert_eq!(new.open(&sealed, &here).await.unwrap(), b"token");
}

/// A key service that never gives its key out and can be away.
struct Kms {
    ring: KeyRing,
    is_away: Arc<AtomicBool>,
}

impl Kms {
    fn reach(&self) -> Result<()> {
        if self.is_away.load(Ordering::SeqCst) {
            let message = "The key service does not answer.";
            return Err(Error::new(ErrorCode::Unavailable, message));
        }
        Ok(())
    }
}

#[async_trait]
impl MasterKeys for Kms {
    async fn current(&self) -> Result<String> {
        self.reach()?;
        self.ring.current().await
    }

    async fn wrap(&self, key: &DataKey, context: &str) -> Result<Wrapped> {
        self.reach()?;
        self.ring.wrap(key, context).await
    }

    async fn unwrap(&self, wrapped: &Wrapped, context: &str) -> Result<DataKey> {
        self.reach()?;
        self.ring.unwrap(wrapped, context).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_key_service_is_away_nothing_new_is_sealed_and_what_is_open_goes_on() {
    let world = World::new().await;
    let other = another_workspace(&world).await;
    let is_away = Arc::new(AtomicBool::new(false));
    let vault = vault_with(
        &world,
        Kms {
            ring: ring(&['1']),
            is_away: is_away.clone(),
        },
    );
    let known = place(world.workspace, "tokens", "conn_1");
    let sealed = vault.seal(b"token", &known).await.unwrap();
    is_away.store(true, Ordering::SeqCst);
    assert_eq!(vault.open(&sealed, &known).await.unwrap(), b"token");
    vault.seal(b"token", &known).await.unwrap();
    let refused = vault
        .seal(b"token", &place(other, "tokens", "conn_2"))
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::Unavailable);
    is_away.store(false, Ordering::SeqCst);
    let there = place(other, "tokens", "conn_2");
    let late = vault.seal(b"token", &there).await.unwrap();
    assert_eq!(vault.open(&late, &there).await.unwrap(), b"token");
}

/// What an asynchronous standby that takes over may not have yet.
const LOST: &str = "DELETE FROM data_keys";

#[tokio::test]
async fn a_data_key_that_the_database_lost_is_put_back() {
    let world = World::new().await;
    let running = vault(&world, &['1']);
    let here = place(world.workspace, "tokens", "conn_1");
    let before = running.seal(b"before", &here).await.unwrap();
    world.sql(LOST).await;
    tokio::time::pause();
    tokio::time::advance(vault::TRUST).await;
    tokio::time::resume();
    let after = running.seal(b"after", &here).await.unwrap();
    let other = vault(&world, &['1']);
    assert_eq!(other.open(&before, &here).await.unwrap(), b"before");
    assert_eq!(other.open(&after, &here).await.unwrap(), b"after");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_took_the_number_of_another_is_noticed() {
    let world = World::new().await;
    let running = vault(&world, &['1']);
    let here = place(world.workspace, "tokens", "conn_1");
    running.seal(b"lost", &here).await.unwrap();
    world.sql(LOST).await;
    let other = vault(&world, &['1']);
    let theirs = other.seal(b"theirs", &here).await.unwrap();
    assert_eq!(running.open(&theirs, &here).await.unwrap(), b"theirs");
    let ours = running.seal(b"ours", &here).await.unwrap();
    assert_eq!(other.open(&ours, &here).await.unwrap(), b"ours");
}

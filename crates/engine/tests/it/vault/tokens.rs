//! Access to networks while its keys rotate, or cannot be read.

use std::{
    collections::VecDeque,
    sync::{Mutex, OnceLock},
};

use posthaste_core::{
    Network,
    access::Role,
    connector::{Account, TokenSet},
    ports::{Http, PlainCipher, Request, Response, ScriptedHttp, TransportError},
};
use posthaste_engine::connection;
use posthaste_store::{
    connection::{Connection, Status},
    revocation,
};
use serde_json::json;

use super::*;

/// A connection to X whose access ends in half a minute.
async fn ending_soon(world: &World) -> Connection {
    let account = Account {
        remote_id: "1".into(),
        name: "Ada".into(),
        username: None,
        avatar_url: None,
        tokens: TokenSet {
            access: Secret::new("old-access"),
            refresh: Some(Secret::new("old-refresh")),
            expires_at: Some(world.app.now() + TimeDelta::seconds(30)),
            refresh_expires_at: None,
            scopes: Vec::new(),
        },
    };
    let owner = world.actor(Role::Owner);
    connection::import(&world.app, &owner, Network::X, &account)
        .await
        .unwrap()
}

/// A key service that is away for some of the calls to come.
#[derive(Default)]
struct Flaky(Mutex<VecDeque<bool>>);

impl Flaky {
    fn answer(&self) -> Result<()> {
        match self.0.lock().unwrap().pop_front() {
            Some(true) => Err(Error::new(ErrorCode::Unavailable, "away")),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Cipher for Flaky {
    async fn seal(&self, plain: &[u8], place: &Place) -> Result<Vec<u8>> {
        self.answer()?;
        PlainCipher.seal(plain, place).await
    }

    async fn open(&self, sealed: &[u8], place: &Place) -> Result<Vec<u8>> {
        self.answer()?;
        PlainCipher.open(sealed, place).await
    }
}

/// A network that gives fresh tokens once, while the row's are sealed anew and the key service goes away.
struct Rotating {
    keys: Arc<Flaky>,
    world: OnceLock<posthaste_store::Database>,
    answer: ScriptedHttp,
}

#[async_trait]
impl Http for Rotating {
    async fn send(&self, request: Request) -> std::result::Result<Response, TransportError> {
        let answer = self.answer.send(request).await;
        let (client, wire) = self.world.get().unwrap().address().wire().await.unwrap();
        tokio::spawn(wire);
        // A space behind the JSON: the same tokens in other bytes.
        let anew = r"UPDATE connections SET tokens = tokens || '\x20'";
        client.batch_execute(anew).await.unwrap();
        // Sealing the fresh ones fails; then they are sealed, but the row's cannot be opened.
        self.keys.0.lock().unwrap().extend([true, false, true]);
        answer
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_cannot_be_read_costs_no_fresh_token() {
    let fresh = json!({ "access_token": "new-access", "refresh_token": "new-refresh", "expires_in": 7200, "token_type": "bearer" });
    let keys = Arc::new(Flaky::default());
    let network = Arc::new(Rotating {
        keys: keys.clone(),
        world: OnceLock::new(),
        answer: ScriptedHttp::new([ScriptedHttp::json(200, fresh)]),
    });
    let world = World::with_cipher(network.clone(), keys.clone()).await;
    assert!(network.world.set(world.db().clone()).is_ok());
    let row = ending_soon(&world).await;
    let viewer = world.actor(Role::Viewer);
    let asked = connection::destinations(&world.app, &viewer, &row).await;
    assert_eq!(asked.unwrap(), []);
    assert_eq!(keys.0.lock().unwrap().len(), 0, "all refusals were met");
    let row = connection::get(&world.app, &viewer, row.id).await.unwrap();
    assert_eq!(row.status, Status::Active);
    let sealed = String::from_utf8(row.tokens.unwrap()).unwrap();
    assert!(sealed.contains("new-access") && sealed.contains("new-refresh"));
}

#[tokio::test(flavor = "multi_thread")]
async fn access_that_is_to_be_given_back_is_sealed_anew_too() {
    let world = World::new().await;
    let row = ending_soon(&world).await;
    connection::remove(&world.app, &world.actor(Role::Owner), row.id)
        .await
        .unwrap();
    let vault = vault(&world, &['1']);
    let here = place(world.workspace, "tokens", &row.id.to_string());
    let sealed = vault.seal(b"token", &here).await.unwrap();
    let mut conn = world.db().get().await.unwrap();
    let now = world.app.now();
    revocation::note(&mut conn, world.workspace, row.id, sealed.clone(), now, now)
        .await
        .unwrap();
    assert_eq!(versions(&vault).await, [(1, 1, true)]);

    assert_eq!(vault::begin_rotation(&vault).await.unwrap(), 1);
    let outcome = vault::reseal(&vault).await.unwrap();
    assert_eq!((outcome.done, outcome.failed), (1, 0));
    assert_eq!(versions(&vault).await, [(1, 0, false), (2, 1, true)]);
    let due = revocation::claim(&mut conn, now, now + TimeDelta::minutes(1), 10)
        .await
        .unwrap();
    assert_ne!(due[0].tokens, sealed);
    assert_eq!(vault.open(&due[0].tokens, &here).await.unwrap(), b"token");
}

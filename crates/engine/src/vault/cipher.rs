use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aes_gcm::Aes256Gcm;
use async_trait::async_trait;
use chrono::{DateTime, SubsecRound, Utc};
use lru::LruCache;
use posthaste_core::{
    Error, ErrorCode, Result,
    ids::WorkspaceId,
    ports::{Cipher, Clock, DataKey, MasterKeys, Place, Random},
    secret::Secret,
};
use posthaste_store::{
    Database, PoolSettings,
    data_key::{self, DataKey as Row},
};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::{
    envelope::{aes, decrypt, encrypt, head, read_head, unopenable},
    legacy::Legacy,
};

/// How long a process goes on sealing with a data key before it looks for a newer one.
pub const TRUST: Duration = Duration::from_secs(10);

/// How long a key service may take.
const ANSWER: Duration = Duration::from_secs(5);

/// Unwrapped data keys that a process keeps; less than a kilobyte each.
const KEPT: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();

/// Connections of its own, so that a caller inside a transaction never waits for one that another such
/// caller holds.
const CONNECTIONS: usize = 2;

/// Seals with AES-256-GCM under data keys, one for each workspace at a time, that lie in the database wrapped by a
/// master key. Layout: the byte 2, the data key's version, 12 bytes of nonce, ciphertext with tag; place and
/// version are authenticated.
pub struct Vault {
    pub(super) db: Database,
    pub(super) masters: Arc<dyn MasterKeys>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    legacy: Legacy,
    open: Mutex<LruCache<(WorkspaceId, i32), Unwrapped>>,
    newest: Mutex<LruCache<WorkspaceId, (i32, Instant)>>,
}

/// A data key in this process's memory.
#[derive(Clone)]
struct Unwrapped {
    /// Tells it apart from another key that took its number.
    id: Uuid,
    bytes: DataKey,
    aes: Arc<Aes256Gcm>,
}

impl Vault {
    /// A vault on the database that `db` is on. `secret` opens what was sealed before there were data keys.
    pub fn new(
        db: &Database,
        masters: Arc<dyn MasterKeys>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        secret: &Secret,
    ) -> Result<Self> {
        let settings = PoolSettings {
            max_size: CONNECTIONS,
            ..PoolSettings::default()
        };
        Ok(Self {
            db: Database::new(db.address().clone(), settings)?,
            masters,
            clock,
            random,
            legacy: Legacy::new(secret),
            open: Mutex::new(LruCache::new(KEPT)),
            newest: Mutex::new(LruCache::new(KEPT)),
        })
    }

    /// The data key that a workspace seals with; makes the first one. One that this process has sealed with and
    /// that the database lost in a failover is put back: values may lie under it.
    async fn sealing(&self, workspace: WorkspaceId) -> Result<(i32, Arc<Aes256Gcm>)> {
        let known = held(&self.newest).get(&workspace).copied();
        if let Some((version, at)) = known
            && at.elapsed() < TRUST
        {
            return Ok((version, self.key(workspace, version).await?));
        }
        let at = Instant::now();
        let least = known.map_or(1, |(version, _)| version);
        let mut newest = data_key::newest(&mut *self.db.get().await?, workspace).await?;
        if newest.as_ref().is_none_or(|row| row.version < least) {
            self.add(workspace, least).await?;
            newest = data_key::newest(&mut *self.db.get().await?, workspace).await?;
        }
        let row = newest.ok_or_else(|| Error::internal(format!("{workspace} has no data key")))?;
        let key = self.unwrapped(&row).await?;
        held(&self.newest).put(workspace, (row.version, at));
        Ok((row.version, key))
    }

    /// Adds a data key: the one this process holds under that number, or a fresh one. Nothing is done if another
    /// process just added one.
    pub(super) async fn add(&self, workspace: WorkspaceId, version: i32) -> Result<()> {
        let known = held(&self.open).get(&(workspace, version)).cloned();
        let (id, key) = known.map_or_else(|| self.fresh(), |known| (known.id, known.bytes));
        let context = context(workspace, version);
        let wrapped = within(self.masters.wrap(&key, &context)).await?;
        let row = Row {
            workspace_id: workspace,
            version,
            id,
            master_key: wrapped.master_key,
            wrapped: wrapped.bytes,
            created_at: self.now(),
        };
        data_key::insert(&mut *self.db.get().await?, &row).await?;
        Ok(())
    }

    fn fresh(&self) -> (Uuid, DataKey) {
        let (mut id, mut key): ([u8; 16], DataKey) = ([0; 16], [0; 32]);
        self.random.fill(&mut id);
        self.random.fill(&mut key);
        (uuid::Builder::from_random_bytes(id).into_uuid(), key)
    }

    /// A data key as this process keeps it.
    async fn key(&self, workspace: WorkspaceId, version: i32) -> Result<Arc<Aes256Gcm>> {
        let known = held(&self.open).get(&(workspace, version)).cloned();
        match known {
            Some(key) => Ok(key.aes),
            None => self.read_key(workspace, version).await,
        }
    }

    /// A data key as the database has it.
    async fn read_key(&self, workspace: WorkspaceId, version: i32) -> Result<Arc<Aes256Gcm>> {
        let row = data_key::get(&mut *self.db.get().await?, workspace, version).await?;
        let row = row.ok_or_else(|| {
            Error::internal(format!("data key {version} of {workspace} is not there"))
        })?;
        self.unwrapped(&row).await
    }

    /// The key in a row, unwrapped once for as long as it is kept.
    async fn unwrapped(&self, row: &Row) -> Result<Arc<Aes256Gcm>> {
        let place = (row.workspace_id, row.version);
        let known = held(&self.open).get(&place).cloned();
        if let Some(key) = known
            && key.id == row.id
        {
            return Ok(key.aes);
        }
        let context = context(row.workspace_id, row.version);
        let bytes = within(self.masters.unwrap(&row.wrapping(), &context)).await?;
        let aes = Arc::new(aes(&bytes));
        let key = Unwrapped {
            id: row.id,
            bytes,
            aes: aes.clone(),
        };
        held(&self.open).put(place, key);
        Ok(aes)
    }

    /// The present instant, in whole microseconds as the database keeps it.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(6)
    }

    /// Looks up at the next sealing which data key is the newest.
    pub(super) fn forget_newest(&self, workspace: WorkspaceId) {
        held(&self.newest).pop(&workspace);
    }
}

#[async_trait]
impl Cipher for Vault {
    async fn seal(&self, plain: &[u8], place: &Place) -> Result<Vec<u8>> {
        let (version, key) = self.sealing(place.workspace).await?;
        let sealed = encrypt(&key, &*self.random, plain, &bound(place, version))?;
        Ok([&head(version)[..], &sealed].concat())
    }

    async fn open(&self, sealed: &[u8], place: &Place) -> Result<Vec<u8>> {
        let Some((version, bytes)) = read_head(sealed) else {
            return self.legacy.open(sealed, &place.row);
        };
        let bound = bound(place, version);
        let key = self.key(place.workspace, version).await?;
        if let Some(plain) = decrypt(&key, bytes, &bound) {
            return Ok(plain);
        }
        // After a failover another key may have taken the number.
        let key = self.read_key(place.workspace, version).await?;
        decrypt(&key, bytes, &bound).ok_or_else(unopenable)
    }
}

/// What is authenticated with a value. The version stands first: the row may hold anything.
fn bound(place: &Place, version: i32) -> String {
    format!("{version}|{place}")
}

/// What is authenticated with a wrapped data key.
pub(super) fn context(workspace: WorkspaceId, version: i32) -> String {
    format!("data_keys|wrapped|{workspace}|{version}")
}

/// Callers may hold locks meanwhile: a key service that hangs is one that is away.
pub(super) async fn within<T>(call: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(ANSWER, call).await.unwrap_or_else(|_| {
        let message = "The key service does not answer.";
        Err(Error::new(ErrorCode::Unavailable, message).retry_after(10))
    })
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

use chrono::TimeDelta;
use posthaste_core::{Provenance, Result, ids::WorkspaceId, ports::Cipher};
use posthaste_store::{
    audit::{self, NewEntry},
    data_key,
    sealed::{self, Column, Count, RowKey},
};
use serde_json::json;

use super::{
    Vault,
    cipher::{context, within},
    envelope::head,
    place,
};

/// Rows of one batch.
const BATCH: i64 = 100;

/// An older data key that nothing lies under is kept this much longer: more than a machine sleeps or its clock is
/// wrong, and it harms nobody.
const GRACE: TimeDelta = TimeDelta::days(7);

/// A rotation that was begun this long ago at most is gone on with.
const UNFINISHED: TimeDelta = TimeDelta::hours(1);

/// What came of wrapping data keys anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rewrapped {
    /// Keys that the present master key wraps now.
    pub done: usize,
    /// Keys that could not be unwrapped: their master key is not there.
    pub failed: usize,
}

/// Wraps every data key under the present master key, in small batches. Processes that hold them unwrapped
/// notice nothing. It can be stopped and begun again at any time, also twice at once.
pub async fn rotate_master(vault: &Vault) -> Result<Rewrapped> {
    let current = vault.masters.current().await?;
    let mut outcome = Rewrapped::default();
    let mut after = None;
    loop {
        let mut conn = vault.db.get().await?;
        let batch = data_key::under_others(&mut conn, &current, after, BATCH).await?;
        drop(conn);
        let Some(last) = batch.last() else {
            return Ok(outcome);
        };
        if after.is_none() {
            note(vault, "master_key.rotated", Some(current.clone())).await?;
        }
        after = Some((last.workspace_id, last.version));
        for row in &batch {
            if let Err(error) = rewrap(vault, row).await {
                tracing::warn!(workspace = %row.workspace_id, version = row.version, master_key = row.master_key,
                    %error, "a data key was not wrapped anew");
                outcome.failed += 1;
            } else {
                outcome.done += 1;
            }
        }
    }
}

/// Writes into the server's audit log that a rotation begins.
async fn note(vault: &Vault, act: &'static str, subject: Option<String>) -> Result<()> {
    let entry = NewEntry {
        at: vault.now(),
        act,
        actor: Provenance::System.credential(),
        subject,
        detail: json!({}),
    };
    let mut tx = vault.db.begin().await?;
    audit::append(&mut tx, None, &[entry]).await?;
    tx.commit().await
}

async fn rewrap(vault: &Vault, row: &data_key::DataKey) -> Result<()> {
    let context = context(row.workspace_id, row.version);
    let key = within(vault.masters.unwrap(&row.wrapping(), &context)).await?;
    let wrapped = within(vault.masters.wrap(&key, &context)).await?;
    data_key::rewrap(&mut *vault.db.get().await?, row, &wrapped).await?;
    Ok(())
}

/// Gives every workspace a new data key and returns how many got one. A workspace whose newest is less than an
/// hour old and that still has values under an older one gets none: [`reseal`] goes on with that rotation.
pub async fn begin_rotation(vault: &Vault) -> Result<usize> {
    let mut begun = 0;
    let mut pages = Workspaces::default();
    while let Some(page) = pages.next(vault).await? {
        let mut conn = vault.db.get().await?;
        let keys = data_key::of_workspaces(&mut conn, &page).await?;
        let counts = sealed::counts(&mut conn, &page).await?;
        drop(conn);
        for workspace in page {
            let newest = keys.iter().rfind(|key| key.workspace_id == workspace);
            let Some(newest) = newest else {
                continue;
            };
            let is_old =
                |count: &Count| count.workspace == workspace && count.version < newest.version;
            let is_unfinished =
                newest.created_at > vault.now() - UNFINISHED && counts.iter().any(is_old);
            if !is_unfinished {
                if begun == 0 {
                    note(vault, "data_keys.rotated", None).await?;
                }
                vault.add(workspace, newest.version + 1).await?;
                vault.forget_newest(workspace);
                begun += 1;
            }
        }
    }
    Ok(begun)
}

/// What came of sealing values anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Values that lie under their workspace's newest data key now.
    pub done: usize,
    /// Values that somebody else changed meanwhile, so under the newest key too.
    pub changed: usize,
    /// Values that could not be opened, and stay as they are.
    pub failed: usize,
    /// Older data keys that nothing lay under any more and that are gone.
    pub removed: usize,
}

/// Seals what lies under an older data key, or under none, with its workspace's newest one. Each value is read
/// without a lock and put back only if it is still the same, so nobody waits. It can be stopped and begun again at
/// any time, also twice at once.
pub async fn reseal(vault: &Vault) -> Result<Resealed> {
    let mut outcome = Resealed::default();
    let mut pages = Workspaces::default();
    while let Some(page) = pages.next(vault).await? {
        for workspace in page {
            reseal_workspace(vault, workspace, &mut outcome).await?;
            outcome.removed += remove_unused(vault, workspace).await?;
        }
    }
    Ok(outcome)
}

async fn reseal_workspace(
    vault: &Vault,
    workspace: WorkspaceId,
    outcome: &mut Resealed,
) -> Result<()> {
    let newest = data_key::newest(&mut *vault.db.get().await?, workspace).await?;
    let head = newest.map_or([0; 5], |row| head(row.version));
    for column in Column::ALL {
        let mut after = RowKey::default();
        loop {
            let mut conn = vault.db.get().await?;
            let batch = sealed::stale(&mut conn, column, workspace, &head, &after, BATCH).await?;
            drop(conn);
            let Some(last) = batch.last() else {
                break;
            };
            after = last.key.clone();
            for old in &batch {
                match reseal_one(vault, column, workspace, old).await {
                    Ok(true) => outcome.done += 1,
                    Ok(false) => outcome.changed += 1,
                    Err(error) => {
                        tracing::warn!(%workspace, table = column.table(), column = column.name(), row = %old.key.id,
                            %error, "a value was not sealed anew");
                        outcome.failed += 1;
                    }
                }
            }
        }
    }
    Ok(())
}

async fn reseal_one(
    vault: &Vault,
    column: Column,
    workspace: WorkspaceId,
    old: &sealed::Sealed,
) -> Result<bool> {
    let place = place::of(column, workspace, &old.key);
    let plain = vault.open(&old.bytes, &place).await?;
    let fresh = vault.seal(&plain, &place).await?;
    sealed::replace(&mut *vault.db.get().await?, column, workspace, old, &fresh).await
}

/// Removes older keys that nothing lies under, once no process can seal with them any more. That the newest is old
/// enough was read before they are counted.
async fn remove_unused(vault: &Vault, workspace: WorkspaceId) -> Result<usize> {
    let mut conn = vault.db.get().await?;
    let keys = data_key::of_workspaces(&mut conn, &[workspace]).await?;
    let Some((newest, older)) = keys.split_last() else {
        return Ok(0);
    };
    if older.is_empty() || newest.created_at > vault.now() - GRACE {
        return Ok(0);
    }
    let counts = sealed::counts(&mut conn, &[workspace]).await?;
    let mut removed = 0;
    for key in older {
        if !counts.iter().any(|count| count.version == key.version) {
            data_key::remove(&mut conn, workspace, key.version).await?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Workspaces in pages.
#[derive(Default)]
pub(super) struct Workspaces(Option<WorkspaceId>);

impl Workspaces {
    pub(super) async fn next(&mut self, vault: &Vault) -> Result<Option<Vec<WorkspaceId>>> {
        let page = data_key::workspaces(&mut *vault.db.get().await?, self.0, BATCH).await?;
        self.0 = page.last().copied();
        Ok((!page.is_empty()).then_some(page))
    }
}

use chrono::{DateTime, Utc};
use posthaste_core::{Result, ids::WorkspaceId};
use posthaste_store::{
    data_key::{self, DataKey},
    sealed::{self, Count},
};
use serde::Serialize;

use super::{Vault, rotate::Workspaces};

/// A master key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Master {
    /// Its id.
    pub id: String,
    /// Whether it wraps new data keys.
    pub is_current: bool,
    /// How many data keys it wraps; one with none can be taken away.
    pub data_keys: i64,
}

/// A data key of a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Its number; 0 stands for what was sealed before there were data keys.
    pub version: i32,
    /// The master key that wraps it; none for 0.
    pub master_key: Option<String>,
    /// When it was made; none for 0.
    pub created_at: Option<DateTime<Utc>>,
    /// Whether the workspace seals with it.
    pub is_current: bool,
    /// How many values lie under it.
    pub values: i64,
}

/// The master keys; the data keys come in pages with [`Survey::next`].
pub struct Survey<'a> {
    vault: &'a Vault,
    pages: Workspaces,
    /// The present master key and those that still wrap something.
    pub masters: Vec<Master>,
}

/// Which keys there are, and what lies under them.
pub async fn survey(vault: &Vault) -> Result<Survey<'_>> {
    let current = vault.masters.current().await?;
    let mut masters: Vec<_> = data_key::by_master(&mut *vault.db.get().await?)
        .await?
        .into_iter()
        .map(|(id, data_keys)| Master {
            is_current: id == current,
            id,
            data_keys,
        })
        .collect();
    if !masters.iter().any(|master| master.is_current) {
        masters.push(Master {
            id: current,
            is_current: true,
            data_keys: 0,
        });
    }
    Ok(Survey {
        vault,
        pages: Workspaces::default(),
        masters,
    })
}

impl Survey<'_> {
    /// The data keys of the next workspaces; none at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<Version>>> {
        let Some(page) = self.pages.next(self.vault).await? else {
            return Ok(None);
        };
        let mut conn = self.vault.db.get().await?;
        let keys = data_key::of_workspaces(&mut conn, &page).await?;
        let counts = sealed::counts(&mut conn, &page).await?;
        let of = |workspace: &WorkspaceId| versions(*workspace, &keys, &counts);
        Ok(Some(page.iter().flat_map(of).collect()))
    }
}

fn versions(workspace: WorkspaceId, keys: &[DataKey], counts: &[Count]) -> Vec<Version> {
    let values = |version: i32| {
        let here = |count: &&Count| count.workspace == workspace && count.version == version;
        counts.iter().find(here).map_or(0, |count| count.values)
    };
    let keys: Vec<_> = keys
        .iter()
        .filter(|key| key.workspace_id == workspace)
        .collect();
    let before = (values(0) > 0).then(|| Version {
        workspace,
        version: 0,
        master_key: None,
        created_at: None,
        is_current: false,
        values: values(0),
    });
    let newest = keys.last().map(|key| key.version);
    let known = keys.iter().map(|key| Version {
        workspace,
        version: key.version,
        master_key: Some(key.master_key.clone()),
        created_at: Some(key.created_at),
        is_current: Some(key.version) == newest,
        values: values(key.version),
    });
    before.into_iter().chain(known).collect()
}

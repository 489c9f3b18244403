//! `sandbox.json`: where everything is, for examples and tests.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context;
use posthaste_postgres::Cluster;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{DATABASE, layout::Layout, seed::Seed, service::Service};

/// The content of `sandbox.json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts<'a> {
    api_url: String,
    graphql_url: String,
    ws_url: String,
    networks_url: String,
    workspace_id: &'a str,
    keys: &'a Map<String, Value>,
    people: &'a [Map<String, Value>],
    connections: &'a [Value],
    other: &'a Value,
    pids: BTreeMap<&'static str, u32>,
    database_url: Option<String>,
    clock_file: PathBuf,
}

impl<'a> Facts<'a> {
    /// Gathers the facts of this moment.
    pub fn new(
        layout: &Layout,
        seed: &'a Seed,
        postgres: Option<&Cluster>,
        services: &[Service],
    ) -> Self {
        let children = services
            .iter()
            .filter_map(|service| Some((service.name(), service.pid()?)));
        let postgres_pid = postgres.and_then(Cluster::pid).map(|pid| ("postgres", pid));
        let pids = children
            .chain(postgres_pid)
            .chain([("supervisor", std::process::id())]);
        Self {
            api_url: layout.api_url(),
            graphql_url: format!("{}/graphql", layout.api_url()),
            ws_url: format!("ws://127.0.0.1:{}/graphql", layout.port),
            networks_url: layout.networks_url(),
            workspace_id: &seed.workspace_id,
            keys: &seed.keys,
            people: &seed.people,
            connections: &seed.connections,
            other: &seed.other,
            pids: pids.collect(),
            database_url: postgres.map(|cluster| cluster.url(DATABASE)),
            clock_file: layout.clock_file(),
        }
    }
}

/// Writes JSON so that a reader sees the old file or the new one, never a part. Readable by the owner only.
pub fn write(path: &Path, content: &impl Serialize) -> anyhow::Result<()> {
    let part = path.with_extension("json.part");
    let mut text = serde_json::to_vec_pretty(content)?;
    text.push(b'\n');
    let open = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part);
    open.and_then(|mut file| file.write_all(&text))
        .and_then(|()| fs::rename(&part, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Removes a file that may be gone already.
pub fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

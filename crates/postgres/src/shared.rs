//! The one cluster that the tests of a checkout share: started by whoever needs it first, left running.

use std::{
    fs::{self, File, OpenOptions},
    path::{Path, PathBuf},
};

use anyhow::Context;

use crate::{
    find::{Binaries, Search, data_major},
    launch::{Durability, launch},
    place::Place,
    server::Server,
    sql,
};

/// The folder of this checkout's shared cluster: `<root>/target/test-postgres`.
pub fn default_home() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.ancestors()
        .nth(2)
        .unwrap_or(root)
        .join("target/test-postgres")
}

/// The connection string of the shared cluster's maintenance database, starting the cluster when it does not run.
///
/// `home` is the cluster's folder (`target/test-postgres`); a fetched PostgreSQL is looked for in
/// `.posthaste` beside `target`. Any number of processes may call this at once. The server outlives
/// the caller (two milliseconds when it runs already); [`stop_shared`] ends it. Fast and forgetful settings: for tests only.
pub async fn ensure_shared(home: &Path) -> anyhow::Result<String> {
    let place = Place::resolve(&data_dir(home))?;
    if let Some(url) = running(&place).await {
        return Ok(url);
    }
    let _lock = lock(home).await?;
    if let Some(url) = running(&place).await {
        return Ok(url);
    }
    if let Some(sick) = Server::on(&place.data) {
        sick.stop().await?;
    }
    let binaries = Binaries::find(&Search::from_env(&posthaste_home(home)))?;
    if data_major(&place.data).is_some_and(|major| major != binaries.major) {
        fs::remove_dir_all(&place.data)
            .with_context(|| format!("cannot remove {}", place.data.display()))?;
    }
    // Not waited for: it is to outlive us.
    drop(launch(&binaries, &place, Durability::Test).await?);
    Ok(sql::url(&place.socket, sql::MAINTENANCE))
}

/// An empty database of this name on the shared cluster, in place of an earlier one; its connection
/// string. Letters, digits and underscores only.
pub async fn fresh_database(home: &Path, name: &str) -> anyhow::Result<String> {
    let maintenance = ensure_shared(home).await?;
    let client = sql::connect(&maintenance).await?;
    let drop = format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)");
    client.batch_execute(&drop).await?;
    sql::create_database(&client, name).await?;
    Ok(sql::url(&Place::resolve(&data_dir(home))?.socket, name))
}

/// Stops the shared cluster and removes its data.
pub async fn remove_shared(home: &Path) -> anyhow::Result<()> {
    stop_shared(home).await?;
    Ok(crate::remove(&data_dir(home)).await?)
}

/// Stops the shared cluster; false when it did not run.
pub async fn stop_shared(home: &Path) -> anyhow::Result<bool> {
    let place = Place::resolve(&data_dir(home))?;
    let Some(server) = Server::on(&place.data) else {
        return Ok(false);
    };
    let _lock = lock(home).await?;
    server.stop().await?;
    Ok(true)
}

/// The connection string of the shared cluster when it runs and answers.
pub async fn shared_url(home: &Path) -> anyhow::Result<Option<String>> {
    Ok(running(&Place::resolve(&data_dir(home))?).await)
}

async fn running(place: &Place) -> Option<String> {
    Server::on(&place.data)?;
    let url = sql::url(&place.socket, sql::MAINTENANCE);
    sql::connect(&url).await.ok().map(|_| url)
}

fn data_dir(home: &Path) -> PathBuf {
    home.join("data")
}

/// `<root>/.posthaste` for `<root>/target/test-postgres`.
fn posthaste_home(home: &Path) -> PathBuf {
    let home = std::path::absolute(home).unwrap_or_else(|_| home.to_owned());
    home.ancestors().nth(2).unwrap_or(&home).join(".posthaste")
}

/// One starter at a time; the others wait and then find it running.
async fn lock(home: &Path) -> anyhow::Result<File> {
    let path = home.join("start.lock");
    fs::create_dir_all(home).with_context(|| format!("cannot create {}", home.display()))?;
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path);
    let file = file.with_context(|| format!("cannot write {}", path.display()))?;
    tokio::task::spawn_blocking(move || file.lock().map(|()| file))
        .await?
        .with_context(|| format!("cannot lock {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fetched_copy_is_looked_for_beside_the_target_folder() {
        assert_eq!(
            posthaste_home(Path::new("/clone/target/test-postgres")),
            Path::new("/clone/.posthaste")
        );
    }
}

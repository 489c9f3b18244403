//! The snapshot on disk: `networks.json`, and the copies of media beside it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use serde_json::Value;

use super::{media::MediaStore, state::State};

const FILE: &str = "networks.json";
const MEDIA: &str = "media";

/// Reads the snapshot in `folder`; none when there is none.
pub fn load(folder: &Path) -> anyhow::Result<Option<State>> {
    let path = folder.join(FILE);
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut state: State = serde_json::from_slice(&text)
        .with_context(|| format!("{} is no snapshot of this version", path.display()))?;
    state.media = MediaStore::read_from(&folder.join(MEDIA))?;
    Ok(Some(state))
}

/// Writes the snapshot by rename; its path.
pub fn write(state: &State, folder: &Path) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    state.media.write_to(&folder.join(MEDIA))?;
    let path = folder.join(FILE);
    let temporary = folder.join("networks.json.tmp");
    fs::write(&temporary, serde_json::to_vec(state)?)
        .with_context(|| format!("cannot write {}", temporary.display()))?;
    fs::rename(&temporary, &path)?;
    Ok(path)
}

/// Puts a snapshot in the place of `state`; the log file, media copies and request log stay.
pub fn restore(state: &mut State, snapshot: Value) -> serde_json::Result<()> {
    let mut restored: State = serde_json::from_value(snapshot)?;
    restored.log.take_file(&mut state.log);
    restored.media = std::mem::take(&mut state.media);
    restored.requests = std::mem::take(&mut state.requests);
    *state = restored;
    Ok(())
}

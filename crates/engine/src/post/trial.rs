use std::fmt;

use posthaste_core::Result;
use posthaste_store::{
    Tx,
    post::Post,
    target::{self, Target},
};

use super::{
    Preview,
    preview::{by_id, look, media_of},
};
use crate::{Actor, App};

/// What a dry run would have written.
pub struct Trial {
    /// All targets of the post, in order.
    pub targets: Vec<Target>,
    /// What each of their connections would get.
    pub previews: Vec<Preview>,
}

impl fmt::Debug for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trial")
            .field("targets", &self.targets)
            .finish_non_exhaustive()
    }
}

/// Looks at what a dry run is about to undo; nothing when it is none.
pub(super) async fn trial(
    app: &App,
    actor: &Actor,
    tx: &mut Tx,
    post: &Post,
) -> Result<Option<Trial>> {
    if !app.is_dry_run() {
        return Ok(None);
    }
    let targets = target::of_posts(tx, actor.workspace, &[post.id]).await?;
    let ids: Vec<_> = targets.iter().map(|row| row.connection_id).collect();
    let connections = by_id(tx, actor, &ids).await?;
    let media = media_of(tx, actor, &post.body).await?;
    let previews = targets
        .iter()
        .enumerate()
        .filter_map(|(index, row)| {
            let connection = connections.get(&row.connection_id)?;
            Some(look(
                app,
                &post.body,
                connection,
                index,
                &row.settings,
                &media,
            ))
        })
        .collect();
    Ok(Some(Trial { targets, previews }))
}

use std::fmt;

use posthaste_core::{Result, post::Problem};
use posthaste_store::{
    Tx,
    post::{self, Post},
    target::{self, Target},
};

use super::{
    Preview,
    preview::{by_id, look, media_of},
};
use crate::{Actor, App, governor::Outlay};

/// What a dry run would have written.
#[derive(Default)]
pub struct Trial {
    /// The targets concerned, in order.
    pub targets: Vec<Target>,
    /// What each of their connections would get; nothing where something is taken away.
    pub previews: Vec<Preview>,
    /// What publishing them would use up.
    pub outlay: Outlay,
}

impl Trial {
    /// Of a change that takes targets away: nothing goes out.
    pub(crate) fn away(targets: Vec<Target>) -> Self {
        Self {
            targets,
            ..Self::default()
        }
    }
}

impl fmt::Debug for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trial")
            .field("targets", &self.targets)
            .finish_non_exhaustive()
    }
}

/// A target after a change, and what a dry run of it shows.
#[derive(Debug)]
pub struct Changed {
    /// The target as it is now; of a dry run, as it would be.
    pub target: Target,
    /// What a person should know.
    pub warnings: Vec<Problem>,
    /// What a dry run would have done; nothing when it was none.
    pub trial: Option<Trial>,
}

/// Looks at what a dry run is about to undo; nothing when it is none.
pub(super) async fn trial(
    app: &App,
    actor: &Actor,
    tx: &mut Tx,
    post: &Post,
    outlay: Outlay,
) -> Result<Option<Trial>> {
    if !app.is_dry_run() {
        return Ok(None);
    }
    let targets = target::of_posts(tx, actor, &[post.id]).await?;
    let previews = previews(app, actor, tx, post, &targets).await?;
    Ok(Some(Trial {
        targets,
        previews,
        outlay,
    }))
}

/// As [`trial`], for a change of one target that goes out again.
pub(super) async fn trial_of(
    app: &App,
    actor: &Actor,
    tx: &mut Tx,
    row: &Target,
    outlay: Outlay,
) -> Result<Option<Trial>> {
    if !app.is_dry_run() {
        return Ok(None);
    }
    let targets = vec![row.clone()];
    let post = post::by_ids(tx, actor, &[row.post_id]).await?.pop();
    let previews = match post {
        Some(post) => previews(app, actor, tx, &post, &targets).await?,
        None => Vec::new(),
    };
    Ok(Some(Trial {
        targets,
        previews,
        outlay,
    }))
}

async fn previews(
    app: &App,
    actor: &Actor,
    tx: &mut Tx,
    post: &Post,
    targets: &[Target],
) -> Result<Vec<Preview>> {
    let ids: Vec<_> = targets.iter().map(|row| row.connection_id).collect();
    let connections = by_id(tx, actor, &ids).await?;
    let media = media_of(tx, actor, &post.body).await?;
    let looks = targets.iter().enumerate().filter_map(|(index, row)| {
        let connection = connections.get(&row.connection_id)?;
        let settings = &row.settings;
        Some(look(app, &post.body, connection, index, settings, &media))
    });
    Ok(looks.collect())
}

use std::{collections::HashSet, mem};

use posthaste_core::{Error, ErrorCode, Result, access::Permission, post::Problem};
use posthaste_store::Conn;

use super::{
    Chosen, NewPost, Violations,
    create::draw,
    targets::{Inspection, inspect},
    write::connections,
};
use crate::{Actor, App, preflight};

/// What a check of a post told.
#[derive(Debug)]
pub struct Validation {
    /// What forbids to schedule it, by the order of the input's fields.
    pub errors: Violations,
    /// What a person should know.
    pub warnings: Vec<Problem>,
}

/// Checks a post by the rules of scheduling, without writing anything.
pub async fn validate(app: &App, actor: &Actor, mut post: NewPost) -> Result<Validation> {
    actor.require(Permission::Read)?;
    let mut conn = app.db.get().await?;
    let Judgement {
        mut violations,
        seen,
        chosen,
    } = judge(app, &mut conn, actor, &mut post, true).await?;
    let mut warnings = Vec::new();
    if violations.is_empty() {
        let (_, rows) = draw(app, actor, post, &seen, chosen.as_ref());
        let pairs: Vec<_> = rows
            .iter()
            .filter_map(|row| Some((row, seen.connections.get(&row.connection_id)?)))
            .collect();
        // Nothing is written, so nobody waits for it.
        let booked = preflight::book(app, &actor.into(), &mut conn, &pairs, &[], false).await?;
        violations = booked.violations;
        warnings = booked.warnings;
    }
    Ok(Validation {
        errors: violations,
        warnings: seen.warnings.into_iter().chain(warnings).collect(),
    })
}

/// What could not be read and what the rules forbid, each place told once.
pub(super) fn together(unread: Violations, mut forbidden: Violations) -> Violations {
    let told: HashSet<_> = unread.iter().map(|error| &error.path).collect();
    forbidden.retain(|error| !told.contains(&error.path));
    unread.into_iter().chain(forbidden).collect()
}

/// Everything that can be said about a new post before it is written.
pub(super) struct Judgement {
    pub violations: Violations,
    pub seen: Inspection,
    pub chosen: Option<Chosen>,
}

/// Judges time, content and targets together. `strict`: as for scheduling, not as for a draft.
pub(super) async fn judge(
    app: &App,
    conn: &mut Conn,
    actor: &Actor,
    post: &mut NewPost,
    strict: bool,
) -> Result<Judgement> {
    let mut violations = Violations::new();
    let chosen = match post
        .schedule
        .as_ref()
        .map(|when| when.resolve(app.now()))
        .transpose()
    {
        Ok(chosen) => chosen,
        Err(error) => {
            violations.push(error.within(["schedule"]));
            None
        }
    };
    if strict && post.targets.is_empty() && actor.reach.is_whole() {
        let message = "There is nothing to publish to: the post has no target.";
        violations.push(Error::new(ErrorCode::TargetsRequired, message).at(["targets"]));
    }
    let mut seen = inspect(
        app,
        conn,
        actor,
        &post.body,
        &connections(&post.targets),
        strict,
    )
    .await?;
    violations.append(&mut seen.violations);
    let violations = together(mem::take(&mut post.unread), violations);
    seen.warnings
        .extend(chosen.as_ref().and_then(Chosen::warning));
    Ok(Judgement {
        violations,
        seen,
        chosen,
    })
}

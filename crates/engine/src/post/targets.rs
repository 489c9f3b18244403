use std::collections::HashMap;

use chrono::{DateTime, Utc};
use posthaste_core::{
    Error, ErrorCode, Result,
    ids::{ConnectionId, MediaId, TargetId},
    post::{PostBody, Problem, TargetSettings},
    preflight::next_look,
    target::{MisfirePolicy, State},
};
use posthaste_store::{
    Conn, Json,
    connection::{Connection, Status},
    media::Media,
    post::Post,
    target::{IfAbsent, Target},
};

use super::{
    Violations,
    actions::is_outcome_unknown,
    compose,
    preview::{at_input, by_id, media_of},
    when::Chosen,
};
use crate::{
    Actor, App,
    preflight::{account, stamp},
};

/// A connection a post is to go to.
#[derive(Clone, Debug)]
pub struct NewTarget {
    /// Id chosen by the client.
    pub id: Option<TargetId>,
    /// The connection.
    pub connection: ConnectionId,
    /// Board and the like.
    pub settings: TargetSettings,
    /// What to do when its time is missed.
    pub misfire: MisfirePolicy,
    /// What to do once an unknown call is proved to have published nothing.
    pub if_absent: IfAbsent,
}

impl NewTarget {
    /// A target with nothing special about it.
    pub fn to(connection: ConnectionId) -> Self {
        Self {
            id: None,
            connection,
            settings: TargetSettings::default(),
            misfire: MisfirePolicy::default(),
            if_absent: IfAbsent::default(),
        }
    }
}

/// What a look at body and connections told.
pub(super) struct Inspection {
    pub violations: Violations,
    pub warnings: Vec<Problem>,
    pub connections: HashMap<ConnectionId, Connection>,
}

/// Checks everything that can be known before publishing, but for what depends on the time.
/// `strict`: what a network would refuse is a violation; else (a draft) it is a warning.
pub(super) async fn inspect(
    app: &App,
    conn: &mut Conn,
    actor: &Actor,
    body: &PostBody,
    targets: &[(ConnectionId, TargetSettings)],
    strict: bool,
) -> Result<Inspection> {
    let ids: Vec<_> = targets.iter().map(|(id, _)| *id).collect();
    let of_variants = body
        .variants
        .iter()
        .filter_map(|variant| variant.connection);
    let connections = by_id(
        conn,
        actor,
        &ids.iter().copied().chain(of_variants).collect::<Vec<_>>(),
    )
    .await?;
    let media = media_of(conn, actor, body).await?;

    let mut violations = body.violations();
    violations.extend(missing_media(body, &media));
    violations.extend(missing_connections(body, &connections));
    if targets.is_empty() && !actor.reach.is_whole() {
        // It would be out of everybody's reach who is limited, its author's included.
        let message = "You are limited to some connections; name one of them.";
        violations.push(Error::new(ErrorCode::TargetsRequired, message).at(["targets"]));
    }
    let mut warnings = Vec::new();
    for (index, (id, settings)) in targets.iter().enumerate() {
        let at = [
            "targets".to_owned(),
            index.to_string(),
            "connectionId".to_owned(),
        ];
        if ids[..index].contains(id) {
            let message = "This connection stands among the targets already.";
            let duplicate = Error::new(ErrorCode::TargetDuplicate, message);
            violations.push(duplicate.at(at).about(id));
            continue;
        }
        let Some(connection) = connections.get(id) else {
            violations.push(Error::not_found("connection").at(at));
            continue;
        };
        for problem in account(app, connection, !media.is_empty(), &at) {
            if strict || connection.status == Status::Removed {
                violations.push(Error::from(problem).about(id));
            } else {
                warnings.push(Problem {
                    severity: posthaste_core::post::Severity::Warning,
                    ..problem
                });
            }
        }
        let composed = compose(app, body, connection, settings, None, &media);
        for problem in at_input(body, connection, index, composed.problems) {
            // Unknown media is told once for the post, not once for each target.
            if problem.code == ErrorCode::NotFound {
                continue;
            }
            if problem.is_error() && strict {
                violations.push(Error::from(problem).about(id));
            } else {
                warnings.push(Problem {
                    severity: posthaste_core::post::Severity::Warning,
                    ..problem
                });
            }
        }
    }
    violations.dedup_by(|a, b| a.code == b.code && a.path == b.path && a.message == b.message);
    Ok(Inspection {
        violations,
        warnings,
        connections,
    })
}

pub(super) fn missing_media(body: &PostBody, known: &HashMap<MediaId, Media>) -> Violations {
    let missing = |media: &[posthaste_core::post::MediaRef], prefix: Vec<String>| -> Violations {
        media
            .iter()
            .enumerate()
            .filter(|(_, item)| !known.contains_key(&item.id))
            .map(|(index, _)| {
                let path = ["media".to_owned(), index.to_string(), "id".to_owned()];
                Error::not_found("media").at(prefix.iter().cloned().chain(path))
            })
            .collect()
    };
    let mut found = missing(&body.content.media, Vec::new());
    for (index, variant) in body.variants.iter().enumerate() {
        if let Some(media) = &variant.media {
            found.extend(missing(
                media,
                vec!["variants".to_owned(), index.to_string()],
            ));
        }
    }
    found
}

fn missing_connections(body: &PostBody, known: &HashMap<ConnectionId, Connection>) -> Violations {
    let variants = body.variants.iter().enumerate();
    variants
        .filter(|(_, variant)| {
            variant
                .connection
                .is_some_and(|id| !known.contains_key(&id))
        })
        .map(|(index, _)| {
            Error::not_found("connection").at([
                "variants".to_owned(),
                index.to_string(),
                "connectionId".to_owned(),
            ])
        })
        .collect()
}

/// The row of a new target.
pub(super) fn row(
    app: &App,
    post: &Post,
    connection: &Connection,
    position: usize,
    new: &NewTarget,
    chosen: Option<&Chosen>,
) -> Target {
    let now = app.now();
    let mut row = Target {
        id: new
            .id
            .unwrap_or_else(|| TargetId::new(&*app.clock, &*app.random)),
        workspace_id: post.workspace_id,
        post_id: post.id,
        connection_id: connection.id,
        network: connection.network,
        position: position as i32,
        settings: Json(new.settings.clone()),
        state: State::Draft,
        version: 1,
        due_at: None,
        local_time: None,
        time_zone: None,
        misfire: new.misfire,
        if_absent: new.if_absent,
        late_ok: false,
        attempt: 0,
        token: 0,
        reconcile_after: None,
        misses: 0,
        progress: None,
        intent: None,
        read_back_from: None,
        remote_id: None,
        permalink: None,
        published_at: None,
        error_code: None,
        error_message: None,
        created_at: now,
        updated_at: now,
        words: None,
        kind: None,
        price: None,
        look_at: None,
        risks: Vec::new(),
        waits_until: None,
        budget_ok: false,
    };
    stamp(app, &post.body, connection, &mut row);
    if let Some(chosen) = chosen {
        set_time(&mut row, chosen, now);
    }
    row
}

/// Puts a target on the schedule, as if it had never been tried.
pub(super) fn set_time(row: &mut Target, chosen: &Chosen, now: DateTime<Utc>) {
    // It was dropped while it may have been live: first it is looked for, as it was sent.
    if is_outcome_unknown(row) {
        let sent_at = row.intent.as_ref().map_or(row.created_at, |json| json.0.at);
        row.read_back_from = Some(row.read_back_from.map_or(sent_at, |from| from.min(sent_at)));
    } else {
        row.intent = None;
    }
    row.state = State::Scheduled;
    row.due_at = Some(chosen.instant);
    row.local_time = chosen.local.as_ref().map(|(at, _)| *at);
    row.time_zone = chosen.local.as_ref().map(|(_, zone)| zone.clone());
    row.attempt = 0;
    row.misses = 0;
    row.late_ok = false;
    row.look_at = next_look(chosen.instant, now);
    row.risks.clear();
    row.waits_until = None;
    row.budget_ok = false;
    row.progress = None;
    row.error_code = None;
    row.error_message = None;
}

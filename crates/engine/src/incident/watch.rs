use chrono::TimeDelta;
use posthaste_core::{Result, event::EventType, incident::Rule};
use posthaste_store::incident as rows;
use serde_json::json;

use super::{Seen, see_alone};
use crate::App;

/// What the rules look back to. Looking each minute, nothing is missed between two looks.
const WINDOW: TimeDelta = TimeDelta::minutes(10);

/// From so many networks no program runs that moves: offices, a home and a train are fewer.
const NETWORKS: i64 = 10;

/// Somebody who tidies up deletes fewer things in ten minutes.
const DELETIONS: i64 = 50;

/// Deletions of what does not come back.
const DELETED: [EventType; 7] = [
    EventType::PostDeleted,
    EventType::MediaDeleted,
    EventType::TargetDeleted,
    EventType::ConnectionRemoved,
    EventType::MemberRemoved,
    EventType::TeamDeleted,
    EventType::WebhookDeleted,
];

/// Looks at what happened in the last ten minutes. Any number of processes may: an incident is opened once.
pub async fn watch(app: &App) -> Result<()> {
    let since = app.now() - WINDOW;
    let mut conn = app.db.get().await?;
    let keys = rows::keys_of_many_networks(&mut conn, since, NETWORKS).await?;
    let kinds = DELETED.map(EventType::as_str);
    let deletions = rows::deletions(&mut conn, &kinds, since, DELETIONS).await?;
    drop(conn);
    for key in keys {
        let seen = Seen {
            workspace: Some(key.workspace_id.into()),
            rule: Rule::KeyFromManyNetworks,
            subject: key.credential,
            detail: json!({ "networks": key.networks }),
        };
        see_alone(app, seen).await;
    }
    for deleted in deletions {
        let seen = Seen {
            workspace: Some(deleted.workspace_id.into()),
            rule: Rule::MassDeletion,
            subject: deleted.provenance.credential(),
            detail: json!({ "deletions": deleted.count, "minutes": WINDOW.num_minutes() }),
        };
        see_alone(app, seen).await;
    }
    Ok(())
}

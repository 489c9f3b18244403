//! What held late targets back, for their timelines.

use std::collections::HashMap;

use chrono::TimeDelta;
use posthaste_core::{Network, Result, ids::TargetId};
use posthaste_store::{
    Conn,
    lane::{self, Waited},
    network_state, place,
    target::Target,
};

use super::{
    obstacle::missed,
    verdict::{FOR_A_PLACE, Verdict},
    words::held_back,
};
use crate::App;

/// What is taken up later than this says what it waited for.
const LATE: TimeDelta = TimeDelta::seconds(2);

/// What becomes of a target that is late, as [`missed`] says; what its line waited for is read only then.
pub(super) async fn missed_its_time(app: &App, target: &Target) -> Result<Option<Verdict>> {
    let now = app.now();
    if missed(target, None, now).is_none() {
        return Ok(None);
    }
    let conn = &mut *app.db.get().await?;
    let place_at = place::awaited_until(conn, target.connection_id).await?;
    Ok(missed(target, place_at, now))
}

/// What the line or the network of each late target waited for since its time, in words; read only when there
/// are late ones.
pub(super) async fn waited(
    app: &App,
    conn: &mut Conn,
    targets: &[Target],
) -> Result<HashMap<TargetId, String>> {
    let now = app.now();
    let is_late = |target: &&Target| target.due_at.is_some_and(|due| now - due > LATE);
    let late: Vec<&Target> = targets.iter().filter(is_late).collect();
    if late.is_empty() {
        return Ok(HashMap::new());
    }
    let lines: Vec<_> = late.iter().map(|target| target.connection_id).collect();
    let lines: HashMap<_, _> = lane::waited(conn, &lines).await?.into_iter().collect();
    let networks = network_state::all(conn).await?;
    let network = |network: Network| {
        let state = networks.iter().find(|state| state.network == network)?;
        Some(Waited {
            until: state.blocked_until?,
            reason: state.block_reason.clone(),
        })
    };
    let told = late.into_iter().filter_map(|target| {
        let since_due = |waited: &Waited| {
            waited.until <= now && target.due_at.is_some_and(|due| due < waited.until)
        };
        let of_kind = target.waits_until.map(|until| Waited {
            until,
            reason: Some(FOR_A_PLACE.to_owned()),
        });
        let line = lines.get(&target.connection_id).cloned();
        let words = if let Some(of_kind) = of_kind.filter(since_due) {
            held_back("what is of its kind", &of_kind)
        } else if let Some(line) = line.filter(since_due) {
            held_back("the account", &line)
        } else {
            let network = network(target.network).filter(since_due)?;
            held_back(&format!("everything for {}", target.network), &network)
        };
        Some((target.id, words))
    });
    Ok(told.collect())
}

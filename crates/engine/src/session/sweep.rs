use chrono::TimeDelta;
use posthaste_core::Result;
use posthaste_store::{access, passkey};

use crate::App;

/// How long a session is kept that has ended: its person may still ask where it was opened from.
const KEPT: TimeDelta = TimeDelta::days(30);

/// Forgets sessions that ended a month ago, and what authenticators were asked and did not answer.
pub async fn sweep(app: &App) -> Result<()> {
    let now = app.now();
    let mut conn = app.db.get().await?;
    access::sweep_sessions(&mut conn, now - KEPT).await?;
    passkey::sweep_ceremonies(&mut conn, now).await?;
    Ok(())
}

//! What an operator does about people. These functions check no role: whoever may call them has the
//! server's configuration in hand.

use posthaste_core::{Error, ErrorCode, Provenance, Result};
use posthaste_store::{
    Conn,
    access::{self, User},
    audit::{self, NewEntry},
};
use serde_json::{Value, json};

use crate::App;

/// Shuts a person out: from the next request on their sessions and keys of their own open nothing. Their
/// sessions end for good. Whether they were not shut out before; `NOT_FOUND` for an unknown e-mail.
pub async fn disable(app: &App, email: &str) -> Result<bool> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    let user = by_email(&mut tx, email).await?;
    let changed = access::set_disabled(&mut tx, user.id, Some(now)).await?;
    let ended = access::revoke_sessions_of(&mut tx, user.id, None, now).await?;
    if changed {
        let detail = json!({ "sessions": ended });
        let entry = entry(app, "person.disabled", &user, detail);
        audit::append(&mut tx, None, &[entry]).await?;
    }
    tx.commit().await?;
    Ok(changed)
}

/// Lets a person in again who was shut out; whether they were.
pub async fn enable(app: &App, email: &str) -> Result<bool> {
    let mut tx = app.db.begin().await?;
    let user = by_email(&mut tx, email).await?;
    let changed = access::set_disabled(&mut tx, user.id, None).await?;
    if changed {
        let entry = entry(app, "person.enabled", &user, json!({}));
        audit::append(&mut tx, None, &[entry]).await?;
    }
    tx.commit().await?;
    Ok(changed)
}

/// Ends all of a person's sessions; how many there were.
pub async fn revoke_sessions(app: &App, email: &str) -> Result<usize> {
    let mut tx = app.db.begin().await?;
    let user = by_email(&mut tx, email).await?;
    let ended = access::revoke_sessions_of(&mut tx, user.id, None, app.now()).await?;
    if ended > 0 {
        let entry = entry(
            app,
            "person.sessions_revoked",
            &user,
            json!({ "sessions": ended }),
        );
        audit::append(&mut tx, None, &[entry]).await?;
    }
    tx.commit().await?;
    Ok(ended)
}

async fn by_email(conn: &mut Conn, email: &str) -> Result<User> {
    let found = access::user_by_email(conn, &email.trim().to_lowercase()).await?;
    found.ok_or_else(|| Error::new(ErrorCode::NotFound, "There is no person with this e-mail."))
}

fn entry(app: &App, act: &'static str, user: &User, detail: Value) -> NewEntry {
    NewEntry {
        at: app.now(),
        act,
        actor: Provenance::System.credential(),
        subject: Some(user.id.to_string()),
        detail,
    }
}

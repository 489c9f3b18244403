//! People who come by a provider for the first time.

use posthaste_core::{
    Error, ErrorCode, Provenance, Result,
    ids::{IdentityId, UserId},
    schedule,
};
use posthaste_store::{
    Tx,
    access::{self, User},
    audit::{self, NewEntry},
    identity::{self as rows, Identity},
};
use serde_json::json;

use super::{Settings, note, said::Said, step::invalid};
use crate::{
    App,
    member::invitation,
    person,
    session::{self, NewWorkspace},
};

/// What somebody says of the workspace that they found.
#[derive(Clone, Debug, Default)]
pub struct Newcomer {
    /// Its name; the person's own without.
    pub workspace: Option<String>,
    /// Its IANA zone; what the provider says of the person without, else UTC.
    pub time_zone: Option<String>,
}

impl Newcomer {
    /// Looks at what was said before a code is used up for it.
    pub(super) fn check(&self) -> Result<()> {
        if let Some(name) = &self.workspace {
            session::named(name).map_err(|error| error.at(["workspaceName"]))?;
        }
        if let Some(zone) = &self.time_zone {
            schedule::parse_zone(zone).map_err(|error| error.at(["timeZone"]))?;
        }
        Ok(())
    }
}

/// The identity that a provider's words make.
pub(super) fn identity(app: &App, by: &Settings, said: &Said, user: UserId) -> Identity {
    let now = app.now();
    Identity {
        id: IdentityId::new(&*app.clock, &*app.random),
        user_id: user,
        provider: by.name.clone(),
        issuer: said.issuer.clone(),
        subject: said.subject.clone(),
        email: said.email.clone(),
        linked_at: now,
        last_used_at: Some(now),
    }
}

/// A new person: a member of the workspace that has invited them, else with a workspace of their own where the operator lets their
/// domain register.
pub(super) async fn arrive(
    app: &App,
    by: &Settings,
    said: &Said,
    email: &str,
    newcomer: &Newcomer,
) -> Result<User> {
    let user = User {
        id: UserId::new(&*app.clock, &*app.random),
        email: session::address(email)?,
        name: name(said, email),
        password_hash: None,
        created_at: app.now(),
        disabled_at: None,
    };
    let identity = identity(app, by, said, user.id);
    // Somebody else may have become a person with this e-mail meanwhile.
    let taken = |error: Error| match error.code {
        ErrorCode::AlreadyExists => invalid(),
        _ => error,
    };
    let joined = invitation::join_invited(app, &user, &identity).await;
    if joined.map_err(taken)?.is_some() {
        return Ok(user);
    }
    if !by.may_register(email) {
        return Err(invalid());
    }
    let workspace = session::workspace_row(app, workspace(said, &user, newcomer))?;
    let mut tx = app.db.begin().await?;
    let written = write(app, &mut tx, &user, &identity).await;
    written.map_err(taken)?;
    person::found(app, &mut tx, &user, &workspace).await?;
    tx.commit().await?;
    Ok(user)
}

/// Writes a new person down with the identity they came with; `ALREADY_EXISTS` when either is somebody's.
pub(crate) async fn write(app: &App, tx: &mut Tx, user: &User, identity: &Identity) -> Result<()> {
    access::insert_user(tx, user).await?;
    rows::insert(tx, identity).await?;
    note(app, tx, "person.identity_linked", user.id, identity).await?;
    let entry = NewEntry {
        at: app.now(),
        act: "person.registered",
        actor: Provenance::Person { user: user.id }.credential(),
        subject: Some(user.id.to_string()),
        detail: json!({ "provider": identity.provider }),
    };
    audit::append(tx, None, &[entry]).await
}

/// What the provider calls the person, as a name is kept; else what stands before the `@`.
fn name(said: &Said, email: &str) -> String {
    let told = said.name.as_deref().unwrap_or_default();
    let plain = told.chars().map(|c| if c.is_control() { ' ' } else { c });
    let told: String = plain.take(100).collect();
    let local = email.split('@').next().unwrap_or(email);
    session::named(&told)
        .or_else(|_| session::named(&local.chars().take(100).collect::<String>()))
        .unwrap_or_else(|_| "New".to_owned())
}

fn workspace(said: &Said, user: &User, newcomer: &Newcomer) -> NewWorkspace {
    let told = said.zone.as_deref();
    let told = told.filter(|zone| schedule::parse_zone(zone).is_ok());
    let zone = newcomer.time_zone.as_deref().or(told).unwrap_or("UTC");
    NewWorkspace {
        id: None,
        name: newcomer.workspace.as_ref().unwrap_or(&user.name).clone(),
        time_zone: zone.to_owned(),
    }
}

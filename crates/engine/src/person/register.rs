use std::net::IpAddr;

use posthaste_core::{
    Error, ErrorCode, Provenance, Result,
    access::{Reach, Role},
    ids::{UserId, WorkspaceId},
    schedule,
    secret::Secret,
};
use posthaste_store::{
    Tx,
    access::{self, User},
    audit::{self, NewEntry},
    member,
    person::{self as rows, Purpose},
    workspace::{self, Workspace},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{email, finish, from_address, to_address, token};
use crate::{
    App,
    mail::{self, Letter},
    session::{self, NewWorkspace},
};

/// Somebody who wants to be a person here, with a workspace of their own.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The e-mail.
    pub email: String,
    /// The password.
    pub password: Secret,
    /// The name.
    pub name: String,
    /// The name of the workspace.
    pub workspace: String,
    /// Its IANA zone.
    pub time_zone: String,
}

/// A registration whose address is not shown to be theirs yet.
#[derive(Serialize, Deserialize)]
struct Pending {
    name: String,
    password_hash: String,
    workspace: String,
    time_zone: String,
}

/// Begins a registration and mails its token. The answer and the work are the same when the e-mail is somebody's
/// already: then the mail says so.
pub async fn register(
    app: &App,
    from: Option<IpAddr>,
    new: Registration,
) -> Result<(), Vec<Error>> {
    let app = &app.everywhere();
    let one = |error: Error| vec![error];
    if !app.people.is_open {
        let code = ErrorCode::RegistrationClosed;
        return Err(one(Error::new(code, code.title())));
    }
    mail::require(app).map_err(one)?;
    from_address(app, "register from", from)
        .await
        .map_err(one)?;
    let email = session::address(&new.email);
    let name = session::named(&new.name);
    let workspace = session::named(&new.workspace).map_err(|error| error.at(["workspaceName"]));
    let zone = schedule::parse_zone(&new.time_zone).map_err(|error| error.at(["timeZone"]));
    let (email, name, workspace, zone) = match (email, name, workspace, zone) {
        (Ok(email), Ok(name), Ok(workspace), Ok(zone)) => (email, name, workspace, zone),
        (email, name, workspace, zone) => {
            let errors = [email.err(), name.err(), workspace.err(), zone.err()];
            return Err(errors.into_iter().flatten().collect());
        }
    };
    let hash = session::password_hash(app, new.password, &[&email, &name]).await;
    let pending = Pending {
        password_hash: hash.map_err(one)?,
        name,
        workspace,
        time_zone: zone.name().to_owned(),
    };
    begin(app, &email, pending).await.map_err(one)
}

async fn begin(app: &App, email: &str, pending: Pending) -> Result<()> {
    if !to_address(app, "register to", email).await? {
        return Ok(());
    }
    let name = pending.name.clone();
    let data = serde_json::to_value(pending).map_err(Error::internal)?;
    let mut tx = app.db.begin().await?;
    let of = (None, Some(data));
    let letter = Letter::Registration { name };
    token::send(app, &mut tx, Purpose::Register, email, of, letter).await?;
    tx.commit().await
}

/// Who an address was shown to belong to.
#[derive(Clone, Copy, Debug)]
pub struct Verified {
    /// The person.
    pub user: UserId,
    /// The workspace that was founded; none when a person took another address.
    pub workspace: Option<WorkspaceId>,
}

/// Shows by a mailed token that an address is one's own: finishes a registration, or gives a person another
/// address. `TOKEN_INVALID` when the token is unknown, was used or is too old, or the address is somebody's by now.
pub async fn verify(app: &App, text: &str) -> Result<Verified> {
    let app = &app.everywhere();
    if text.starts_with(token::prefix(Purpose::Email)) {
        let user = email::confirm(app, text).await?;
        return Ok(Verified {
            user,
            workspace: None,
        });
    }
    let hash = token::hash(app, Purpose::Register, text)?;
    let mut tx = app.db.begin().await?;
    let taken = rows::take_token(&mut tx, Purpose::Register, &hash, app.now()).await?;
    let row = taken.ok_or_else(token::invalid)?;
    let pending: Pending =
        serde_json::from_value(row.data.unwrap_or_default()).map_err(Error::internal)?;
    let user = User {
        id: UserId::new(&*app.clock, &*app.random),
        email: row.email,
        name: pending.name,
        password_hash: Some(pending.password_hash),
        created_at: app.now(),
        disabled_at: None,
    };
    let workspace = session::workspace_row(
        app,
        NewWorkspace {
            id: None,
            name: pending.workspace,
            time_zone: pending.time_zone,
        },
    )?;
    let added = access::insert_user(&mut tx, &user).await;
    added.map_err(|error| match error.code {
        ErrorCode::AlreadyExists => token::invalid(),
        _ => error,
    })?;
    found(app, &mut tx, &user, &workspace).await?;
    finish(app, tx, "person.registered", user.id).await?;
    Ok(Verified {
        user: user.id,
        workspace: Some(workspace.id),
    })
}

/// Founds a workspace of a new person's own.
pub(crate) async fn found(
    app: &App,
    tx: &mut Tx,
    user: &User,
    workspace: &Workspace,
) -> Result<()> {
    workspace::insert(tx, workspace).await?;
    let (role, reach, now) = (Role::Owner, Reach::All, app.now());
    member::insert(tx, workspace.id, user.id, role, None, &reach, now).await?;
    rows::forget_tokens(tx, &user.email).await?;
    let entry = NewEntry {
        at: now,
        act: "workspace.founded",
        actor: Provenance::Person { user: user.id }.credential(),
        subject: Some(user.id.to_string()),
        detail: json!({ "ownerId": user.id, "name": user.name, "email": user.email }),
    };
    audit::append(tx, Some(workspace.id), &[entry]).await
}

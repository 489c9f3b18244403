//! People, workspaces and keys, as seeds and the operator's commands make them. These functions
//! check no role: whoever may call them has the server's configuration in hand.

use posthaste_core::{
    Error, ErrorCode, Provenance, Result,
    access::{Reach, Role},
    ids::{ApiKeyId, UserId, WorkspaceId},
    quota::{OverBudget, WhenFull},
    schedule,
    secret::Secret,
};
use posthaste_store::{
    Json,
    access::{self, User},
    audit::{self, NewEntry},
    key::{self, ApiKey},
    member,
    workspace::{self, Workspace},
};

use serde_json::json;

use super::{credential, keyed_hash, password};
use crate::{App, idempotency};

/// A person to be added.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// A chosen id; otherwise a new one.
    pub id: Option<UserId>,
    /// E-mail; kept in lower case.
    pub email: String,
    /// Name.
    pub name: String,
    /// Password: at least 8 characters.
    pub password: Secret,
}

/// A workspace to be added.
#[derive(Clone, Debug)]
pub struct NewWorkspace {
    /// A chosen id; otherwise a new one.
    pub id: Option<WorkspaceId>,
    /// Name.
    pub name: String,
    /// IANA zone.
    pub time_zone: String,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// The real thing: `phk_live_…`.
    Live,
    /// A sandbox: `phk_test_…`.
    Test,
}

impl KeyKind {
    /// The kind of keys that a server makes.
    pub(crate) fn of(app: &App) -> Self {
        if app.sandbox { Self::Test } else { Self::Live }
    }

    /// What its secrets begin with.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Live => "phk_live_",
            Self::Test => "phk_test_",
        }
    }
}

/// A key to be added.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// A chosen id; otherwise a new one.
    pub id: Option<ApiKeyId>,
    /// Name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// What it is for.
    pub kind: KeyKind,
}

/// A workspace with its owner, and the secret of the owner's key.
#[derive(Debug)]
pub struct Founded {
    /// The workspace.
    pub workspace: Workspace,
    /// Its owner.
    pub owner: User,
    /// The secret of a key that may do everything in it.
    pub key: Secret,
}

/// Adds a workspace, its owner and a live key for the owner's programs: all or nothing. Where there is
/// a workspace already, `ALREADY_EXISTS` unless `another` is wanted.
pub async fn found(
    app: &App,
    workspace: NewWorkspace,
    owner: NewUser,
    another: bool,
) -> Result<Founded> {
    let workspace = workspace_row(app, workspace)?;
    let owner = user_row(app, owner).await?;
    let key = NewKey {
        id: None,
        name: "First key".to_owned(),
        role: Role::Owner,
        kind: KeyKind::Live,
    };
    let secret = credential(key.kind.prefix(), idempotency::seed(app, None)?);
    let (key, hash) = key_row(app, workspace.id, key, &secret, Provenance::System)?;

    let mut tx = app.db.begin().await?;
    if workspace::any_for_update(&mut tx).await? && !another {
        return Err(Error::new(
            ErrorCode::AlreadyExists,
            "There is a workspace already.",
        ));
    }
    workspace::insert(&mut tx, &workspace).await?;
    access::insert_user(&mut tx, &owner).await?;
    member::insert(
        &mut tx,
        workspace.id,
        owner.id,
        Role::Owner,
        None,
        &Reach::All,
        app.now(),
    )
    .await?;
    key::insert(&mut tx, &key, &hash).await?;
    audit::append(&mut tx, Some(workspace.id), &[founded(app, &owner, &key)]).await?;
    tx.commit().await?;
    Ok(Founded {
        workspace,
        owner,
        key: secret,
    })
}

fn founded(app: &App, owner: &User, key: &ApiKey) -> NewEntry {
    NewEntry {
        at: app.now(),
        act: "workspace.founded",
        actor: Provenance::System.credential(),
        subject: Some(owner.id.to_string()),
        detail: json!({ "ownerId": owner.id, "name": owner.name, "email": owner.email, "keyId": key.id }),
    }
}

/// Adds a person; `ALREADY_EXISTS` when the e-mail is taken.
pub async fn create_user(app: &App, new: NewUser) -> Result<User> {
    let user = user_row(app, new).await?;
    access::insert_user(&mut *app.db.get().await?, &user).await?;
    Ok(user)
}

/// An e-mail address as it is kept, in lower case.
pub(crate) fn address(email: &str) -> Result<String> {
    let email = email.trim().to_lowercase();
    if email.len() > 254 || email.parse::<lettre::Address>().is_err() {
        return Err(
            Error::new(ErrorCode::InvalidInput, "This is not an e-mail address.").at(["email"]),
        );
    }
    Ok(email)
}

/// The row of a new person.
pub(crate) async fn user_row(app: &App, new: NewUser) -> Result<User> {
    let email = address(&new.email)?;
    let name = named(&new.name)?;
    let password_hash = password::hash(app, new.password, &[&email, &name]).await?;
    Ok(User {
        id: new
            .id
            .unwrap_or_else(|| UserId::new(&*app.clock, &*app.random)),
        email,
        name,
        password_hash: Some(password_hash),
        created_at: app.now(),
        disabled_at: None,
    })
}

/// Adds a workspace; `ALREADY_EXISTS` when its id is taken, `INVALID_TIME_ZONE` for an unknown zone.
pub async fn create_workspace(app: &App, new: NewWorkspace) -> Result<Workspace> {
    let workspace = workspace_row(app, new)?;
    let mut tx = app.db.begin().await?;
    workspace::insert(&mut tx, &workspace).await?;
    tx.commit().await?;
    Ok(workspace)
}

/// The row of a new workspace.
pub(crate) fn workspace_row(app: &App, new: NewWorkspace) -> Result<Workspace> {
    Ok(Workspace {
        deleted_at: None,
        erase_at: None,
        second_factor_required: false,
        when_full: WhenFull::Wait,
        over_budget: OverBudget::Hold,
        id: new
            .id
            .unwrap_or_else(|| WorkspaceId::new(&*app.clock, &*app.random)),
        name: named(&new.name)?,
        time_zone: schedule::parse_zone(&new.time_zone)?.name().to_owned(),
        created_at: app.now(),
    })
}

/// Makes a person a member; `ALREADY_EXISTS` when already one.
pub async fn add_member(app: &App, workspace: WorkspaceId, user: UserId, role: Role) -> Result<()> {
    let mut conn = app.db.get().await?;
    member::insert(
        &mut conn,
        workspace,
        user,
        role,
        None,
        &Reach::All,
        app.now(),
    )
    .await
}

/// Makes an API key. The secret is returned this once; only its keyed hash is kept.
pub async fn create_key(
    app: &App,
    workspace: WorkspaceId,
    new: NewKey,
) -> Result<(Secret, ApiKey)> {
    let secret = credential(new.kind.prefix(), idempotency::seed(app, None)?);
    let (key, hash) = key_row(app, workspace, new, &secret, Provenance::System)?;
    key::insert(&mut *app.db.get().await?, &key, &hash).await?;
    Ok((secret, key))
}

/// The row of a new key, and the keyed hash of its secret.
pub(crate) fn key_row(
    app: &App,
    workspace: WorkspaceId,
    new: NewKey,
    secret: &Secret,
    by: Provenance,
) -> Result<(ApiKey, Vec<u8>)> {
    let key = ApiKey {
        id: new
            .id
            .unwrap_or_else(|| ApiKeyId::new(&*app.clock, &*app.random)),
        workspace_id: workspace,
        name: named(&new.name)?,
        role: new.role,
        prefix: Some(shown_prefix(secret)),
        provenance: Some(Json(by)),
        created_at: app.now(),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        old_expires_at: None,
        own: None,
        user_id: None,
        connection_ids: None,
    };
    let hash = keyed_hash(&app.secret, secret.expose())?;
    Ok((key, hash))
}

/// How much of a key's secret people may see later: its kind and four of 43 characters.
pub(crate) fn shown_prefix(secret: &Secret) -> String {
    secret.expose().chars().take(13).collect()
}

/// A key of a sandbox's sample workspace: its secret follows from the server's secret and the id, so
/// that a second call returns the same. The sandbox's networks are simulated; nothing real is opened.
pub async fn sample_key(
    app: &App,
    workspace: WorkspaceId,
    id: ApiKeyId,
    role: Role,
) -> Result<Secret> {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    let bytes = keyed_hash(&app.secret, &format!("sample key {id}"))?;
    let secret = Secret::new(format!("phk_test_{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)));
    let name = format!("Sandbox {}", role.as_str().to_ascii_lowercase());
    let new = NewKey {
        id: Some(id),
        name,
        role,
        kind: KeyKind::Test,
    };
    let (key, hash) = key_row(app, workspace, new, &secret, Provenance::System)?;
    match key::insert(&mut *app.db.get().await?, &key, &hash).await {
        Err(error) if error.code != ErrorCode::AlreadyExists => Err(error),
        _ => Ok(secret),
    }
}

/// A name as it is kept; `INVALID_INPUT` when it is empty or too long.
pub(crate) fn named(name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(
            Error::new(ErrorCode::InvalidInput, "A name has 1 to 100 characters.").at(["name"]),
        );
    }
    Ok(name.to_owned())
}

//! Invitations: who manages members asks somebody by e-mail, with a role not above their own. The token
//! works once, for seven days, and only as long as whoever asked may still ask. It is mailed where mail is
//! configured, and handed to whoever invites in any case.

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Error, ErrorCode, Provenance, Result,
    access::{Permission, Reach, Role},
    event::EventType,
    ids::{ConnectionId, InvitationId, MailId, UserId, WorkspaceId},
    secret::Secret,
};
use posthaste_store::{
    Json, Page, PageRequest, Tx,
    access::{self, User},
    identity::Identity,
    invitation::{self as rows, Invitation, Status},
    member, standing, workspace,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    Actor, App, change,
    idempotency::Once,
    identity,
    mail::{self, Letter, Outgoing},
    role::{self, Choice},
    session::{self, Client, NewUser},
};

/// How long an invitation can be accepted.
pub const LIFE: TimeDelta = TimeDelta::days(7);

/// What every token begins with.
pub(crate) const PREFIX: &str = "phi_";

/// Longer texts are no token of ours.
const MAX_TOKEN: usize = 100;

/// The position of an invitation in its list: when it was made, and its id.
pub type Key = (Option<DateTime<Utc>>, Uuid);

/// Who is to be invited.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The e-mail.
    pub email: String,
    /// The role.
    pub role: Choice,
    /// The connections that the person is to be limited to; all without.
    pub connections: Option<Vec<ConnectionId>>,
}

/// Invites somebody. The token is returned this once; only a keyed hash is kept. With `once` the request
/// may have come this far in an earlier run: then the answer is the invitation that was made there.
pub async fn create(
    app: &App,
    actor: &Actor,
    wanted: Wanted,
    once: Option<&Once>,
) -> Result<(Secret, Invitation), Vec<Error>> {
    let one = |error: Error| vec![error];
    actor.require(Permission::ManageMembers).map_err(one)?;
    if let Some(made) = made_before(app, actor, once).await.map_err(one)? {
        return Ok(made);
    }
    let email = session::address(&wanted.email);
    let begun = change::begin(app, actor, Permission::ManageMembers).await;
    let (mut tx, actor) = begun.map_err(one)?;
    let actor = &actor;
    let held = role::choose(&mut tx, actor, wanted.role).await;
    let (email, held) = match (email, held) {
        (Ok(email), Ok(held)) => (email, held),
        (email, held) => return Err([email.err(), held.err()].into_iter().flatten().collect()),
    };
    by_person_for_owner(app, actor, held.role).map_err(one)?;
    let reach = super::limit(&mut tx, actor, held.role, wanted.connections).await;
    let reach = reach.map_err(one)?;
    let now = app.now();
    let row = Invitation {
        id: once.map_or_else(|| InvitationId::new(&*app.clock, &*app.random), Once::id),
        workspace_id: actor.workspace,
        email,
        role: held.role,
        role_id: held.role_id.map(Into::into),
        provenance: Json(actor.provenance.clone()),
        created_at: now,
        sent_at: now,
        expires_at: now + LIFE,
        accepted_at: None,
        revoked_at: None,
        user_id: None,
        connection_ids: reach.ids(),
    };
    insert(app, actor, tx, row, once).await.map_err(one)
}

/// As in [`super::update`], a key asks nobody to be an owner, and a person has shown lately who they are.
fn by_person_for_owner(app: &App, actor: &Actor, role: Role) -> Result<()> {
    if role == Role::Owner {
        super::person(actor)?;
        actor.require_fresh(app.now())?;
    }
    Ok(())
}

/// What an earlier run of the request made.
async fn made_before(
    app: &App,
    actor: &Actor,
    once: Option<&Once>,
) -> Result<Option<(Secret, Invitation)>> {
    let Some(once) = once.filter(|once| once.is_repeat()) else {
        return Ok(None);
    };
    let mut conn = app.db.get().await?;
    let found = rows::by_ids(&mut conn, actor.workspace, &[once.id()]).await?;
    let is_ours = |row: &Invitation| once.made(actor, &row.provenance, row.created_at);
    let made = found.into_iter().find(is_ours);
    made.map(|row| Ok((mail::token(app, PREFIX, once.id())?, row)))
        .transpose()
}

/// The mail that brings an invitation, and the token in it: the same in every run of the request.
fn token(app: &App, once: Option<&Once>) -> Result<(MailId, Secret)> {
    let mail = once.map_or_else(|| mail::new_id(app), Once::id);
    Ok((mail, mail::token(app, PREFIX, mail)?))
}

/// Sends an invitation's present token; a mail with the one before need not go out any more.
async fn send(app: &App, tx: &mut Tx, row: &Invitation, mail: MailId) -> Result<()> {
    posthaste_store::mail::forget_about(tx, row.id).await?;
    let workspace = workspace::get(tx, row.workspace_id).await?;
    let mail = Outgoing {
        id: mail,
        workspace: Some(workspace.id),
        to: row.email.clone(),
        about: row.id.uuid(),
        letter: Letter::Invitation {
            workspace: workspace.name,
        },
    };
    mail::queue(app, tx, mail).await
}

async fn insert(
    app: &App,
    actor: &Actor,
    mut tx: Tx,
    row: Invitation,
    once: Option<&Once>,
) -> Result<(Secret, Invitation)> {
    let taken = |message: &str| Error::new(ErrorCode::AlreadyExists, message).at(["email"]);
    let member = member::by_email(&mut tx, actor.workspace, &row.email).await?;
    if member.is_some() {
        return Err(taken("This person is a member already."));
    }
    if let Some(pending) = rows::pending(&mut tx, actor.workspace, &row.email).await? {
        let message = "There is an invitation for this e-mail already; send that one again.";
        return Err(taken(message).about(pending.id));
    }
    let (mail, token) = token(app, once)?;
    let hash = session::keyed_hash(&app.secret, token.expose())?;
    rows::insert(&mut tx, &row, &hash)
        .await
        .map_err(|error| error.at(["email"]))?;
    send(app, &mut tx, &row, mail).await?;
    finish(app, actor, tx, EventType::InvitationCreated, told(&row)).await?;
    Ok((token, row))
}

/// What an event says of an invitation. The e-mail stays out of the log: who is no member has no part in it.
fn told(row: &Invitation) -> Value {
    json!({
        "invitationId": row.id, "role": row.role, "roleId": row.custom_role(), "expiresAt": row.expires_at,
    })
}

async fn finish(app: &App, actor: &Actor, tx: Tx, kind: EventType, data: Value) -> Result<()> {
    let event = app.event(actor, kind, data);
    change::finish(app, actor, tx, &[event]).await
}

/// An invitation locked for a change behind the workspace, which is neither accepted nor taken back.
async fn open(app: &App, actor: &Actor, id: InvitationId) -> Result<(Tx, Actor, Invitation)> {
    let (mut tx, actor) = change::begin(app, actor, Permission::ManageMembers).await?;
    let row = rows::lock(&mut tx, actor.workspace, id).await?;
    let message = match row.status(app.now()) {
        Status::Accepted => "The invitation was accepted.",
        Status::Revoked => "The invitation was taken back; make a new one.",
        Status::Open | Status::Expired => return Ok((tx, actor, row)),
    };
    Err(Error::new(ErrorCode::InvalidState, message))
}

/// Gives an invitation a new token, returned this once, and seven more days; the token before is worth
/// nothing from now on. Whoever does it asks from now on.
pub async fn resend(
    app: &App,
    actor: &Actor,
    id: InvitationId,
    once: Option<&Once>,
) -> Result<(Secret, Invitation)> {
    let (mut tx, actor, mut row) = open(app, actor, id).await?;
    let actor = &actor;
    let given = role::carries(&mut tx, actor.workspace, row.role, row.custom_role()).await?;
    actor.require_all(given)?;
    by_person_for_owner(app, actor, row.role)?;
    let (mail, token) = token(app, once)?;
    let hash = session::keyed_hash(&app.secret, token.expose())?;
    if once.is_some_and(Once::is_repeat) && rows::has(&mut tx, id, &hash).await? {
        return Ok((token, row));
    }
    row.provenance = Json(actor.provenance.clone());
    row.sent_at = app.now();
    row.expires_at = row.sent_at + LIFE;
    rows::renew(&mut tx, &row, &hash).await?;
    send(app, &mut tx, &row, mail).await?;
    finish(app, actor, tx, EventType::InvitationResent, told(&row)).await?;
    Ok((token, row))
}

/// Takes an invitation back.
pub async fn revoke(app: &App, actor: &Actor, id: InvitationId) -> Result<Invitation> {
    let (mut tx, actor, mut row) = open(app, actor, id).await?;
    let actor = &actor;
    let now = app.now();
    rows::revoke(&mut tx, id, now).await?;
    posthaste_store::mail::forget_about(&mut tx, id).await?;
    row.revoked_at = Some(now);
    finish(app, actor, tx, EventType::InvitationRevoked, told(&row)).await?;
    Ok(row)
}

/// What somebody without an account says of themselves, or with one to show that it is theirs.
#[derive(Clone, Debug, Default)]
pub struct Newcomer {
    /// The name of a new person.
    pub name: Option<String>,
    /// The password: a new person's, or the one of the account.
    pub password: Option<Secret>,
    /// The program that asks.
    pub client: Client,
}

/// What came of accepting.
#[derive(Clone, Copy, Debug)]
pub struct Accepted {
    /// Where the person is a member now.
    pub workspace: WorkspaceId,
    /// The person.
    pub user: UserId,
    /// With which role.
    pub role: Role,
}

fn invalid() -> Error {
    Error::new(
        ErrorCode::InvitationInvalid,
        ErrorCode::InvitationInvalid.title(),
    )
    .at(["token"])
}

/// Makes whoever was invited a member. An account of the e-mail is shown by its session (`caller`) or its
/// password; where there is none, one is made. `INVITATION_INVALID` when the token is unknown, was used
/// or taken back, is too old, or whoever asked may no longer ask.
pub async fn accept(
    app: &App,
    caller: Option<&Actor>,
    token: &str,
    newcomer: Newcomer,
) -> Result<Accepted> {
    if !token.starts_with(PREFIX) || token.len() > MAX_TOKEN {
        return Err(invalid());
    }
    let hash = session::keyed_hash(&app.secret, token)?;
    // Whoever was invited is not within the workspace yet.
    let app = &app.everywhere();
    let mut conn = app.db.get().await?;
    let found = rows::by_hash(&mut conn, &hash).await?;
    let open = |row: &Invitation| row.status(app.now()) == Status::Open;
    let row = found.filter(open).ok_or_else(invalid)?;
    let known = access::user_by_email(&mut conn, &row.email).await?;
    drop(conn);
    let (user, is_new) = match known {
        Some(user) => (own(app, caller, user, newcomer).await?, false),
        None => (made(app, &row, newcomer).await?, true),
    };
    let newcomer = is_new.then_some(Arrival {
        user: &user,
        identity: None,
    });
    join(app, &row, Some(&hash), user.id, newcomer).await
}

/// The account of the e-mail, if the caller shows that it is theirs.
async fn own(app: &App, caller: Option<&Actor>, user: User, newcomer: Newcomer) -> Result<User> {
    let signed_in = caller.map(|actor| &actor.provenance);
    if signed_in == Some(&Provenance::Person { user: user.id }) {
        return Ok(user);
    }
    let password = newcomer.password.ok_or_else(|| {
        let message = "There is an account for this e-mail: sign in and accept with that session, or give its password.";
        Error::new(ErrorCode::InvalidInput, message).at(["password"])
    })?;
    let proof = password.into();
    let (user, _) = session::recognise(app, &user.email, proof, &newcomer.client).await?;
    Ok(user)
}

/// An account for the e-mail of an invitation, not yet written.
async fn made(app: &App, row: &Invitation, newcomer: Newcomer) -> Result<User> {
    let missing = |field: &str| {
        let message =
            "There is no account for this e-mail yet: give a name and a password for one.";
        Error::new(ErrorCode::InvalidInput, message).at([field])
    };
    let new = NewUser {
        id: None,
        email: row.email.clone(),
        name: newcomer.name.ok_or_else(|| missing("name"))?,
        password: newcomer.password.ok_or_else(|| missing("password"))?,
    };
    session::user_row(app, new).await
}

/// A person who is not written down yet, and the identity they came with.
#[derive(Clone, Copy)]
struct Arrival<'a> {
    user: &'a User,
    identity: Option<&'a Identity>,
}

/// Makes a new person a member of the workspace that has asked their e-mail first and still may. The e-mail is shown to be theirs by a
/// provider; none when nobody asks them.
pub(crate) async fn join_invited(
    app: &App,
    user: &User,
    identity: &Identity,
) -> Result<Option<Accepted>> {
    let arrival = Arrival {
        user,
        identity: Some(identity),
    };
    let mut conn = app.db.get().await?;
    let open = rows::open_for(&mut conn, &user.email, app.now()).await?;
    drop(conn);
    for row in open {
        match join(app, &row, None, user.id, Some(arrival)).await {
            Err(error) if error.code == ErrorCode::InvitationInvalid => {}
            Err(error) if error.code == ErrorCode::NotFound => {}
            joined => return joined.map(Some),
        }
    }
    Ok(None)
}

async fn join(
    app: &App,
    seen: &Invitation,
    hash: Option<&[u8]>,
    user: UserId,
    arrival: Option<Arrival<'_>>,
) -> Result<Accepted> {
    let workspace = seen.workspace_id;
    let mut tx = app.db.begin().await?;
    workspace::hold(&mut tx, workspace).await?;
    let row = rows::lock(&mut tx, workspace, seen.id).await?;
    // Meanwhile it may have been used, taken back or sent again.
    let is_present = match hash {
        Some(hash) => rows::has(&mut tx, row.id, hash).await?,
        None => true,
    };
    if row.status(app.now()) != Status::Open || !is_present {
        return Err(invalid());
    }
    let asked_by = standing::of(&mut tx, workspace, &row.provenance, app.now()).await?;
    let given = role::carries(&mut tx, workspace, row.role, row.custom_role()).await?;
    let may_ask = asked_by.is_some_and(|by| {
        let may = by.rights.everywhere();
        may.contains(Permission::ManageMembers) && may.covers(given)
    });
    if !may_ask {
        return Err(invalid());
    }
    if let Some(arrival) = arrival {
        match arrival.identity {
            Some(identity) => identity::write(app, &mut tx, arrival.user, identity).await?,
            None => access::insert_user(&mut tx, arrival.user).await?,
        }
    }
    let now = app.now();
    let reach = Reach::from(row.connection_ids.clone());
    let role_id = row.custom_role();
    member::insert(&mut tx, workspace, user, row.role, role_id, &reach, now).await?;
    rows::accept(&mut tx, row.id, user, now).await?;
    let actor = Actor::new(workspace, row.role, Provenance::Person { user });
    let data = json!({
        "userId": user, "role": row.role, "roleId": row.custom_role(), "invitationId": row.id,
    });
    finish(app, &actor, tx, EventType::MemberAdded, data).await?;
    Ok(Accepted {
        workspace,
        user,
        role: row.role,
    })
}

/// The invitation with an id.
pub async fn get(app: &App, actor: &Actor, id: InvitationId) -> Result<Invitation> {
    let mut found = by_ids(app, actor, &[id]).await?;
    found.pop().ok_or_else(|| Error::not_found("invitation"))
}

/// The invitations with these ids, in no order.
pub async fn by_ids(app: &App, actor: &Actor, ids: &[InvitationId]) -> Result<Vec<Invitation>> {
    actor.require(Permission::ManageMembers)?;
    rows::by_ids(&mut *app.db.get().await?, actor.workspace, ids).await
}

/// A page of invitations, newest first; `pending_only` leaves out those that were accepted or taken back.
pub async fn list(
    app: &App,
    actor: &Actor,
    pending_only: bool,
    page: &PageRequest<Key>,
) -> Result<Page<Invitation>> {
    actor.require(Permission::ManageMembers)?;
    rows::list(
        &mut *app.db.get().await?,
        actor.workspace,
        pending_only,
        page,
    )
    .await
}

/// How many there are.
pub async fn count(app: &App, actor: &Actor, pending_only: bool) -> Result<i64> {
    actor.require(Permission::ManageMembers)?;
    rows::count(&mut *app.db.get().await?, actor.workspace, pending_only).await
}

/// Something a person can do with an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Give it a new token and end.
    Resend,
    /// Take it back.
    Revoke,
}

/// What can be done with an invitation now by those who see it; a role above one's own is refused all the same.
pub fn allowed_actions(app: &App, row: &Invitation) -> Vec<Action> {
    match row.status(app.now()) {
        Status::Open | Status::Expired => vec![Action::Resend, Action::Revoke],
        Status::Accepted | Status::Revoked => Vec::new(),
    }
}

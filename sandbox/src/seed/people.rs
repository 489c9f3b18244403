use posthaste_core::{
    Error, ErrorCode, Network,
    access::Role,
    ids::{UserId, WorkspaceId},
    secret::Secret,
};
use posthaste_engine::{
    Actor, App,
    sandbox::{connect, sample},
    session::{self, NewUser, NewWorkspace},
};
use posthaste_store::connection::Connection;
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Control;

/// The one password of all sample people.
const PASSWORD: &str = "harbor-street-1904";

/// The sample people of the first workspace.
const PEOPLE: [(&str, &str, Role); 4] = [
    ("Ada Kovač", "ada@harborstreet.example", Role::Owner),
    ("Noor Haddad", "noor@harborstreet.example", Role::Admin),
    ("Ben Okafor", "ben@harborstreet.example", Role::Editor),
    ("Vera Lindqvist", "vera@harborstreet.example", Role::Viewer),
];

/// A sample person with the way to sign in.
#[derive(Debug, Serialize)]
pub struct Person {
    name: &'static str,
    email: &'static str,
    password: &'static str,
    role: &'static str,
}

/// Whom and what the sample workspaces hold; written to `sandbox.json`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    workspace_id: WorkspaceId,
    keys: Map<String, Value>,
    people: Vec<Person>,
    connections: Vec<Value>,
    other: Value,
}

fn id(number: u128) -> Uuid {
    // A fixed UUIDv7 of 22 November 2026, so that ids in examples stay the same.
    Uuid::from_u128(0x019a_aaaa_0000_7000_8000_0000_0000_0000 + number)
}

/// Fills an empty database; what is there already stays. A second call returns what the first did.
pub async fn seed(app: &App, control: &Control) -> anyhow::Result<Facts> {
    let main = workspace(app, 1, "Harbor Street Bakery", "Europe/Paris").await?;
    let other = workspace(app, 2, "Northwind Journal", "America/New_York").await?;
    let keys = keys(app, main.id, 1).await?;
    let other_keys = keys_of(app, other.id, 2, &[Role::Owner]).await?;
    for (number, (name, email, role)) in PEOPLE.into_iter().enumerate() {
        person(app, &main, number as u128 + 1, name, email, role).await?;
    }
    person(
        app,
        &other,
        100,
        "Iris Novak",
        "iris@northwind.example",
        Role::Owner,
    )
    .await?;
    let connections = accounts(app, &main, control, &[0, 1]).await?;
    let others = accounts(app, &other, control, &[1]).await?;
    if main.is_new {
        sample::fill(app, &main.owner()).await?;
    }
    Ok(Facts {
        workspace_id: main.id,
        keys,
        people: PEOPLE
            .map(|(name, email, role)| Person {
                name,
                email,
                password: PASSWORD,
                role: role.as_str(),
            })
            .into(),
        connections: connections.iter().map(shown).collect(),
        other: json!({
            "workspaceId": other.id, "keys": other_keys, "connections": others.iter().map(shown).collect::<Vec<_>>(),
        }),
    })
}

struct Place {
    id: WorkspaceId,
    is_new: bool,
}

impl Place {
    fn owner(&self) -> Actor {
        Actor::system(self.id)
    }
}

async fn workspace(app: &App, number: u128, name: &str, zone: &str) -> anyhow::Result<Place> {
    let new = NewWorkspace {
        id: Some(id(number).into()),
        name: name.to_owned(),
        time_zone: zone.to_owned(),
    };
    let is_new = unless_there(session::create_workspace(app, new).await)?.is_some();
    Ok(Place {
        id: id(number).into(),
        is_new,
    })
}

async fn keys(
    app: &App,
    workspace: WorkspaceId,
    number: u128,
) -> anyhow::Result<Map<String, Value>> {
    keys_of(
        app,
        workspace,
        number,
        &[Role::Owner, Role::Admin, Role::Editor, Role::Viewer],
    )
    .await
}

async fn keys_of(
    app: &App,
    workspace: WorkspaceId,
    number: u128,
    roles: &[Role],
) -> anyhow::Result<Map<String, Value>> {
    let mut keys = Map::new();
    for (index, role) in roles.iter().enumerate() {
        let name = role.as_str().to_ascii_lowercase();
        let secret = session::sample_key(
            app,
            workspace,
            id(number * 1000 + index as u128).into(),
            *role,
        )
        .await?;
        keys.insert(name, secret.expose().into());
    }
    Ok(keys)
}

async fn person(
    app: &App,
    place: &Place,
    number: u128,
    name: &str,
    email: &str,
    role: Role,
) -> anyhow::Result<()> {
    if !place.is_new {
        return Ok(());
    }
    let user: UserId = id(10_000 + number).into();
    let new = NewUser {
        id: Some(user),
        email: email.to_owned(),
        name: name.to_owned(),
        password: Secret::new(PASSWORD),
    };
    if unless_there(session::create_user(app, new).await)?.is_some() {
        session::add_member(app, place.id, user, role).await?;
    }
    Ok(())
}

/// Connects the accounts at these positions on every network, at the first time only.
async fn accounts(
    app: &App,
    place: &Place,
    control: &Control,
    which: &[usize],
) -> anyhow::Result<Vec<Connection>> {
    let owner = place.owner();
    if place.is_new {
        for position in which {
            for network in Network::ALL {
                let offered = control.accounts(network).await?;
                let account = offered
                    .get(*position)
                    .ok_or_else(|| anyhow::anyhow!("{network} has no sample accounts"))?;
                connect(app, &owner, network, &account.id).await?;
            }
        }
    }
    let page = posthaste_store::PageRequest {
        limit: 100,
        after: None,
        before: None,
        from_end: false,
    };
    Ok(posthaste_engine::connection::list(
        app,
        &owner,
        &posthaste_store::connection::Filter::default(),
        &page,
    )
    .await?
    .rows)
}

fn shown(row: &Connection) -> Value {
    json!({
        "id": row.id, "network": row.network, "name": row.name, "username": row.username,
        "remoteId": row.remote_id, "defaultBoardId": row.default_destination,
    })
}

fn unless_there<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(made) => Ok(Some(made)),
        Err(error) if error.code == ErrorCode::AlreadyExists => Ok(None),
        Err(error) => Err(error),
    }
}

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use posthaste_engine::{Actor, session::Identity};
use posthaste_store::access;

use crate::graphql::{
    context::both,
    developer::ApiKey,
    scalars::{self, Permission, Role},
    workspace::Workspace,
};

/// What kind of caller it is.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewerKind {
    /// A signed-in person.
    Person,
    /// A program with an API key.
    Key,
    /// An app of others, for a person.
    App,
}

/// Who asks.
pub struct Viewer {
    pub(super) identity: Identity,
    pub(super) actor: Actor,
}

/// Who asks: a signed-in person, a program with an API key or an app of others, in one workspace.
#[Object]
impl Viewer {
    /// Whether it is a person, a program or an app.
    async fn kind(&self) -> ViewerKind {
        match self.identity {
            Identity::Person(_) => ViewerKind::Person,
            Identity::App(..) => ViewerKind::App,
            Identity::Key(_) | Identity::System => ViewerKind::Key,
        }
    }

    /// The app, if it is one.
    async fn app(&self) -> Option<ViewerApp> {
        match &self.identity {
            Identity::App(id, name, _) => Some(ViewerApp {
                id: id.into(),
                name: name.clone(),
            }),
            _ => None,
        }
    }

    /// The person, if it is one, or whom the app works for.
    async fn person(&self) -> Option<Person> {
        match &self.identity {
            Identity::Person(user) | Identity::App(_, _, user) => Some(Person::from(user)),
            _ => None,
        }
    }

    /// The API key, if it is one.
    async fn key(&self) -> Option<ApiKey> {
        match &self.identity {
            Identity::Key(key) => Some(ApiKey(key.clone())),
            _ => None,
        }
    }

    /// The role in the workspace.
    async fn role(&self) -> Role {
        self.actor.role.into()
    }

    /// What the caller may do.
    async fn permissions(&self) -> Vec<Permission> {
        scalars::permissions(self.actor.rights.permissions())
    }

    /// The connections that the caller may read; null for all.
    async fn connection_ids(&self) -> Option<Vec<ID>> {
        scalars::limit(self.actor.reach.ids().as_deref())
    }

    /// The workspace.
    async fn workspace(&self, ctx: &Context<'_>) -> Result<Workspace> {
        let (app, actor) = both(ctx)?;
        Ok(Workspace::load(app, actor).await?)
    }
}

/// An app that asks for a person.
#[derive(SimpleObject)]
pub struct ViewerApp {
    /// The id (`app_…`).
    id: ID,
    /// The name.
    name: String,
}

/// Somebody who can sign in.
#[derive(SimpleObject)]
pub struct Person {
    /// The id (`user_…`).
    id: ID,
    /// The name.
    name: String,
    /// The e-mail, in lower case.
    email: String,
}

impl From<&access::User> for Person {
    fn from(user: &access::User) -> Self {
        Self {
            id: user.id.into(),
            name: user.name.clone(),
            email: user.email.clone(),
        }
    }
}

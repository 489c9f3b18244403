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
}

/// Who asks.
pub struct Viewer {
    pub(super) identity: Identity,
    pub(super) actor: Actor,
}

/// Who asks: a signed-in person or a program with an API key, in one workspace.
#[Object]
impl Viewer {
    /// Whether it is a person or a program.
    async fn kind(&self) -> ViewerKind {
        if matches!(self.identity, Identity::Person(_)) {
            ViewerKind::Person
        } else {
            ViewerKind::Key
        }
    }

    /// The person, if it is one.
    async fn person(&self) -> Option<Person> {
        match &self.identity {
            Identity::Person(user) => Some(Person::from(user)),
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

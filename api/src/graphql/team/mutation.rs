use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result};
use posthaste_core::{Error, Result as CoreResult, ids::TeamId};
use posthaste_engine::{
    App,
    team::{self as engine, Change, Wanted},
};
use posthaste_store::team;

use super::Team;
use crate::graphql::{
    context::both,
    idempotency::once,
    payload::{payload, split_all},
    role::choice,
    scalars::{self, Role},
};

/// The team to make, with a built-in role or one of the workspace's own.
#[derive(InputObject)]
pub struct TeamCreateInput {
    /// The name, 1 to 100 characters, of no other team of the workspace.
    name: String,
    /// A built-in role but `OWNER`, not above yours.
    role: Option<Role>,
    /// A role of the workspace's own (`role_…`), not above yours.
    custom_role_id: Option<ID>,
    /// The connections that the role is limited to (`conn_…`, 1 to 500); all when left out.
    connection_ids: Option<Vec<ID>>,
    /// Who belongs to it (`user_…`), at most 500 members.
    #[graphql(default)]
    member_ids: Vec<ID>,
}

/// What to change; what is left out stays.
#[derive(InputObject)]
pub struct TeamUpdateInput {
    /// The id (`team_…`).
    id: ID,
    /// The version that was read.
    version: i32,
    /// The name, 1 to 100 characters, of no other team of the workspace.
    name: Option<String>,
    /// A built-in role but `OWNER`, not above yours.
    role: Option<Role>,
    /// A role of the workspace's own (`role_…`), not above yours.
    custom_role_id: Option<ID>,
    /// The connections that the role is limited to (`conn_…`, 1 to 500); null for all.
    connection_ids: MaybeUndefined<Vec<ID>>,
    /// All who belong to it (`user_…`), at most 500 members.
    member_ids: Option<Vec<ID>>,
}

/// The team to remove.
#[derive(InputObject)]
pub struct TeamDeleteInput {
    /// The id (`team_…`).
    id: ID,
}

payload! {
    /// What came of making or changing a team.
    TeamPayload {
        /// The team as it is now.
        team: Team
    }
}

payload! {
    /// What came of removing a team.
    TeamDeletePayload {
        /// The id of the team that was removed.
        deleted_id: ID
    }
}

impl TeamPayload {
    fn all(app: &App, outcome: CoreResult<team::Team, Vec<Error>>) -> CoreResult<Self> {
        let (row, errors) = split_all(app, outcome)?;
        Ok(Self {
            team: row.map(Team),
            errors,
            warnings: Vec::new(),
        })
    }
}

fn wanted(input: TeamCreateInput) -> CoreResult<Wanted> {
    let connections = input.connection_ids;
    Ok(Wanted {
        name: input.name,
        role: choice(input.role, input.custom_role_id.as_ref())?,
        connections: connections
            .map(|ids| scalars::ids(&ids, "connectionIds"))
            .transpose()?,
        users: scalars::ids(&input.member_ids, "memberIds")?,
    })
}

fn change(input: TeamUpdateInput) -> CoreResult<(TeamId, Change)> {
    let names_role = input.role.is_some() || input.custom_role_id.is_some();
    let role = names_role.then(|| choice(input.role, input.custom_role_id.as_ref()));
    let members = input.member_ids;
    let change = Change {
        name: input.name,
        role: role.transpose()?,
        connections: match input.connection_ids {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(ids) => Some(Some(scalars::ids(&ids, "connectionIds")?)),
        },
        users: members
            .map(|ids| scalars::ids(&ids, "memberIds"))
            .transpose()?,
    };
    Ok((scalars::id(&input.id, &["id"])?, change))
}

/// Changes of teams; all take the permission `MANAGE_MEMBERS`, and nobody makes or changes a team whose
/// role may do more than they may.
#[derive(Default)]
pub struct TeamMutation;

#[Object]
impl TeamMutation {
    /// Makes a team. Its members have its role beside their own from their next request on.
    async fn team_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The team to make.")] input: TeamCreateInput,
    ) -> Result<TeamPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let wanted = wanted(input).map_err(|error| vec![error])?;
            engine::create(app, actor, wanted, once(ctx).as_ref()).await
        };
        Ok(TeamPayload::all(app, outcome.await)?)
    }

    /// Changes a team: its name, role, limit, or who belongs to it.
    async fn team_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: TeamUpdateInput,
    ) -> Result<TeamPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let version = input.version;
            let (id, change) = change(input).map_err(|error| vec![error])?;
            engine::update(app, actor, id, version, change).await
        };
        Ok(TeamPayload::all(app, outcome.await)?)
    }

    /// Removes a team. Its members stay members, with their own roles.
    async fn team_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The team to remove.")] input: TeamDeleteInput,
    ) -> Result<TeamDeletePayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            Ok(engine::delete(app, actor, id).await?.into())
        };
        Ok(TeamDeletePayload::of(app, outcome.await)?)
    }
}

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result};
use posthaste_core::Result as CoreResult;
use posthaste_engine::member::{self as engine, Change};

use super::Member;
use crate::graphql::{
    context::both,
    payload::payload,
    role::choice,
    scalars::{self, Role},
};

/// The member and what to change: the role, which is a built-in one or one of the workspace's own, or the limit.
#[derive(InputObject)]
pub struct MemberUpdateInput {
    /// The person's id (`user_…`).
    id: ID,
    /// A built-in role, not above yours.
    role: Option<Role>,
    /// A role of the workspace's own (`role_…`), not above yours.
    custom_role_id: Option<ID>,
    /// The connections that the member is limited to (`conn_…`, 1 to 500); null for all, left out to keep it.
    connection_ids: MaybeUndefined<Vec<ID>>,
}

/// The member to remove.
#[derive(InputObject)]
pub struct MemberRemoveInput {
    /// The person's id (`user_…`).
    id: ID,
}

/// Who gets the workspace.
#[derive(InputObject)]
pub struct WorkspaceTransferInput {
    /// The id of the member (`user_…`) who becomes its owner.
    person_id: ID,
}

payload! {
    /// What came of changing a member.
    MemberPayload {
        /// The member as it is now.
        member: Member
    }
}

payload! {
    /// What came of removing a member.
    MemberRemovePayload {
        /// The id of the person who is no longer a member.
        removed_id: ID
    }
}

payload! {
    /// What came of leaving.
    WorkspaceLeavePayload {
        /// The id of the person who is no longer a member.
        removed_id: ID
    }
}

payload! {
    /// What came of handing the workspace over.
    WorkspaceTransferPayload {
        /// The owner.
        member: Member
    }
}

/// A change of the limit alone needs no role.
fn change(input: MemberUpdateInput) -> CoreResult<Change> {
    let connections = match input.connection_ids {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(ids) => Some(Some(scalars::ids(&ids, "connectionIds")?)),
    };
    let keeps_role = input.role.is_none() && input.custom_role_id.is_none();
    let role = if keeps_role && connections.is_some() {
        None
    } else {
        Some(choice(input.role, input.custom_role_id.as_ref())?)
    };
    Ok(Change { role, connections })
}

/// Changes of members. Nobody changes a member who may do more than they may.
#[derive(Default)]
pub struct MemberMutation;

#[Object]
impl MemberMutation {
    /// Gives a member another role or limit, from the next request on. It takes `MANAGE_MEMBERS`, and to make an owner
    /// or take the role from one also a signed-in person; the only owner keeps it (`LAST_OWNER`).
    async fn member_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The member and the role.")] input: MemberUpdateInput,
    ) -> Result<MemberPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            engine::update(app, actor, id, change(input)?)
                .await
                .map(Member)
        };
        Ok(MemberPayload::of(app, outcome.await)?)
    }

    /// Ends another's membership; the person's sessions in this workspace end with it. It takes
    /// `MANAGE_MEMBERS`.
    async fn member_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The member to remove.")] input: MemberRemoveInput,
    ) -> Result<MemberRemovePayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            Ok(engine::remove(app, actor, id).await?.into())
        };
        Ok(MemberRemovePayload::of(app, outcome.await)?)
    }

    /// Ends one's own membership; the only owner must hand the workspace over before (`LAST_OWNER`).
    async fn workspace_leave(&self, ctx: &Context<'_>) -> Result<WorkspaceLeavePayload> {
        let (app, actor) = both(ctx)?;
        let outcome = engine::leave(app, actor).await.map(ID::from);
        Ok(WorkspaceLeavePayload::of(app, outcome)?)
    }

    /// Hands the workspace over: the member becomes its owner, and you become an admin. It takes
    /// `OWN_WORKSPACE` and a signed-in person.
    async fn workspace_transfer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who gets it.")] input: WorkspaceTransferInput,
    ) -> Result<WorkspaceTransferPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let to = scalars::id(&input.person_id, &["personId"])?;
            engine::transfer(app, actor, to).await.map(Member)
        };
        Ok(WorkspaceTransferPayload::of(app, outcome.await)?)
    }
}

//! Anything by its id.

use async_graphql::{Context, ID, Interface, Object, Result};
use posthaste_core::{
    Error, ErrorCode,
    ids::{
        ApiKeyId, ConnectionId, InvitationId, JobId, MediaId, PREFIXES, PostId, RoleId, TargetId,
        TeamId, WebhookDeliveryId, WebhookEndpointId, WorkspaceId,
    },
};

use super::{
    connection::Connection,
    context::{actor, app, loader},
    developer::ApiKey,
    job::BulkJob,
    media::Media,
    member::Invitation,
    post::Post,
    role::CustomRole,
    scalars,
    target::Target,
    team::Team,
    webhook::{WebhookDelivery, WebhookEndpoint},
    workspace::Workspace,
};

/// Anything with an id that is unique across the API.
#[derive(Interface)]
#[expect(
    clippy::large_enum_variant,
    reason = "one is made for each node asked for and moved once"
)]
#[graphql(field(name = "id", ty = "ID", desc = "The id; its prefix names the kind."))]
pub enum Node {
    /// A workspace.
    Workspace(Workspace),
    /// A connected account.
    Connection(Connection),
    /// An uploaded picture or video.
    Media(Media),
    /// What somebody wrote.
    Post(Post),
    /// One post on one connection.
    Target(Target),
    /// A key that opens the API for a program.
    ApiKey(ApiKey),
    /// An address that events are sent to.
    WebhookEndpoint(WebhookEndpoint),
    /// One event on its way to a webhook endpoint.
    WebhookDelivery(WebhookDelivery),
    /// A job that works through a file.
    BulkJob(BulkJob),
    /// A role that the workspace made.
    CustomRole(CustomRole),
    /// Somebody who is asked to become a member.
    Invitation(Invitation),
    /// A group of members with a role beside their own.
    Team(Team),
}

/// Most ids in one call.
const MOST: usize = 100;

/// Anything by its id.
#[derive(Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// Anything by its id; null when there is nothing with this id in the workspace.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "An id of any kind.")] id: ID,
    ) -> Result<Option<Node>> {
        find(ctx, &id, &["id"]).await
    }

    /// Several things by their ids (at most 100), in the order of the ids; null where there is nothing.
    #[graphql(complexity = "ids.len() * child_complexity")]
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Ids of any kind, at most 100.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        if ids.len() > MOST {
            let message = format!("{} ids are more than {MOST}.", ids.len());
            return Err(Error::new(ErrorCode::InvalidPageSize, message)
                .at(["ids"])
                .into());
        }
        let found = ids.iter().enumerate().map(|(position, id)| async move {
            find(ctx, id, &["ids", &position.to_string()]).await
        });
        futures::future::try_join_all(found).await
    }
}

/// The thing with an id, if the caller may read it; `path` is the id's place in the input.
pub(super) async fn find(ctx: &Context<'_>, id: &ID, path: &[&str]) -> Result<Option<Node>> {
    actor(ctx)?;
    let prefix = id.split_once('_').map_or("", |(prefix, _)| prefix);
    match prefix {
        WorkspaceId::PREFIX => {
            let wanted = scalars::id::<WorkspaceId>(id, path)?;
            let own = wanted == actor(ctx)?.workspace;
            Ok(if own {
                Some(Node::Workspace(
                    Workspace::load(app(ctx)?, actor(ctx)?).await?,
                ))
            } else {
                None
            })
        }
        ConnectionId::PREFIX => {
            let row = loader(ctx)?
                .load_one(scalars::id::<ConnectionId>(id, path)?)
                .await?;
            Ok(row.map(|row| Node::Connection(Connection(row))))
        }
        MediaId::PREFIX => {
            let row = loader(ctx)?
                .load_one(scalars::id::<MediaId>(id, path)?)
                .await?;
            Ok(row.map(|row| Node::Media(Media(row))))
        }
        PostId::PREFIX => {
            let row = loader(ctx)?
                .load_one(scalars::id::<PostId>(id, path)?)
                .await?;
            Ok(row.map(|row| Node::Post(row.into())))
        }
        TargetId::PREFIX => {
            let row = loader(ctx)?
                .load_one(scalars::id::<TargetId>(id, path)?)
                .await?;
            Ok(row.map(|row| Node::Target(Target(row))))
        }
        ApiKeyId::PREFIX => {
            let row = loader(ctx)?
                .load_one(scalars::id::<ApiKeyId>(id, path)?)
                .await?;
            Ok(row.map(|row| Node::ApiKey(ApiKey(row))))
        }
        WebhookEndpointId::PREFIX => {
            let row = loader(ctx)?
                .load_one(scalars::id::<WebhookEndpointId>(id, path)?)
                .await?;
            Ok(row.map(|row| Node::WebhookEndpoint(WebhookEndpoint(row))))
        }
        WebhookDeliveryId::PREFIX => {
            let row = loader(ctx)?
                .load_one(scalars::id::<WebhookDeliveryId>(id, path)?)
                .await?;
            Ok(row.map(|row| Node::WebhookDelivery(WebhookDelivery(row))))
        }
        JobId::PREFIX => {
            let row = loader(ctx)?
                .load_one(scalars::id::<JobId>(id, path)?)
                .await?;
            Ok(row.map(|row| Node::BulkJob(BulkJob(row))))
        }
        InvitationId::PREFIX => {
            let row = loader(ctx)?
                .load_one(scalars::id::<InvitationId>(id, path)?)
                .await?;
            Ok(row.map(|row| Node::Invitation(Invitation(row))))
        }
        TeamId::PREFIX => {
            let row = loader(ctx)?
                .load_one(scalars::id::<TeamId>(id, path)?)
                .await?;
            Ok(row.map(|row| Node::Team(Team(row))))
        }
        RoleId::PREFIX => {
            let row = loader(ctx)?
                .load_one(scalars::id::<RoleId>(id, path)?)
                .await?;
            Ok(row.map(|row| Node::CustomRole(CustomRole(row))))
        }
        _ if PREFIXES.contains(&prefix) => {
            let message = format!("A {prefix} cannot be read through node.");
            Err(Error::new(ErrorCode::InvalidId, message)
                .at(path.iter().copied())
                .into())
        }
        _ => Err(scalars::id::<ConnectionId>(id, path)
            .map_or_else(Into::into, |_| Error::not_found("node").into())),
    }
}

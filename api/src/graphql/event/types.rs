use async_graphql::{Context, ID, Json, Object, Result};
use chrono::{DateTime, Utc};
use posthaste_core::{
    Error,
    event::EventType,
    ids::{ConnectionId, MediaId, PostId, TargetId},
};
use posthaste_store::event;
use serde_json::Value;

use super::LIST;
use crate::graphql::{
    access::Provenance, connection::Connection, context::loader, page, post::Post, scalars::Named,
    target::Target,
};

/// Something that happened: one row of the workspace's log.
pub struct Event(pub event::Event);

/// Something that happened: one row of the workspace's log.
#[Object]
impl Event {
    /// The id (`evt_…`).
    async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its place in the log: hand it to `events(after:)` to go on from here.
    async fn cursor(&self) -> String {
        page::cursor(LIST, &self.0.seq)
    }

    /// When it happened.
    async fn at(&self) -> DateTime<Utc> {
        self.0.at
    }

    /// What happened.
    #[graphql(name = "type")]
    async fn kind(&self) -> Result<Named<EventType>> {
        let unknown = || Error::internal(format!("unknown event type {}", self.0.kind));
        Ok(Named(
            EventType::from_name(&self.0.kind).ok_or_else(unknown)?,
        ))
    }

    /// The id of the post concerned.
    async fn post_id(&self) -> Option<ID> {
        self.0.post_id.map(|id| PostId::from(id).into())
    }

    /// The post concerned, as it is now; null once it was removed.
    async fn post(&self, ctx: &Context<'_>) -> Result<Option<Post>> {
        match self.0.post_id {
            Some(id) => Ok(loader(ctx)?
                .load_one(PostId::from(id))
                .await?
                .map(Post::from)),
            None => Ok(None),
        }
    }

    /// The id of the target concerned.
    async fn target_id(&self) -> Option<ID> {
        self.0.target_id.map(|id| TargetId::from(id).into())
    }

    /// The target concerned, as it is now; null once it was removed.
    async fn target(&self, ctx: &Context<'_>) -> Result<Option<Target>> {
        match self.0.target_id {
            Some(id) => Ok(loader(ctx)?.load_one(TargetId::from(id)).await?.map(Target)),
            None => Ok(None),
        }
    }

    /// The id of the media concerned.
    async fn media_id(&self) -> Option<ID> {
        self.0.media_id.map(|id| MediaId::from(id).into())
    }

    /// The id of the connection concerned.
    async fn connection_id(&self) -> Option<ID> {
        self.0.connection_id.map(|id| ConnectionId::from(id).into())
    }

    /// The connection concerned, as it is now.
    async fn connection(&self, ctx: &Context<'_>) -> Result<Option<Connection>> {
        match self.0.connection_id {
            Some(id) => Ok(loader(ctx)?
                .load_one(ConnectionId::from(id))
                .await?
                .map(Connection)),
            None => Ok(None),
        }
    }

    /// Who or what did it.
    async fn provenance(&self) -> Provenance {
        Provenance::from(&self.0.provenance.0)
    }

    /// More, by type.
    async fn data(&self) -> Json<&Value> {
        Json(&self.0.data.0)
    }
}

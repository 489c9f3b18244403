use async_graphql::{ID, InputObject, MaybeUndefined};
use posthaste_core::{Error, Result, event::EventType, ids::WebhookEndpointId};
use posthaste_engine::webhook::{Change, NewEndpoint};

use crate::graphql::scalars::{self, Named};

/// An endpoint to add.
#[derive(InputObject)]
pub struct WebhookEndpointCreateInput {
    /// A chosen id (`whk_…`); otherwise a new one.
    id: Option<ID>,
    /// Where to send: an https address on the public internet.
    url: String,
    /// What it is for, at most 200 characters.
    description: Option<String>,
    /// Only events of these types; all without.
    event_types: Option<Vec<Named<EventType>>>,
    /// The payload document: one subscription whose only root field is `events`, without arguments and
    /// variables. A default one without.
    document: Option<String>,
}

impl WebhookEndpointCreateInput {
    /// What to add, and what is wrong with the chosen id.
    pub(super) fn read(self) -> (NewEndpoint, Option<Error>) {
        let id = self
            .id
            .map(|id| scalars::id::<WebhookEndpointId>(&id, &["id"]));
        let (id, wrong) = match id.transpose() {
            Ok(id) => (id, None),
            Err(error) => (None, Some(error)),
        };
        let new = NewEndpoint {
            id,
            url: self.url,
            description: self.description,
            event_types: kinds(self.event_types.unwrap_or_default()),
            document: self.document,
        };
        (new, wrong)
    }
}

/// What to change; what is left out stays.
#[derive(InputObject)]
pub struct WebhookEndpointUpdateInput {
    /// The id (`whk_…`).
    id: ID,
    /// The version that was read.
    version: i32,
    /// Where to send.
    url: Option<String>,
    /// What it is for; null takes it away.
    description: MaybeUndefined<String>,
    /// Only events of these types; an empty list or null means all.
    event_types: MaybeUndefined<Vec<Named<EventType>>>,
    /// The payload document; null means the default one.
    document: MaybeUndefined<String>,
}

impl WebhookEndpointUpdateInput {
    pub(super) fn read(self) -> Result<(WebhookEndpointId, i32, Change)> {
        let given = |value: MaybeUndefined<String>| match value {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(value) => Some(Some(value)),
        };
        let change = Change {
            url: self.url,
            description: given(self.description),
            event_types: match self.event_types {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(Vec::new()),
                MaybeUndefined::Value(list) => Some(kinds(list)),
            },
            document: given(self.document),
        };
        Ok((scalars::id(&self.id, &["id"])?, self.version, change))
    }
}

fn kinds(list: Vec<Named<EventType>>) -> Vec<EventType> {
    list.into_iter().map(|kind| kind.0).collect()
}

/// Inputs that name one thing and nothing else yet; one for each mutation, so that each can grow.
macro_rules! naming_inputs {
    ($($(#[$doc:meta])* $name:ident { #[doc = $id:literal] id },)*) => {
        $(
            $(#[$doc])*
            #[derive(InputObject)]
            pub struct $name {
                #[doc = $id]
                pub(super) id: ID,
            }
        )*
    };
}

naming_inputs! {
    /// The endpoint to remove.
    WebhookEndpointDeleteInput {
        /// The id (`whk_…`).
        id
    },
    /// The endpoint whose secret is replaced.
    WebhookEndpointRotateSecretInput {
        /// The id (`whk_…`).
        id
    },
    /// The endpoint to hold back.
    WebhookEndpointPauseInput {
        /// The id (`whk_…`).
        id
    },
    /// The endpoint to let go on.
    WebhookEndpointResumeInput {
        /// The id (`whk_…`).
        id
    },
    /// The delivery to send again.
    WebhookDeliveryRedeliverInput {
        /// The id (`whd_…`).
        id
    },
}

/// How to try an endpoint out.
#[derive(InputObject)]
pub struct WebhookEndpointTestInput {
    /// The id (`whk_…`).
    pub(super) id: ID,
    /// Take the data of the newest event of this type; of any type the endpoint takes without.
    pub(super) event_type: Option<Named<EventType>>,
    /// Send nothing; only show what that event would be sent as.
    #[graphql(default)]
    pub(super) dry_run: bool,
}

/// What to send again.
#[derive(InputObject)]
pub struct WebhookEndpointReplayInput {
    /// The id (`whk_…`).
    pub(super) id: ID,
    /// A cursor of `events`: what follows it is sent again; everything without.
    pub(super) after: Option<String>,
}

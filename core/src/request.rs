//! Words for what is asked of the API, as the request log writes them.

use crate::error::{Error, Result};

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$value_doc])* $variant,)*
        }

        impl $name {
            /// The name as the API and the database write it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;
            fn try_from(text: String) -> Result<Self> {
                match text.as_str() {
                    $($text => Ok(Self::$variant),)*
                    _ => Err(Error::internal(format!("unknown name {text}"))),
                }
            }
        }
    };
}

names! {
    /// What kind of request it is.
    RequestKind {
        /// A GraphQL query.
        Query = "QUERY",
        /// A GraphQL mutation.
        Mutation = "MUTATION",
        /// A GraphQL subscription.
        Subscription = "SUBSCRIPTION",
        /// A REST call.
        Rest = "REST",
        /// A GraphQL request that could not be read.
        Unreadable = "UNREADABLE",
    }
}

names! {
    /// How a request came in.
    Transport {
        /// A request with one answer.
        Http = "HTTP",
        /// Server-sent events.
        Sse = "SSE",
        /// A WebSocket, which carries many operations.
        WebSocket = "WEBSOCKET",
    }
}

//! Words for what is asked of the API, as the request log writes them.

use crate::names::names;

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

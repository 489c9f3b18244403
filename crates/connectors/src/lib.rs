//! One folder for each network, behind the [`Connector`](posthaste_core::connector::Connector) trait.

pub mod check;
mod http;
mod wire;

pub use http::HttpClient;

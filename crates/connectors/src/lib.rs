//! One folder for each network, behind the [`Connector`] trait.
//!
//! [`connector`] is the registry, [`HttpClient`] the adapter that sends their requests. A folder
//! holds `capabilities` (limits as data, with their sources), the texts' rules, the invisible steps,
//! the one visible call and the read-back; [`check`] holds what all networks refuse alike.

mod answer;
pub mod check;
mod facebook;
mod http;
mod instagram;
mod meta;
mod oauth2;
mod pinterest;
#[cfg(test)]
mod testing;
mod wire;
mod x;

pub use http::HttpClient;
use posthaste_core::{Network, connector::Connector};

/// Every host that connectors send requests to; a new one is a decision of ours, never of an answer.
const HOSTS: [&str; 5] = [
    meta::GRAPH,
    meta::GRAPH_VIDEO,
    meta::UPLOADS,
    pinterest::api::API,
    x::api::API,
];

/// The connector of a network.
pub fn connector(network: Network) -> &'static dyn Connector {
    match network {
        Network::Facebook => &facebook::Facebook,
        Network::Instagram => &instagram::Instagram,
        Network::Pinterest => &pinterest::Pinterest,
        Network::X => &x::X,
    }
}

#[cfg(test)]
mod tests {
    use posthaste_core::Network;

    #[test]
    fn every_network_answers_with_its_own_capabilities() {
        for network in Network::ALL {
            let capabilities = super::connector(network).capabilities();
            assert_eq!(capabilities.network, network);
            assert!(!capabilities.kinds.is_empty() && !capabilities.scopes.is_empty());
        }
    }
}

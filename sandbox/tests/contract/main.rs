//! The one contract of all networks: every connector against the simulated networks, over HTTP.
//!
//! Nothing here knows a network by name except where the networks themselves differ; what a network
//! can do is read from its capabilities. The requests of every flow are checked against the network's
//! official specification (`specs/`) when its test ends.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

/// Runs a test for each network.
macro_rules! on_every_network {
    ($($test:ident),* $(,)?) => {
        $(mod $test {
            use posthaste_core::Network;

            #[tokio::test]
            async fn facebook() {
                super::$test(Network::Facebook).await;
            }
            #[tokio::test]
            async fn instagram() {
                super::$test(Network::Instagram).await;
            }
            #[tokio::test]
            async fn pinterest() {
                super::$test(Network::Pinterest).await;
            }
            #[tokio::test]
            async fn x() {
                super::$test(Network::X).await;
            }
        })*
    };
}

mod cases;
mod consent;
mod crashes;
mod files;
mod limits;
mod metrics;
mod publishing;
mod read_back;
mod refusals;
mod spec;
mod world;

use posthaste_core::{ErrorCode, Network, target::State};
use posthaste_store::connection::Status;
use serde_json::json;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_is_refreshed_once_and_the_post_goes_out() {
    let world = World::new().await;
    let connections = [
        world.connect(Network::X, 0).await,
        world.connect(Network::Pinterest, 0).await,
    ];
    let picture = world.picture().await;
    for network in ["X", "PINTEREST"] {
        world
            .fault(json!({ "network": network, "operation": "publish", "kind": "expire_token" }))
            .await;
    }
    world.work();
    let post = world.post("New key.", &[picture], &connections).await;
    world.until(post, State::Published).await;
    assert_eq!(world.walls("New key.").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_holds_the_target_and_asks_for_a_reconnect() {
    let world = World::new().await;
    let connections = [world.connect(Network::Facebook, 0).await];
    world
        .fault(json!({ "network": "FACEBOOK", "operation": "any", "kind": "revoke_token" }))
        .await;
    world.work();
    let post = world.post("Locked out.", &[], &connections).await;
    let held = world.until(post, State::Held).await;
    assert_eq!(
        held[0].error_code.as_deref(),
        Some(ErrorCode::ReconnectRequired.as_str())
    );
    let row = posthaste_engine::connection::get(&world.app, &world.actor, connections[0].id)
        .await
        .unwrap();
    assert_eq!(row.status, Status::Reconnect);
    assert!(world.walls("Locked out.").await.is_empty());
}

//! What holds a whole network back.

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::Network;
use posthaste_store::{
    Conn,
    network_state::{self, NetworkState},
};
use posthaste_testkit::{TestDatabase, start};

async fn x(conn: &mut Conn) -> (String, Option<DateTime<Utc>>, Option<String>) {
    let all = network_state::all(conn).await.unwrap();
    let state: NetworkState = all
        .into_iter()
        .find(|state| state.network == Network::X)
        .unwrap();
    (state.breaker, state.blocked_until, state.block_reason)
}

#[tokio::test]
async fn the_breaker_leaves_a_networks_own_limit_alone() {
    let test = TestDatabase::new().await;
    let mut conn = test.db.get().await.unwrap();
    let (now, reset) = (start(), start() + TimeDelta::hours(1));
    network_state::block(&mut conn, Network::X, reset, "rate limit", now)
        .await
        .unwrap();
    let limited = |breaker: &str| {
        (
            breaker.to_owned(),
            Some(reset),
            Some("rate limit".to_owned()),
        )
    };
    let soon = Some(now + TimeDelta::seconds(15));
    for (breaker, until) in [("OPEN", soon), ("HALF_OPEN", soon), ("CLOSED", None)] {
        network_state::set_breaker(&mut conn, Network::X, breaker, until, now)
            .await
            .unwrap();
        assert_eq!(x(&mut conn).await, limited(breaker));
    }
    // Once it is over the breaker has its own way.
    let later = reset + TimeDelta::seconds(1);
    network_state::set_breaker(&mut conn, Network::X, "CLOSED", None, later)
        .await
        .unwrap();
    assert_eq!(x(&mut conn).await, ("CLOSED".to_owned(), None, None));
}

async fn take(conn: &mut Conn) -> bool {
    let (now, next) = (start(), start() + TimeDelta::seconds(15));
    network_state::take_probe(conn, Network::X, next, now)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_probe_is_one_workers_and_is_given_back_when_nobody_was_asked() {
    let test = TestDatabase::new().await;
    let mut conn = test.db.get().await.unwrap();
    let now = start();
    assert!(!take(&mut conn).await);
    network_state::set_breaker(&mut conn, Network::X, "OPEN", Some(now), now)
        .await
        .unwrap();
    assert!(take(&mut conn).await);
    assert!(!take(&mut conn).await);
    network_state::give_probe_back(&mut conn, Network::X, now)
        .await
        .unwrap();
    assert!(take(&mut conn).await);
}

//! What the wall costs: `cargo xtask bench access`.

use std::time::Instant;

use posthaste_store::{Address, PoolSettings, key, post, post::Sort};
use posthaste_testkit::start;

use super::*;
use crate::plans::{filled, id, page};

const ROUNDS: usize = 3000;

/// One way to do the same work, and how long it took each time.
#[derive(Default)]
struct Way(Vec<f64>);

impl Way {
    /// The median in microseconds.
    fn median(&mut self) -> f64 {
        self.0.sort_by(f64::total_cmp);
        self.0[self.0.len() / 2]
    }
}

macro_rules! timed {
    ($way:expr, $work:expr) => {{
        let begun = Instant::now();
        $work;
        $way.0.push(begun.elapsed().as_secs_f64() * 1e6);
    }};
}

async fn read(conn: &mut Conn, workspace: WorkspaceId) {
    let sort = Sort {
        by: post::Order::Due,
        descending: false,
    };
    let (none, first_page) = (post::Filter::default(), page(None));
    let found = post::list(conn, workspace, &none, sort, &first_page).await;
    assert_eq!(found.unwrap().rows.len(), 50);
}

fn pool(test: &TestDatabase) -> Database {
    let settings = PoolSettings {
        max_size: 1,
        ..PoolSettings::default()
    };
    Database::new(Address::new(&test.url, None).unwrap(), settings).unwrap()
}

/// In turns, so that whatever else the machine does slows all ways down alike.
#[tokio::test]
#[ignore = "prints figures; cargo xtask bench access"]
async fn what_the_wall_costs() {
    let test = filled().await;
    let workspace = WorkspaceId::from(id(1, 1));
    let (server, requests, mixed) = (pool(&test), pool(&test).within(workspace), pool(&test));
    let (kept, kept_bound) = (pool(&test), pool(&test).within(workspace));
    let mut bare = kept.get().await.unwrap();
    let mut bound = kept_bound.get().await.unwrap();
    let mut ways: [Way; 8] = Default::default();
    let [policy_off, policy_on, plain, wall, both, tx, tx_wall, check] = &mut ways;
    for _ in 0..ROUNDS {
        timed!(policy_off, read(&mut bare, workspace).await);
        timed!(policy_on, read(&mut bound, workspace).await);
        timed!(
            plain,
            read(&mut server.get().await.unwrap(), workspace).await
        );
        timed!(
            wall,
            read(&mut requests.get().await.unwrap(), workspace).await
        );
        drop(mixed.get().await.unwrap());
        read(&mut mixed.get().await.unwrap(), workspace).await;
        let other = mixed.within(workspace);
        timed!(both, read(&mut other.get().await.unwrap(), workspace).await);
        for (db, way) in [(&server, &mut *tx), (&requests, &mut *tx_wall)] {
            timed!(way, {
                let mut tx = db.begin().await.unwrap();
                read(&mut tx, workspace).await;
                tx.commit().await.unwrap();
            });
        }
        timed!(check, {
            let mut conn = server.get().await.unwrap();
            key::by_hash(&mut conn, b"hash 7", start()).await.unwrap();
        });
    }
    let [policy_off, policy_on, plain, wall, both, tx, tx_wall, check] =
        ways.each_mut().map(Way::median);
    println!("medians of {ROUNDS} rounds in turns, in µs; a page of 50 posts");
    println!(
        "on a kept connection:      {policy_off:.0} without, {policy_on:.0} with policies: {:.2}",
        policy_on / policy_off
    );
    println!(
        "with a connection's first words: {plain:.0} as server, {wall:.0} within a workspace: {:.2}",
        wall / plain
    );
    println!(
        "… of which the round trip: {:.0}, {:.2} of the query alone",
        plain - policy_off,
        plain / policy_off
    );
    println!(
        "the same statement on one connection from both sides, planned anew each time: {both:.0}: {:.2}",
        both / plain
    );
    println!(
        "in a transaction:          {tx:.0} as server, {tx_wall:.0} within a workspace: {:.2}",
        tx_wall / tx
    );
    println!(
        "the check of a key:        {check:.0}: {:.2} of a page within a workspace",
        check / wall
    );
}

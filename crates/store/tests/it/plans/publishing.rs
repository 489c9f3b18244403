use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn what_the_publisher_asks_has_its_index() {
    let test = filled().await;
    let conn = &mut *test.db.get().await.unwrap();
    let (now, worker) = (start(), NodeId::from(id(9, 1)));
    let account = ConnectionId::from(id(2, 3000));

    by_index!(conn, "lanes_ready", publish::next_due(conn, now));
    by_index!(
        conn,
        "lanes_in_turn",
        publish::claim(conn, worker, &Network::ALL, 10, now, now)
    );
    by_index!(
        conn,
        "targets_head_of_lane",
        publish::claim(conn, worker, &Network::ALL, 10, now, now)
    );
    by_index!(
        conn,
        "targets_to_read_back",
        publish::claim_read_backs(conn, worker, &Network::ALL, 10, now, now)
    );
    by_index!(conn, "lanes_busy", publish::lost_leases(conn, now, 10));
    by_index!(
        conn,
        "targets_known_on_network",
        publish::known_ids(conn, account, 50)
    );
    by_index!(conn, "lanes_ready", publish::oldest_due(conn, now));
}

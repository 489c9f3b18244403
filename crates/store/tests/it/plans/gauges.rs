//! What operators watch finds its rows by indexes, too.

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use posthaste_store::gauges;
use posthaste_testkit::{TestDatabase, start};

use super::{ROWS, index_scans, table_scans};

const WAITING: &str = "
UPDATE lanes SET next_due_at = next_due_at + interval '5 days';
UPDATE lanes SET blocked_until = '2027-01-04 08:00:10+00', block_reason = 'retry' WHERE connection_id <= pg_temp.id(2, 1530);
UPDATE lanes SET paused_at = '2027-01-01' WHERE connection_id > pg_temp.id(2, 3980);
UPDATE connections SET token_expires_at = '2027-01-04 09:00:00+00' WHERE id <= pg_temp.id(2, 100);
ANALYZE";

#[tokio::test(flavor = "multi_thread")]
async fn each_gauge_has_its_index() {
    let test = TestDatabase::new().await;
    let mut conn = test.db.get().await.unwrap();
    let conn = &mut *conn;
    conn.batch_execute(ROWS).await.unwrap();
    conn.batch_execute(WAITING).await.unwrap();

    by_index!(conn, "lanes_due", gauges::depths(conn, start()));
    by_index!(conn, "targets_to_read_back", gauges::depths(conn, start()));
    by_index!(conn, "webhook_endpoints_due", gauges::depths(conn, start()));
    by_index!(conn, "lanes_waiting", gauges::waiting_lanes(conn, start()));
    by_index!(conn, "lanes_paused", gauges::waiting_lanes(conn, start()));
    by_index!(conn, "connections_expiring", gauges::expiries(conn));

    let depths = gauges::depths(conn, start()).await.unwrap();
    assert_eq!(depths.uncertain, 1500);
    let waiting = gauges::waiting_lanes(conn, start()).await.unwrap();
    let waiting: Vec<_> = waiting
        .iter()
        .map(|row| (row.name.as_str(), row.count))
        .collect();
    assert_eq!(waiting, [("retry", 30), ("paused", 20)]);
    let expiries = gauges::expiries(conn).await.unwrap();
    assert_eq!(expiries.len(), 1);
    assert_eq!(expiries[0].at, start() + TimeDelta::hours(1));
}

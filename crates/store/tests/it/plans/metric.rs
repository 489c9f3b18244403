use posthaste_core::{
    Network,
    ids::{ConnectionId, TargetId, WorkspaceId},
};
use posthaste_store::metric;
use posthaste_testkit::start;

use super::{filled, id, index_scans, table_scans};

#[tokio::test(flavor = "multi_thread")]
async fn each_query_of_figures_has_its_index() {
    let test = filled().await;
    let conn = &mut *test.db.get().await.unwrap();
    let workspace = WorkspaceId::from(id(1, 1));
    let wall = &mut *test.db.within(workspace).get().await.unwrap();
    let target = TargetId::from(id(4, 6002));
    let account = ConnectionId::from(id(2, 2002));
    let soon = start() + chrono::TimeDelta::hours(2);

    by_index!(
        wall,
        "target_metrics_pkey",
        metric::of_targets(wall, workspace, &[target])
    );
    by_index!(
        conn,
        "target_metrics_due",
        metric::put_off(conn, Network::X, Some(account), soon)
    );
    by_index!(
        conn,
        "target_metrics_due",
        metric::put_off(conn, Network::X, None, soon)
    );
    by_index!(
        conn,
        "target_metrics_due",
        metric::claim(conn, 10, start(), soon)
    );
    let rows = metric::of_targets(conn, workspace, &[target])
        .await
        .unwrap();
    assert_eq!(rows[0].metrics().views, Some(7));
    by_index!(conn, "target_metrics_pkey", metric::insert(conn, &rows));
    by_index!(conn, "target_metrics_pkey", metric::save(conn, &rows));
}

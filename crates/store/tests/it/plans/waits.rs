use posthaste_core::ids::{ConnectionId, WorkspaceId};
use posthaste_store::{lane, target};

use super::{filled, id, index_scans, page, table_scans};

#[tokio::test(flavor = "multi_thread")]
async fn what_tells_why_has_its_index() {
    let test = filled().await;
    let conn = &mut *test.db.get().await.unwrap();
    let workspace = WorkspaceId::from(id(1, 1));
    let wall = &mut *test.db.within(workspace).get().await.unwrap();

    by_index!(
        conn,
        "lanes_pkey",
        lane::waited(conn, &[ConnectionId::from(id(2, 6))])
    );
    let at_address = target::Filter {
        permalink: Some("https://x.com/home/status/6".to_owned()),
        ..target::Filter::default()
    };
    by_index!(
        wall,
        "targets_by_permalink",
        target::list(wall, workspace, &at_address, true, false, &page(None))
    );
}

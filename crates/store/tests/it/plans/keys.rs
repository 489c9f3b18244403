use posthaste_store::data_key;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn data_keys_are_found_by_workspace_and_version() {
    let test = filled().await;
    let conn = &mut *test.db.get().await.unwrap();
    let workspace = WorkspaceId::from(id(1, 1));
    by_index!(conn, "data_keys_pkey", data_key::newest(conn, workspace));
    by_index!(conn, "data_keys_pkey", data_key::get(conn, workspace, 7));
    by_index!(
        conn,
        "data_keys_pkey",
        data_key::under_others(conn, "newer", Some((workspace, 7)), 100)
    );
}

//! Places, money and what is known about a publication before its time.

use chrono::TimeDelta;
use posthaste_core::{
    Network,
    ids::{ConnectionId, TargetId, WorkspaceId},
    quota::Month,
};
use posthaste_store::{budget, lane, place, preflight, quota};
use posthaste_testkit::start;

use super::{filled, id, index_scans, table_scans};

#[tokio::test(flavor = "multi_thread")]
async fn each_query_of_the_governor_has_its_index() {
    let test = filled().await;
    let conn = &mut *test.db.get().await.unwrap();
    let workspace = WorkspaceId::from(id(1, 1));
    let wall = &mut *test.db.within(workspace).get().await.unwrap();
    let account = ConnectionId::from(id(2, 3000));
    let now = start();

    let window = quota::Window {
        connection: ConnectionId::from(id(2, 7)),
        kind: None,
        since: now - TimeDelta::days(1),
        until: now + TimeDelta::days(1),
        scheduled: true,
        except: Some(TargetId::from(id(4, 1))),
    };
    let month = Month::of(now, "UTC").unwrap();
    let words = preflight::Words {
        target: TargetId::from(id(4, 1)),
        connection: ConnectionId::from(id(2, 7)),
        words: b"words 7".to_vec(),
        at: now,
        scheduled: true,
    };
    by_index!(
        wall,
        "targets_head_of_lane",
        quota::in_windows(wall, workspace, &[window, window], now)
    );
    by_index!(
        wall,
        "targets_known_on_network",
        quota::in_windows(wall, workspace, &[window, window], now)
    );
    by_index!(
        wall,
        "targets_one_in_flight",
        quota::in_windows(wall, workspace, &[window, window], now)
    );
    by_index!(
        conn,
        "targets_live_of_network",
        quota::live_on_network(conn, Network::X, now, 10)
    );
    for index in ["targets_spent_money", "targets_reserved_money"] {
        let asked = [(None, month), (Some(window.connection), month)];
        by_index!(
            wall,
            index,
            budget::spending(wall, workspace, &asked, &[], now)
        );
    }
    by_index!(
        wall,
        "targets_spent_money",
        budget::spent(
            wall,
            workspace,
            &[(None, month)],
            TargetId::from(id(4, 1)),
            now
        )
    );
    by_index!(
        conn,
        "targets_head_of_lane",
        place::await_of_kind(conn, window.connection, "REEL", now)
    );
    by_index!(
        conn,
        "lanes_by_workspace",
        place::end_waits(conn, WorkspaceId::from(id(1, 99)), now)
    );
    by_index!(conn, "targets_waiting", lane::refresh(conn, &[account]));
    by_index!(
        wall,
        "targets_reserved_money",
        budget::priced(wall, workspace, &[account], now, now + TimeDelta::hours(1))
    );
    by_index!(
        wall,
        "targets_by_words",
        preflight::twins(
            wall,
            workspace,
            &[words.clone(), words],
            TimeDelta::days(1),
            now
        )
    );
    by_index!(
        conn,
        "targets_to_look_at",
        preflight::due_looks(conn, now, 50)
    );
}

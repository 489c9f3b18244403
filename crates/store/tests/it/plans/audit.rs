use posthaste_store::audit::{self, Filter};

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_is_read_by_what_it_is_narrowed_by() {
    let test = filled().await;
    let conn = &mut *test.db.get().await.unwrap();
    let workspace = WorkspaceId::from(id(1, 1));
    let all = Filter::default();
    by_index!(
        conn,
        "audit_entries_pkey",
        audit::list(conn, workspace, &all, &page(Some(2000)))
    );
    by_index!(
        conn,
        "audit_entries_pkey",
        audit::after(conn, Some(workspace), 2000, 100)
    );
    let act = Filter {
        acts: vec!["act.7".into()],
        ..all.clone()
    };
    by_index!(
        conn,
        "audit_entries_by_act",
        audit::count(conn, workspace, &act)
    );
    let actor = Filter {
        actor: Some("key_7".into()),
        ..all.clone()
    };
    by_index!(
        conn,
        "audit_entries_by_actor",
        audit::count(conn, workspace, &actor)
    );
    let subject = Filter {
        subject: Some("key_7".into()),
        ..all.clone()
    };
    by_index!(
        conn,
        "audit_entries_by_subject",
        audit::list(conn, workspace, &subject, &page(None))
    );
    let span = Filter {
        since: Some(start()),
        until: Some(start() + TimeDelta::hours(1)),
        ..all
    };
    by_index!(
        conn,
        "audit_entries_by_time",
        audit::count(conn, workspace, &span)
    );
}

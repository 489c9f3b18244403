use posthaste_store::audit::{self, Filter};

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_is_read_by_what_it_is_narrowed_by() {
    let test = filled().await;
    let workspace = WorkspaceId::from(id(1, 1));
    let wall = &mut *test.db.within(workspace).get().await.unwrap();
    let all = Filter::default();
    by_index!(
        wall,
        "audit_entries_pkey",
        audit::list(wall, workspace, &all, &page(Some(2000)))
    );
    by_index!(
        wall,
        "audit_entries_pkey",
        audit::after(wall, Some(workspace), 2000, 100)
    );
    let act = Filter {
        acts: vec!["act.7".into()],
        ..all.clone()
    };
    by_index!(
        wall,
        "audit_entries_by_act",
        audit::count(wall, workspace, &act)
    );
    let actor = Filter {
        actor: Some("key_7".into()),
        ..all.clone()
    };
    by_index!(
        wall,
        "audit_entries_by_actor",
        audit::count(wall, workspace, &actor)
    );
    let subject = Filter {
        subject: Some("key_7".into()),
        ..all.clone()
    };
    by_index!(
        wall,
        "audit_entries_by_subject",
        audit::list(wall, workspace, &subject, &page(None))
    );
    let span = Filter {
        since: Some(start()),
        until: Some(start() + TimeDelta::hours(1)),
        ..all
    };
    by_index!(
        wall,
        "audit_entries_by_time",
        audit::count(wall, workspace, &span)
    );
}

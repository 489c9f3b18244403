use posthaste_core::{
    Provenance,
    access::Reach,
    ids::{InvitationId, RoleId, SessionId, UserId},
};
use posthaste_store::{
    Scope, identity, post,
    provider_step::{self, Stage},
    team,
};

use super::{scans::rows_read, *};

#[tokio::test(flavor = "multi_thread")]
async fn each_query_of_members_and_roles_has_its_index() {
    let test = filled().await;
    let conn = &mut *test.db.get().await.unwrap();
    let workspace = WorkspaceId::from(id(1, 1));
    let wall = &mut *test.db.within(workspace).get().await.unwrap();
    let user = UserId::from(id(10, 6));
    let now: DateTime<Utc> = start();
    by_index!(
        wall,
        "members_in_order",
        member::list(wall, workspace, &page(Some((now, id(10, 1)))))
    );
    // As good as `members_pkey`: a person is in few workspaces.
    by_index!(
        wall,
        "members_by_user",
        member::by_ids(wall, workspace, &[user])
    );
    by_index!(
        wall,
        "users_email_key",
        member::by_email(wall, workspace, "person6@example.com")
    );
    let person = Provenance::Person { user };
    by_index!(
        wall,
        "members_by_user",
        standing::of(wall, workspace, &person, now)
    );
    let key = Provenance::Key {
        key: ApiKeyId::from(id(11, 6)),
    };
    by_index!(
        wall,
        "api_keys_pkey",
        standing::of(wall, workspace, &key, now)
    );
    by_index!(
        wall,
        "api_keys_by_user",
        key::lock_of_person(wall, workspace, user)
    );
    by_index!(
        wall,
        "roles_in_order",
        role::list(wall, workspace, &page(Some((Some(now), id(14, 1)))))
    );
    let one = RoleId::from(id(14, 30));
    by_index!(
        wall,
        "invitations_by_role",
        role::holders(wall, workspace, one)
    );
    by_index!(
        wall,
        "teams_in_order",
        team::list(wall, workspace, &page(Some((Some(now), id(16, 1)))))
    );
    by_index!(
        wall,
        "team_members_by_member",
        standing::of(wall, workspace, &person, now)
    );
    by_index!(
        wall,
        "team_members_by_member",
        team::leave_all(wall, workspace, user, now)
    );
    by_index!(
        wall,
        "invitations_in_order",
        invitation::list(wall, workspace, false, &page(Some((Some(now), id(15, 1)))))
    );
    // As good as `invitations_one_open`: a person is invited to few workspaces.
    by_index!(
        wall,
        "invitations_by_email",
        invitation::pending(wall, workspace, "new7@example.com")
    );
    by_index!(
        conn,
        "invitations_hash_key",
        invitation::by_hash(conn, b"hash 7")
    );
    by_index!(
        wall,
        "invitations_pkey",
        invitation::by_ids(wall, workspace, &[InvitationId::from(id(15, 6))])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_query_of_sessions_has_its_index() {
    let test = filled().await;
    let conn = &mut *test.db.get().await.unwrap();
    let (user, now) = (UserId::from(id(10, 6)), start());
    let one = SessionId::from(id(17, 6));
    by_index!(conn, "sessions_pkey", access::session(conn, one, now));
    // As good as `sessions_by_user`: a person is in few workspaces.
    by_index!(
        conn,
        "sessions_by_member",
        access::sessions_of(conn, user, &page(Some((now, id(17, 1)))), now)
    );
    by_index!(
        conn,
        "sessions_by_user",
        access::revoke_sessions_of(conn, user, Some(one), now)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_query_of_identities_has_its_index() {
    let test = filled().await;
    let conn = &mut *test.db.get().await.unwrap();
    let now = start();
    by_index!(
        conn,
        "identities_issuer_subject_key",
        identity::find(conn, "https://id.example", "subject6")
    );
    by_index!(
        conn,
        "identities_by_user",
        identity::of(conn, UserId::from(id(10, 6)))
    );
    by_index!(
        conn,
        "invitations_by_email",
        invitation::open_for(conn, "new7@example.com", now)
    );
    by_index!(
        conn,
        "provider_steps_pkey",
        provider_step::get(conn, Stage::State, &[0; 16], now)
    );
    let before = now - TimeDelta::days(3);
    by_index!(
        conn,
        "provider_steps_by_end",
        provider_step::sweep(conn, before)
    );
}

/// Runs `query` and asserts that it read few rows, of the thousands that a workspace has.
macro_rules! reads_few {
    ($conn:expr, $query:expr) => {{
        let before = rows_read($conn).await;
        $query.await.unwrap();
        let read = rows_read($conn).await - before;
        assert!(read < 300, "{} reads {read} rows", stringify!($query));
    }};
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_limited_to_a_quiet_account_reads_what_goes_there() {
    let test = filled().await;
    let limited = Scope {
        workspace: WorkspaceId::from(id(1, 1)),
        reach: Reach::from(Some(vec![id(2, 6), id(2, 8)])),
    };
    let wall = &mut *test.db.within(limited.workspace).get().await.unwrap();
    let none = post::Filter::default();
    for by in [post::Order::Created, post::Order::Updated, post::Order::Due] {
        let sort = post::Sort {
            by,
            descending: true,
        };
        reads_few!(
            wall,
            post::list(wall, limited.clone(), &none, sort, &page(None))
        );
    }
    reads_few!(wall, post::count(wall, limited.clone(), &none));
    by_index!(
        wall,
        "targets_of_post",
        post::by_ids(wall, limited.clone(), &[PostId::from(id(3, 6))])
    );
    let all = target::Filter::default();
    for by_due in [true, false] {
        reads_few!(
            wall,
            target::list(wall, limited.clone(), &all, by_due, true, &page(None))
        );
    }
    reads_few!(wall, target::count(wall, limited, &all));
}

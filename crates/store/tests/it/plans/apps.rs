//! Apps of others, and what people let them do.

use posthaste_core::{
    Provenance,
    ids::{OauthAppId, OauthGrantId, UserId},
};
use posthaste_store::oauth::{self, Filter};

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn each_query_of_apps_has_its_index() {
    let test = filled().await;
    let conn = &mut *test.db.get().await.unwrap();
    let workspace = WorkspaceId::from(id(1, 1));
    let wall = &mut *test.db.within(workspace).get().await.unwrap();
    let now: DateTime<Utc> = start();
    let (app, grant) = (OauthAppId::from(id(18, 6)), OauthGrantId::from(id(19, 6)));
    let user = UserId::from(id(10, 6));
    by_index!(
        wall,
        "oauth_apps_in_order",
        oauth::list_apps(wall, workspace, &page(Some((Some(now), id(18, 1)))))
    );
    by_index!(wall, "oauth_apps_pkey", oauth::app(wall, workspace, app));
    by_index!(conn, "oauth_apps_pkey", oauth::named_app(conn, app));
    let by = Provenance::App { grant, app, user };
    by_index!(
        wall,
        "oauth_grants_pkey",
        standing::of(wall, workspace, &by, now)
    );
    by_index!(conn, "oauth_grants_pkey", oauth::grant_by_id(conn, grant));
    let after = page(Some((Some(now), id(19, 1))));
    by_index!(
        conn,
        "oauth_grants_by_user",
        oauth::list_grants(conn, Filter::Person(user), &after, now)
    );
    by_index!(
        conn,
        "oauth_grants_in_order",
        oauth::list_grants(conn, Filter::Workspace(workspace), &after, now)
    );
    by_index!(
        conn,
        "oauth_grants_by_app",
        oauth::count_of_apps(conn, &[app], now)
    );
    by_index!(
        conn,
        "oauth_grants_by_app",
        oauth::lock_grants_of(conn, app)
    );
    by_index!(
        conn,
        "oauth_grants_by_end",
        oauth::sweep_grants(conn, now - TimeDelta::days(300))
    );
    by_index!(conn, "oauth_codes_pkey", oauth::take_code(conn, b"hash 6"));
    by_index!(
        conn,
        "oauth_codes_by_end",
        oauth::sweep_codes(conn, now - TimeDelta::days(300))
    );
}

//! The role of requests, which migrations make.

use posthaste_store::{Address, PoolSettings, migrate, wall};

use super::*;

#[tokio::test]
async fn what_the_role_may_do_is_said_anew_by_each_migration() {
    let test = TestDatabase::new().await;
    wall::check(&test.db).await.unwrap();
    let role = names(
        &mut test.db.nowhere().get().await.unwrap(),
        "SELECT quote_ident(current_user) AS name",
    )
    .await;
    let mut conn = test.db.get().await.unwrap();
    let role = &role[0];
    conn.batch_execute(&format!(
        "REVOKE ALL ON posts FROM {role}; GRANT SELECT ON users TO {role}"
    ))
    .await
    .unwrap();
    assert_eq!(migrate(test.db.address()).await.unwrap(), [""; 0]);
    let mut bound = test.db.within(first()).get().await.unwrap();
    assert_eq!(
        names(&mut bound, "SELECT id::text AS name FROM posts").await,
        [""; 0]
    );
    let secret = bound.batch_execute("SELECT password_hash FROM users");
    secret.await.unwrap_err();
}

/// Roles belong to the whole cluster, so this one has a name of its own and goes in the end.
#[tokio::test]
async fn a_login_that_may_make_no_role_is_told_what_to_run() {
    let test = TestDatabase::new().await;
    let login = format!("plain_{}", std::process::id());
    // As the tests' databases are called: whoever cleans up sees whose it is.
    let database = format!("test_{}_plain", std::process::id());
    let mut admin = test.db.get().await.unwrap();
    admin
        .batch_execute(&format!("CREATE ROLE {login} LOGIN NOSUPERUSER"))
        .await
        .unwrap();
    for statement in [
        format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)"),
        format!("CREATE DATABASE {database} OWNER {login}"),
    ] {
        admin.batch_execute(&statement).await.unwrap();
    }
    let kept = test.url.split_whitespace();
    let kept: Vec<_> = kept
        .filter(|part| !part.starts_with("dbname=") && !part.starts_with("user="))
        .collect();
    let url = format!("{} user={login} dbname={database}", kept.join(" "));
    let address = Address::new(&url, None).unwrap();

    let error = migrate(&address).await.unwrap_err();
    let advice = format!(
        "Have a superuser run: CREATE ROLE {login}_tenant NOLOGIN; GRANT {login}_tenant TO {login}; and then run `posthaste migrate`."
    );
    assert!(error.message.ends_with(&advice), "{error}");
    let db = Database::new(address.clone(), PoolSettings::default()).unwrap();
    assert_eq!(wall::check(&db).await.unwrap_err().message, error.message);
    // Requests do not go on without their wall.
    assert!(db.within(first()).get().await.is_err());

    for statement in [
        format!("CREATE ROLE {login}_tenant NOLOGIN"),
        format!("GRANT {login}_tenant TO {login}"),
    ] {
        admin.batch_execute(&statement).await.unwrap();
    }
    migrate(&address).await.unwrap();
    wall::check(&db).await.unwrap();
    let bound = db.within(first());
    let posts = "SELECT id::text AS name FROM posts";
    assert_eq!(names(&mut bound.get().await.unwrap(), posts).await, [""; 0]);

    admin
        .batch_execute(&format!("ALTER ROLE {login}_tenant BYPASSRLS"))
        .await
        .unwrap();
    let error = wall::check(&db).await.unwrap_err();
    assert!(error.message.contains("NOBYPASSRLS"), "{error}");
    for statement in [
        format!("DROP DATABASE {database} WITH (FORCE)"),
        format!("DROP ROLE {login}_tenant"),
        format!("DROP ROLE {login}"),
    ] {
        admin.batch_execute(&statement).await.unwrap();
    }
}

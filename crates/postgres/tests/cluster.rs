//! Real clusters: made, stopped, killed, moved.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
};

use nix::sys::signal::Signal;
use posthaste_postgres::{Binaries, Cluster, Durability, Error, Options, Search, process, shared};

const TEST: Options = Options {
    durability: Durability::Test,
};

fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap()
}

fn binaries() -> Binaries {
    Binaries::find(&Search::from_env(&root().join(".posthaste"))).unwrap()
}

/// An empty folder of this test.
fn folder(name: &str) -> PathBuf {
    let path =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", nix::unistd::geteuid()));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

/// Stops the cluster and leaves nothing behind.
async fn finish(cluster: Cluster, data: &Path) {
    cluster.stop().await.unwrap();
    posthaste_postgres::remove(data).await.unwrap();
    assert!(!data.exists());
}

async fn run(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
}

async fn number(url: &str, sql: &str) -> i64 {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_stopped_cluster_starts_again_with_its_data() {
    let data = folder("again").join("pgdata");
    let cluster = Cluster::start(&binaries(), &data, Options::default())
        .await
        .unwrap();
    cluster.create_database("posthaste").await.unwrap();
    cluster.create_database("posthaste").await.unwrap();
    run(
        &cluster.url("posthaste"),
        "CREATE TABLE t (n bigint); INSERT INTO t VALUES (41)",
    )
    .await;
    let pid = cluster.pid().unwrap() as i32;
    cluster.stop().await.unwrap();
    assert!(!process::alive(pid));

    let cluster = Cluster::start(&binaries(), &data, Options::default())
        .await
        .unwrap();
    assert_eq!(
        number(&cluster.url("posthaste"), "SELECT n FROM t").await,
        41
    );
    finish(cluster, &data).await;
}

#[tokio::test]
async fn only_the_socket_listens_and_only_its_owner_may_enter() {
    let data = folder("private").join("pgdata");
    let cluster = Cluster::start(&binaries(), &data, TEST).await.unwrap();
    let ports = "SELECT count(*) FROM pg_settings WHERE name = 'listen_addresses' AND setting = ''";
    assert_eq!(number(&cluster.url("postgres"), ports).await, 1);
    let meta = fs::metadata(cluster.data_dir()).unwrap();
    assert_eq!(meta.mode() & 0o777, 0o700);
    assert_ne!(meta.uid(), 0, "the server must not be root");
    finish(cluster, &data).await;
}

#[tokio::test]
async fn committed_rows_survive_a_killed_postmaster() {
    let data = folder("killed").join("pgdata");
    let mut cluster = Cluster::start(&binaries(), &data, Options::default())
        .await
        .unwrap();
    let url = cluster.url("postgres");
    run(
        &url,
        "CREATE TABLE t (n bigint); INSERT INTO t SELECT generate_series(1, 1000)",
    )
    .await;
    assert!(process::signal(
        cluster.pid().unwrap() as i32,
        Signal::SIGKILL
    ));
    assert_eq!(cluster.ended().await, "signal: 9 (SIGKILL)");
    drop(cluster);

    let cluster = Cluster::start(&binaries(), &data, Options::default())
        .await
        .unwrap();
    assert_eq!(number(&url, "SELECT count(*) FROM t").await, 1000);
    finish(cluster, &data).await;
}

#[tokio::test]
async fn a_pid_file_whose_number_was_given_to_another_process_does_not_matter() {
    let data = folder("stale").join("pgdata");
    let cluster = Cluster::start(&binaries(), &data, TEST).await.unwrap();
    let real = cluster.data_dir().to_owned();
    cluster.stop().await.unwrap();
    let text = format!(
        "{}\n{}\n1\n5432\n{}\n\n",
        std::process::id(),
        real.display(),
        real.display()
    );
    fs::write(real.join("postmaster.pid"), text).unwrap();

    let cluster = Cluster::start(&binaries(), &data, TEST).await.unwrap();
    assert_eq!(
        number(&cluster.url("postgres"), "SELECT 1::bigint").await,
        1
    );
    finish(cluster, &data).await;
}

#[tokio::test]
async fn a_long_path_gets_a_short_socket() {
    let data = folder("long")
        .join("x".repeat(120))
        .join("my data, \"quoted\"");
    let cluster = Cluster::start(&binaries(), &data, TEST).await.unwrap();
    assert!(
        cluster
            .url("postgres")
            .starts_with("host=/tmp/posthaste-pg-")
    );
    assert_eq!(
        number(&cluster.url("postgres"), "SELECT 1::bigint").await,
        1
    );
    finish(cluster, &data).await;
}

#[tokio::test]
async fn a_second_start_on_the_same_folder_names_the_first() {
    let data = folder("twice").join("pgdata");
    let cluster = Cluster::start(&binaries(), &data, TEST).await.unwrap();
    let Err(Error::InUse { owner, .. }) = Cluster::start(&binaries(), &data, TEST).await else {
        panic!("two servers on one folder");
    };
    assert_eq!(owner, std::process::id().to_string());
    assert_eq!(
        number(&cluster.url("postgres"), "SELECT 1::bigint").await,
        1
    );
    finish(cluster, &data).await;
}

#[tokio::test]
async fn data_of_another_version_is_refused_with_the_way_out() {
    let data = folder("version").join("pgdata");
    let cluster = Cluster::start(&binaries(), &data, TEST).await.unwrap();
    let real = cluster.data_dir().to_owned();
    cluster.stop().await.unwrap();
    fs::write(real.join("PG_VERSION"), "14\n").unwrap();

    let error = Cluster::start(&binaries(), &data, TEST)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("was made by PostgreSQL 14"), "{error}");
    assert!(error.contains("pg_upgrade --old-bindir"), "{error}");
    posthaste_postgres::remove(&data).await.unwrap();
}

#[tokio::test]
async fn the_shared_cluster_is_started_once_for_all() {
    let home = folder("shared");
    let (one, two) = tokio::join!(shared::ensure_shared(&home), shared::ensure_shared(&home));
    let url = one.unwrap();
    assert_eq!(url, two.unwrap());
    assert_eq!(shared::shared_url(&home).await.unwrap(), Some(url.clone()));
    assert_eq!(
        number(
            &url,
            "SELECT count(*) FROM pg_settings WHERE name = 'fsync' AND setting = 'off'"
        )
        .await,
        1
    );

    assert!(shared::stop_shared(&home).await.unwrap());
    assert!(!shared::stop_shared(&home).await.unwrap());
    assert_eq!(shared::shared_url(&home).await.unwrap(), None);
    shared::remove_shared(&home).await.unwrap();
}

/// As root, runs itself again as `nobody`.
#[tokio::test]
async fn an_ordinary_user_can_do_it_too() {
    if nix::unistd::geteuid().is_root() {
        return again_as_nobody("an_ordinary_user_can_do_it_too");
    }
    let data = std::env::temp_dir().join(format!("posthaste-ordinary-{}", std::process::id()));
    let cluster = Cluster::start(&binaries(), &data, Options::default())
        .await
        .unwrap();
    assert_eq!(cluster.data_dir(), data);
    assert_eq!(
        number(&cluster.url("postgres"), "SELECT 1::bigint").await,
        1
    );
    assert_eq!(
        fs::metadata(&data).unwrap().uid(),
        nix::unistd::geteuid().as_raw()
    );
    finish(cluster, &data).await;
}

fn again_as_nobody(test: &str) {
    let nobody = 65534;
    let tmp = Path::new("/var/tmp/posthaste-ordinary-user");
    let _ = fs::remove_dir_all(tmp);
    fs::create_dir_all(tmp).unwrap();
    chown(tmp, Some(nobody), Some(nobody)).unwrap();
    // The test binary may lie where only root can read it.
    let binary = tmp.join("test");
    fs::copy(std::env::current_exe().unwrap(), &binary).unwrap();
    let output = Command::new(&binary)
        .args(["--exact", test])
        .env("TMPDIR", tmp)
        .current_dir(tmp)
        .uid(nobody)
        .gid(nobody)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
    fs::remove_dir_all(tmp).unwrap();
}

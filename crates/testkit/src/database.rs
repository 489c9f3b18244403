use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
    process,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use anyhow::{Context, Result};
use diesel::{QueryableByName, sql_types::Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use posthaste_store::{Address, Database, PoolSettings};

/// A migrated database that belongs to one test.
///
/// The first test of a run migrates a template; each test copies it. Databases of earlier runs are
/// removed when the template is looked at.
#[derive(Debug)]
pub struct TestDatabase {
    /// The pool.
    pub db: Database,
    /// Its connection string.
    pub url: String,
}

static NEXT: AtomicU32 = AtomicU32::new(0);

impl TestDatabase {
    /// A fresh database.
    pub async fn new() -> Self {
        match Self::create().await {
            Ok(database) => database,
            Err(error) => panic!("no test database: {error:#}"),
        }
    }

    async fn create() -> Result<Self> {
        let maintenance =
            posthaste_postgres::shared::ensure_shared(&posthaste_postgres::shared::default_home())
                .await?;
        let mut admin = AsyncPgConnection::establish(&maintenance)
            .await
            .context("connecting to the shared cluster")?;
        let template = prepare_template(&mut admin, &maintenance).await?;
        let name = format!(
            "test_{}_{}",
            process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        admin
            .batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            .await?;
        admin
            .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template}"))
            .await?;
        sweep(&mut admin).await?;
        let url = with_database(&maintenance, &name);
        let settings = PoolSettings {
            max_size: 8,
            wait: Duration::from_secs(10),
        };
        Ok(Self {
            db: Database::new(Address::new(&url, None)?, settings)?,
            url,
        })
    }
}

/// Most databases removed by one test, so that none waits long.
const SWEPT: usize = 3;

/// Removes databases whose test process has ended.
async fn sweep(admin: &mut AsyncPgConnection) -> Result<()> {
    let ended = |name: &String| {
        let pid = name
            .strip_prefix("test_")
            .and_then(|rest| rest.split('_').next());
        pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists())
    };
    for name in databases(admin)
        .await?
        .into_iter()
        .filter(ended)
        .take(SWEPT)
    {
        // Another test may be removing it too.
        let _ = admin
            .batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            .await;
    }
    Ok(())
}

fn with_database(maintenance: &str, name: &str) -> String {
    let kept: Vec<&str> = maintenance
        .split_whitespace()
        .filter(|part| !part.starts_with("dbname="))
        .collect();
    format!("{} dbname={name}", kept.join(" "))
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    datname: String,
}

async fn databases(admin: &mut AsyncPgConnection) -> Result<Vec<String>> {
    let rows: Vec<Name> = diesel::sql_query("SELECT datname::text FROM pg_database")
        .load(admin)
        .await?;
    Ok(rows.into_iter().map(|row| row.datname).collect())
}

/// Changes whenever a migration does, or what requests are granted after them.
fn migrations_fingerprint() -> Result<u64> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = crates.join("../migrations");
    let mut files: Vec<_> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path().join("up.sql")))
        .collect::<Result<_, _>>()?;
    files.push(crates.join("store/src/wall.rs"));
    files.retain(|file| file.exists());
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        fs::read(file)?.hash(&mut hasher);
    }
    Ok(hasher.finish())
}

/// Makes the template once for each content of the migrations; other processes wait meanwhile.
async fn prepare_template(admin: &mut AsyncPgConnection, maintenance: &str) -> Result<String> {
    let template = format!("template_{:016x}", migrations_fingerprint()?);
    if databases(admin).await?.contains(&template) {
        return Ok(template);
    }
    admin
        .batch_execute("SELECT pg_advisory_lock(727274)")
        .await?;
    let present = databases(admin).await?;
    if !present.contains(&template) {
        for old in present
            .iter()
            .filter(|name| name.starts_with("test_") || name.starts_with("template_"))
        {
            admin
                .batch_execute(&format!("DROP DATABASE IF EXISTS {old} WITH (FORCE)"))
                .await?;
        }
        let unfinished = "unfinished_template";
        admin
            .batch_execute(&format!(
                "DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)"
            ))
            .await?;
        admin
            .batch_execute(&format!("CREATE DATABASE {unfinished}"))
            .await?;
        let address = Address::new(&with_database(maintenance, unfinished), None)?;
        posthaste_store::migrate(&address).await?;
        admin
            .batch_execute(&format!("ALTER DATABASE {unfinished} RENAME TO {template}"))
            .await?;
    }
    admin
        .batch_execute("SELECT pg_advisory_unlock(727274)")
        .await?;
    Ok(template)
}

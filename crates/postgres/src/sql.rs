//! Connection strings and the few statements of our own.

use std::path::Path;

use tokio_postgres::{Client, Error as SqlError, NoTls, error::SqlState};

use crate::error::Error;

/// The one role; only the socket's owner and root reach it.
pub(crate) const SUPERUSER: &str = "posthaste";

/// The database that always exists.
pub(crate) const MAINTENANCE: &str = "postgres";

/// A connection string that libpq, tokio-postgres and diesel-async read alike.
pub(crate) fn url(socket: &Path, database: &str) -> String {
    format!(
        "host={} user={SUPERUSER} dbname={}",
        socket.display(),
        quoted_value(database)
    )
}

/// Connects; the connection ends with the client.
pub(crate) async fn connect(url: &str) -> Result<Client, SqlError> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Creates a database unless it exists.
pub(crate) async fn create_database(client: &Client, name: &str) -> Result<(), Error> {
    if client
        .query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name])
        .await?
        .is_some()
    {
        return Ok(());
    }
    match client
        .batch_execute(&format!(
            "CREATE DATABASE \"{}\"",
            name.replace('"', "\"\"")
        ))
        .await
    {
        // Somebody else made it in between.
        Err(error) if error.code() == Some(&SqlState::DUPLICATE_DATABASE) => Ok(()),
        other => Ok(other?),
    }
}

/// Quotes a value of a connection string.
fn quoted_value(value: &str) -> String {
    if value
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        && !value.is_empty()
    {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_survive_the_connection_string() {
        let url = url(Path::new("/tmp/s"), "it's a \\ name");
        let config: tokio_postgres::Config = url.parse().unwrap();
        assert_eq!(config.get_dbname(), Some("it's a \\ name"));
        assert_eq!(config.get_user(), Some("posthaste"));
    }
}

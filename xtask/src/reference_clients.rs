//! `cargo xtask reference-clients`: the clients that define GraphQL's protocols, against a server on a
//! database of its own.

use anyhow::Context;

use crate::{npm, run, server, tools};

/// The database, made anew for each run.
const DATABASE: &str = "reference_clients";

/// Builds, and runs only these tests.
pub async fn run_alone() -> anyhow::Result<()> {
    tools::check_compiler()?;
    tools::postgres(&run::default_home()).await?;
    tools::build(&["-p", "posthaste-api"])?;
    run(&database().await?)
}

/// An empty database on the cluster that tests share.
pub async fn database() -> anyhow::Result<String> {
    server::database(DATABASE).await
}

/// Starts the built server on an empty database and runs the clients against it.
pub fn run(database: &str) -> anyhow::Result<()> {
    let clients = run::root().join("api/tests/clients");
    npm::install(&clients)?;
    let server = server::Server::start("reference-clients", database, &[])?;
    let mut npm = npm::tool("npm");
    npm.args(["test", "--silent"]).current_dir(clients);
    npm.env("POSTHASTE_URL", format!("http://{}", server.address));
    npm.env("POSTHASTE_KEY", &server.key);
    run::succeed(&mut npm).with_context(|| format!("the server's log is {}", server.log.display()))
}

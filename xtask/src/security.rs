//! `cargo xtask security`: what can be looked at by machine, one line for each check.
//!
//! Whatever a check could not look at is said: a check that is skipped is never a check that passed.

mod client;
mod deep;
mod dependencies;
mod graphql;
mod headers;
mod probe;
mod sbom;
mod secrets;

use std::process::ExitCode;

use anyhow::bail;

use crate::{run, server, tools};

pub use dependencies::{check as dependencies, is_installed as knows_dependencies};
pub use secrets::check as secrets;

/// What to check; everything but the slow scanners unless told otherwise.
#[derive(clap::Args)]
pub struct Args {
    /// Only these checks, separated by commas: dependencies, advisories, secrets, graphql, headers, sbom,
    /// schemathesis, sqlmap.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Also the scanners that take minutes and are installed for it: schemathesis and sqlmap.
    #[arg(long)]
    deep: bool,
}

/// How a check that did not fail came out, with a sentence.
pub enum Outcome {
    /// Nothing was found.
    Passed(String),
    /// It could not be looked at.
    Skipped(String),
}

/// A check and what runs it.
type Check = (&'static str, fn(&Ground) -> anyhow::Result<Outcome>);

/// What needs no server.
const LOCAL: [Check; 4] = [
    ("dependencies", |_| dependencies::check()),
    ("advisories", |_| dependencies::advisories()),
    ("secrets", |_| secrets::check()),
    ("sbom", |_| sbom::write()),
];

/// What asks a running server.
const REMOTE: [Check; 2] = [("graphql", graphql::check), ("headers", headers::check)];

/// The same, for minutes.
const DEEP: [Check; 2] = [
    ("schemathesis", deep::schemathesis),
    ("sqlmap", deep::sqlmap),
];

/// The server that is asked, if a check needs one.
pub struct Ground(Option<server::Server>);

impl Ground {
    /// The server.
    pub fn server(&self) -> anyhow::Result<&server::Server> {
        self.0
            .as_ref()
            .ok_or_else(|| anyhow::anyhow!("there is no server"))
    }
}

/// Runs the checks, also after one failed; the exit code is 1 when one did.
pub async fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let all: Vec<Check> = LOCAL.into_iter().chain(REMOTE).chain(DEEP).collect();
    let is_known = |name: &String| all.iter().any(|(known, _)| known == name);
    if let Some(unknown) = args.only.iter().find(|name| !is_known(name)) {
        bail!("there is no check '{unknown}'; `cargo xtask security --help` names them");
    }
    let is_slow = |name: &str| DEEP.iter().any(|(slow, _)| *slow == name);
    let is_wanted = |name: &str| {
        if args.only.is_empty() {
            args.deep || !is_slow(name)
        } else {
            args.only.iter().any(|only| only == name)
        }
    };
    let wanted: Vec<Check> = all
        .into_iter()
        .filter(|(name, _)| is_wanted(name))
        .collect();
    let is_local = |name: &str| LOCAL.iter().any(|(local, _)| *local == name);
    let ground = if wanted.iter().all(|(name, _)| is_local(name)) {
        Ground(None)
    } else {
        Ground(Some(start().await?))
    };
    let mut failed = 0;
    for (name, check) in wanted {
        let (sign, told) = match check(&ground) {
            Ok(Outcome::Passed(told)) => ("ok", told),
            Ok(Outcome::Skipped(why)) => ("skipped", why),
            Err(error) => {
                failed += 1;
                ("FAILED", format!("{error:#}"))
            }
        };
        println!("{sign:<8} {name:<13} {told}");
    }
    Ok(ExitCode::from(u8::from(failed > 0)))
}

/// A server as operators run it: no sandbox, a public address with TLS before it, and nothing published.
async fn start() -> anyhow::Result<server::Server> {
    tools::check_compiler()?;
    tools::postgres(&run::default_home()).await?;
    tools::build(&["-p", "posthaste-api"])?;
    let database = server::database("security").await?;
    server::Server::start(
        "security",
        &database,
        &[("POSTHASTE_PUBLIC_URL", probe::PUBLIC)],
    )
}

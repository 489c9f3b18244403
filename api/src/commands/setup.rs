use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use posthaste_core::{Error, ErrorCode, secret::Secret};
use posthaste_engine::session::{self, NewUser, NewWorkspace};
use posthaste_store::pending_migrations;

use super::prompt;
use crate::{app, config::Config};

/// Make the first workspace and its owner, and print an API key for it.
///
/// The key is the only line on standard output and is shown this once: KEY=$(posthaste setup …). The
/// owner's password is read from --password-file, or else from standard input. Everything is made or
/// nothing is; run `posthaste migrate` before.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the workspace.
    #[arg(long)]
    workspace: String,
    /// Zone in which its local times are read, such as Europe/Paris.
    #[arg(long)]
    time_zone: String,
    /// E-mail with which the owner signs in.
    #[arg(long)]
    email: String,
    /// Name of the owner.
    #[arg(long)]
    name: String,
    /// File whose first line is the owner's password.
    #[arg(long)]
    password_file: Option<PathBuf>,
    /// Make one more workspace, for an owner who is new too.
    #[arg(long)]
    another: bool,
}

/// Makes them; refuses where there is a workspace, unless one more is wanted.
pub async fn run(config: Config, args: Args) -> anyhow::Result<()> {
    let app = app::build(&config)?;
    let pending = pending_migrations(app.db.address())
        .await
        .map_err(explained)?;
    if pending > 0 {
        bail!("{pending} database migrations have not run; run `posthaste migrate` first");
    }
    let owner = NewUser {
        id: None,
        email: args.email,
        name: args.name,
        password: password(args.password_file.as_deref())?,
    };
    let workspace = NewWorkspace {
        id: None,
        name: args.workspace,
        time_zone: args.time_zone,
    };
    let founded = session::found(&app, workspace, owner, args.another)
        .await
        .map_err(|error| explained(with_way_out(error, args.another)))?;
    eprintln!(
        "made workspace '{}' ({}) and its owner {}; this key opens it and is not shown again:",
        founded.workspace.name, founded.workspace.id, founded.owner.email
    );
    println!("{}", founded.key.expose());
    Ok(())
}

fn with_way_out(mut error: Error, another: bool) -> Error {
    if error.code == ErrorCode::AlreadyExists && !another {
        error.message += " To make one more, add --another.";
    }
    error
}

/// The error as a sentence of a command: the field becomes the option, the cause is shown.
pub(super) fn explained(error: Error) -> anyhow::Error {
    let place = match error.path.first() {
        Some(field) => format!("{field}: "),
        None => String::new(),
    };
    let sentence = format!("{}: {place}{}", error.code, error.message);
    match error.cause {
        Some(cause) => anyhow!("{cause}").context(sentence),
        None => anyhow!(sentence),
    }
}

fn password(file: Option<&Path>) -> anyhow::Result<Secret> {
    let line = match file {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("the password file {} cannot be read", path.display()))?;
            text.lines().next().unwrap_or_default().to_owned()
        }
        None => prompt::secret("Password of the owner (8 characters or more)")?,
    };
    if line.is_empty() {
        bail!(
            "no password was given; write it into a file and name it with --password-file, or type it when asked"
        );
    }
    Ok(Secret::new(line))
}

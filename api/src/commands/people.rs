use anyhow::Context;
use posthaste_core::Result as CoreResult;
use posthaste_engine::{App, session::operator};

use super::setup::explained;
use crate::{app, config::Config};

/// Shut people out and let them in again, and end their sessions.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Shut a person out: sessions end, and keys of their own open nothing from the next request on.
    Disable(Person),
    /// Let a person in again who was shut out: keys work again, and signing in does.
    Enable(Person),
    Sessions(Sessions),
}

#[derive(Debug, clap::Args)]
struct Person {
    /// The e-mail.
    email: String,
}

/// The sessions of a person.
#[derive(Debug, clap::Args)]
struct Sessions {
    #[command(subcommand)]
    action: OfSessions,
}

#[derive(Debug, clap::Subcommand)]
enum OfSessions {
    /// End all of them: the person signs in again.
    Revoke(Person),
}

/// Does it, and says what came of it.
pub async fn run(config: Config, args: Args) -> anyhow::Result<()> {
    let app = app::build(&config)?;
    let told = match args.action {
        Action::Disable(who) => disable(&app, &who.email).await,
        Action::Enable(who) => enable(&app, &who.email).await,
        Action::Sessions(of) => {
            let OfSessions::Revoke(who) = of.action;
            revoke(&app, &who.email).await
        }
    };
    println!("{}", told.map_err(explained).context("nothing was done")?);
    Ok(())
}

async fn disable(app: &App, email: &str) -> CoreResult<String> {
    let changed = operator::disable(app, email).await?;
    let told = if changed {
        "is shut out"
    } else {
        "was shut out already"
    };
    Ok(format!("{email} {told}"))
}

async fn enable(app: &App, email: &str) -> CoreResult<String> {
    let changed = operator::enable(app, email).await?;
    let told = if changed {
        "may sign in again"
    } else {
        "was not shut out"
    };
    Ok(format!("{email} {told}"))
}

async fn revoke(app: &App, email: &str) -> CoreResult<String> {
    let ended = operator::revoke_sessions(app, email).await?;
    Ok(format!("ended {ended} sessions of {email}"))
}

use anyhow::Context;
use chrono::SecondsFormat;
use posthaste_core::{Result as CoreResult, ids::IncidentId};
use posthaste_engine::{App, incident::operator};
use posthaste_store::incident::Incident;

use super::setup::explained;
use crate::{app, config::Config};

/// See what looks like an attack, on the server and in all workspaces, and close it.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the open ones, the newest first, 100 at most.
    List(List),
    /// Show one with all that was done about it.
    Show(One),
    /// Shut the person out whom it is about, in all workspaces.
    LockAccount(One),
    /// Close one with a note of what it was.
    Close(Close),
}

#[derive(Debug, clap::Args)]
struct List {
    /// The closed ones, too.
    #[arg(long)]
    closed: bool,
}

#[derive(Debug, clap::Args)]
struct One {
    /// The id (`inc_…`).
    id: IncidentId,
}

#[derive(Debug, clap::Args)]
struct Close {
    /// The id (`inc_…`).
    id: IncidentId,
    /// What it was.
    #[arg(long)]
    note: String,
}

/// Does it, and says what came of it.
pub async fn run(config: Config, args: Args) -> anyhow::Result<()> {
    let app = app::build(&config)?;
    let told = match args.action {
        Action::List(list) => newest(&app, list.closed).await,
        Action::Show(one) => show(&app, one.id).await,
        Action::LockAccount(one) => {
            let locked = operator::lock_account(&app, one.id).await;
            locked.map(|()| "the person is shut out".to_owned())
        }
        Action::Close(close) => {
            let closed = operator::close(&app, close.id, &close.note).await;
            closed.map(|()| format!("{} is closed", close.id))
        }
    };
    println!("{}", told.map_err(explained).context("nothing was done")?);
    Ok(())
}

async fn newest(app: &App, closed: bool) -> CoreResult<String> {
    let incidents = operator::newest(app, closed).await?;
    if incidents.is_empty() {
        return Ok("no incidents".to_owned());
    }
    let lines: Vec<_> = incidents.iter().map(line).collect();
    Ok(lines.join("\n"))
}

async fn show(app: &App, id: IncidentId) -> CoreResult<String> {
    let (incident, steps) = operator::get(app, id).await?;
    let mut told = vec![line(&incident), incident.rule.title().to_owned()];
    told.push(incident.rule.advice().to_owned());
    told.push(incident.detail.to_string());
    for step in steps {
        told.push(format!(
            "{}  {}  by {}  {}",
            step.at.to_rfc3339_opts(SecondsFormat::Secs, true),
            step.kind.as_str(),
            step.provenance.credential(),
            step.note.unwrap_or_default()
        ));
    }
    Ok(told.join("\n"))
}

fn line(incident: &Incident) -> String {
    let place = incident.workspace_id.map_or_else(
        || "server".to_owned(),
        |id| posthaste_core::ids::WorkspaceId::from(id).to_string(),
    );
    format!(
        "{}  {}  {}  {}  {}  seen {} times",
        incident.id,
        incident
            .opened_at
            .to_rfc3339_opts(SecondsFormat::Secs, true),
        place,
        incident.rule.as_str(),
        incident.subject,
        incident.times
    )
}

use std::{
    fs::OpenOptions,
    io::{Read, Write, stdout},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::{Context, bail};
use posthaste_engine::{
    adapters::{KeyRing, KeySource},
    vault::{self, Resealed, Survey, Vault, Version},
};
use posthaste_store::Database;
use serde_json::json;

use super::setup::explained;
use crate::{app, config::Config};

/// Show and rotate the keys under which secrets lie in the database.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    List(List),
    /// Make a master key: a new last line of the master key file.
    ///
    /// If the nodes do not all read this very file, bring the line to each node's file before anything else. Copy
    /// it to somewhere safe, and then run `posthaste keys rotate`.
    New,
    Rotate(Rotate),
}

/// Show master keys by id, and the data keys of each workspace with how many values lie under them.
#[derive(Debug, clap::Args)]
struct List {
    /// As JSON: one object for each key.
    #[arg(long)]
    json: bool,
    /// Only data keys that are not in use any more but still have values under them.
    #[arg(long)]
    old: bool,
}

/// Wrap every data key under the newest master key, while everything runs.
///
/// Every node must know the newest master key before, and a copy of it must lie somewhere safe: without it
/// nothing can be opened any more. Run it again after an interruption: it goes on where it was.
#[derive(Debug, clap::Args)]
struct Rotate {
    /// Give every workspace a new data key too and seal all values anew.
    #[arg(long)]
    data: bool,
}

/// Shows or rotates.
pub async fn run(config: Config, args: Args) -> anyhow::Result<()> {
    match args.action {
        Action::New => add_master(&config.security.key_source()?),
        Action::List(list) => show(&vault(&config)?, &list).await,
        Action::Rotate(wanted) => {
            let vault = vault(&config)?;
            rotate_master(&vault).await?;
            if wanted.data {
                rotate_data(&vault).await?;
            }
            Ok(())
        }
    }
}

fn vault(config: &Config) -> anyhow::Result<Vault> {
    let db = Database::new(config.address()?, config.database.pool())?;
    app::vault(config, &db)
}

async fn show(vault: &Vault, list: &List) -> anyhow::Result<()> {
    let mut survey = vault::survey(vault).await.map_err(explained)?;
    let mut out = stdout().lock();
    if list.json {
        for master in &survey.masters {
            writeln!(out, "{}", json!({ "master": master }))?;
        }
    } else {
        writeln!(out, "{:<18} {:>9}  master key", "", "data keys")?;
        for master in &survey.masters {
            let state = if master.is_current {
                "wraps now"
            } else {
                "only unwraps"
            };
            writeln!(out, "{:<18} {:>9}  {state}", master.id, master.data_keys)?;
        }
        writeln!(
            out,
            "\n{:<36} {:>7} {:>9}  data key",
            "workspace", "version", "values"
        )?;
    }
    while let Some(page) = survey.next().await.map_err(explained)? {
        let shown = |key: &&Version| !list.old || (!key.is_current && key.values > 0);
        for key in page.iter().filter(shown) {
            if list.json {
                writeln!(out, "{}", json!({ "data": key }))?;
            } else {
                writeln!(out, "{}", line(key))?;
            }
        }
    }
    Ok(())
}

fn line(key: &Version) -> String {
    let state = match (&key.master_key, &key.created_at) {
        (Some(master), Some(at)) => {
            let state = if key.is_current {
                "seals now"
            } else {
                "only opens"
            };
            let day = at.format("%Y-%m-%d");
            format!("{state}, made {day}, wrapped by {master}")
        }
        _ => "sealed before there were data keys".to_owned(),
    };
    let workspace = key.workspace.to_string();
    format!(
        "{workspace:<36} {:>7} {:>9}  {state}",
        key.version, key.values
    )
}

async fn rotate_master(vault: &Vault) -> anyhow::Result<()> {
    let outcome = vault::rotate_master(vault).await.map_err(explained)?;
    println!(
        "wrapped {} data keys under the newest master key",
        outcome.done
    );
    if outcome.failed > 0 {
        bail!(
            "{} data keys could not be unwrapped: their master key is not among yours; the log names it",
            outcome.failed
        );
    }
    Ok(())
}

async fn rotate_data(vault: &Vault) -> anyhow::Result<()> {
    let begun = vault::begin_rotation(vault).await.map_err(explained)?;
    println!("made {begun} new data keys; waiting until every process seals with them");
    tokio::time::sleep(vault::TRUST).await;
    let Resealed {
        done,
        changed,
        failed,
        removed,
    } = vault::reseal(vault).await.map_err(explained)?;
    println!(
        "sealed {done} values anew ({changed} were changed meanwhile), removed {removed} data keys"
    );
    if failed > 0 {
        bail!("{failed} values could not be opened; the log names their rows");
    }
    let left = old_values(vault::survey(vault).await.map_err(explained)?).await?;
    if left > 0 {
        bail!("{left} values lie under older data keys still; run the command again");
    }
    Ok(())
}

async fn old_values(mut survey: Survey<'_>) -> anyhow::Result<i64> {
    let mut left = 0;
    while let Some(page) = survey.next().await.map_err(explained)? {
        let old = page.iter().filter(|key| !key.is_current);
        left += old.map(|key| key.values).sum::<i64>();
    }
    Ok(left)
}

/// Adds a line to the file. What is there stays, so that everything can be unwrapped meanwhile.
fn add_master(source: &KeySource) -> anyhow::Result<()> {
    let KeySource::File(path) = source else {
        bail!(
            "There is no master key file to add to. Set POSTHASTE_MASTER_KEY_FILE (or security.master_key_file), \
             or add a key where yours come from."
        );
    };
    append(path, KeyRing::new_line().expose())
        .with_context(|| format!("{} cannot be written", path.display()))?;
    println!(
        "added a master key to {}\nbring it to every node and keep a copy, then run: posthaste keys rotate",
        path.display()
    );
    Ok(())
}

fn append(path: &Path, line: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .read(true)
        .append(true)
        .mode(0o600)
        .open(path)?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let gap = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    file.write_all(format!("{gap}{line}\n").as_bytes())?;
    file.sync_all()
}

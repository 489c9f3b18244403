use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader, Write, stdout},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use posthaste_core::{
    audit::{Entry, Fault, chain_name},
    ids::WorkspaceId,
};
use posthaste_engine::audit::{self, Check, End};
use posthaste_store::{Database, audit::Chain};

use super::setup::explained;
use crate::config::Config;

/// Export the audit log, and show that nobody changed it.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Verify(Verify),
    Export(Export),
}

/// Compare every hash; names the first entry of each chain that is not as it was written.
///
/// Whoever may do everything in the database could write a whole chain anew, or cut off its end. Append what --json
/// shows to a file somewhere else, and hand that to --against the next time: then that is found too.
#[derive(Debug, clap::Args)]
struct Verify {
    /// Where each chain ends, as JSON: one object for each line.
    #[arg(long)]
    json: bool,
    /// What --json showed before, of one time or many: entries must be the same as then.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Compare an export instead of the database.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Write entries to the standard output: one JSON object for each line, by chain, oldest first.
#[derive(Debug, clap::Args)]
struct Export {
    /// Only this chain: the id of a workspace (`ws_…`), or `server`.
    #[arg(long, value_parser = named)]
    chain: Option<Chain>,
    /// Only what follows this entry of the chain.
    #[arg(long, value_name = "SEQ", requires = "chain", default_value_t = 0)]
    after: i64,
}

fn named(text: &str) -> Result<Chain, String> {
    if text == chain_name(None) {
        return Ok(None);
    }
    text.parse::<WorkspaceId>()
        .map(Some)
        .map_err(|error| error.to_string())
}

/// Exports or verifies.
pub async fn run(config: Config, args: Args) -> anyhow::Result<()> {
    let open = || anyhow::Ok(Database::new(config.address()?, config.database.pool())?);
    match args.action {
        Action::Verify(wanted) => {
            let known = wanted.against.as_deref().map(ends).transpose()?;
            let known = known.unwrap_or_default();
            let mut outcomes = match &wanted.file {
                Some(file) => verify_file(file, &known)?,
                None => verify_all(&open()?, &known).await?,
            };
            outcomes.extend(gone(&outcomes, &known));
            report(outcomes, wanted.json)
        }
        Action::Export(wanted) => export(&open()?, &wanted).await,
    }
}

/// How a chain stands.
type Outcome = Result<End, (String, Fault)>;

async fn verify_all(db: &Database, known: &[End]) -> anyhow::Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    let mut last = None;
    loop {
        let page = audit::chains(db, last).await.map_err(explained)?;
        let Some(end) = page.last() else {
            break;
        };
        last = Some(*end);
        for chain in page {
            let outcome = audit::verify(db, chain, known).await.map_err(explained)?;
            outcomes.push(outcome.map_err(|fault| (chain_name(chain), fault)));
        }
    }
    Ok(outcomes)
}

/// Chains that were there when somebody looked before.
fn gone(outcomes: &[Outcome], known: &[End]) -> Vec<Outcome> {
    let name = |outcome: &Outcome| match outcome {
        Ok(end) => end.chain.clone(),
        Err((chain, _)) => chain.clone(),
    };
    let found: Vec<_> = outcomes.iter().map(name).collect();
    let is_gone = |end: &&End| end.seq > 0 && !found.contains(&end.chain);
    let fault = Fault {
        seq: 1,
        why: "is missing, and was there when the chain was looked at before",
    };
    known
        .iter()
        .filter(is_gone)
        .map(|end| Err((end.chain.clone(), fault.clone())))
        .collect()
}

fn report(outcomes: Vec<Outcome>, json: bool) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    let mut broken = 0;
    for outcome in outcomes {
        match outcome {
            Ok(end) if json => writeln!(out, "{}", serde_json::to_string(&end)?)?,
            Ok(end) => writeln!(
                out,
                "{:<36} whole, {} entries ({} erased), ends with {}",
                end.chain, end.seq, end.erased, end.hash
            )?,
            Err((chain, fault)) => {
                broken += 1;
                eprintln!("{chain:<36} broken: {fault}");
            }
        }
    }
    if broken > 0 {
        bail!("{broken} chains of the audit log are not as they were written");
    }
    Ok(())
}

async fn export(db: &Database, wanted: &Export) -> anyhow::Result<()> {
    if let Some(chain) = wanted.chain {
        return export_chain(db, chain, wanted.after).await;
    }
    let mut last = None;
    loop {
        let page = audit::chains(db, last).await.map_err(explained)?;
        let Some(end) = page.last() else {
            return Ok(());
        };
        last = Some(*end);
        for chain in page {
            export_chain(db, chain, 0).await?;
        }
    }
}

async fn export_chain(db: &Database, chain: Chain, mut after: i64) -> anyhow::Result<()> {
    loop {
        let batch = audit::export(db, chain, after).await.map_err(explained)?;
        let Some(last) = batch.last() else {
            return Ok(());
        };
        after = last.seq;
        let mut out = stdout().lock();
        for entry in &batch {
            writeln!(out, "{}", serde_json::to_string(entry)?)?;
        }
    }
}

fn ends(path: &Path) -> anyhow::Result<Vec<End>> {
    let ends: Vec<End> = lines(path)?.collect::<anyhow::Result<_>>()?;
    if ends.is_empty() {
        bail!(
            "{} is empty: there is nothing to compare with",
            path.display()
        );
    }
    Ok(ends)
}

/// Each chain of an export, which may hold several.
fn verify_file(path: &Path, known: &[End]) -> anyhow::Result<Vec<Outcome>> {
    let mut chains = BTreeMap::<String, Result<Check<'_>, Fault>>::new();
    for entry in lines::<Entry>(path)? {
        let entry = entry?;
        let chain = chains
            .entry(entry.chain.clone())
            .or_insert_with_key(|name| Ok(Check::new(name.clone(), known)));
        if let Ok(check) = chain
            && let Err(fault) = check.take(&entry)
        {
            *chain = Err(fault);
        }
    }
    let outcome = |(chain, check): (String, Result<Check<'_>, Fault>)| {
        check
            .and_then(Check::finish)
            .map_err(|fault| (chain, fault))
    };
    Ok(chains.into_iter().map(outcome).collect())
}

/// The lines of a file, each a JSON value.
fn lines<T: serde::de::DeserializeOwned>(
    path: &Path,
) -> anyhow::Result<impl Iterator<Item = anyhow::Result<T>>> {
    let shown = path.display().to_string();
    let file = File::open(path).with_context(|| format!("{shown} cannot be read"))?;
    let read = move |(index, line): (usize, std::io::Result<String>)| {
        let place = || format!("line {} of {shown} cannot be read", index + 1);
        serde_json::from_str(&line.with_context(place)?).with_context(place)
    };
    Ok(BufReader::new(file).lines().enumerate().map(read))
}

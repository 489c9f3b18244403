use std::{
    collections::HashSet,
    fmt::Write,
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, anyhow, bail};
use futures::{StreamExt, stream};

use super::{
    case::{Case, Outcome, play},
    cases,
    check::{Finding, check},
    evidence::{Evidence, REPLAYED},
    machine::{Machine, calm},
    page,
    report::{self, Row},
    round::all_seen,
    stage::{Setting, Stage, clear},
};

/// How quick a run is unless somebody asks: leases of four seconds. Quicker ones need a machine that
/// does nothing else.
const PACE: u32 = 4;
/// How long after the last round the networks' log is read once more.
const LATE: Duration = Duration::from_secs(3);
/// With more than this part of its time given to other machines, a round says nothing about what came too late.
const MOST_STOLEN: f64 = 0.15;
/// How often such a round is played again.
const REPLAYS: u32 = 2;
/// How long the machine is waited for before.
const MOST_WAIT: Duration = Duration::from_mins(10);

/// Plays faults against real processes and compares every target with every wall. Ends with 0 when
/// nothing was lost, nothing went out twice, early or out of order, and every fault really bit.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Seeds played of each case, from 1 on.
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// Only this seed: plays again what a failed run names.
    #[arg(long)]
    seed: Option<u64>,
    /// Only these cases (comma-separated), for example F1,F8; all when left out.
    #[arg(long = "case", value_delimiter = ',')]
    cases: Vec<String>,
    /// Cases played side by side, each with processes of its own; those that judge how late posts are play
    /// alone in the end.
    #[arg(long, default_value_t = 3)]
    jobs: usize,
    /// Lease, settle time, back-off and the like are divided by this (1 to 20).
    #[arg(long, default_value_t = PACE)]
    pace: u32,
    /// Keep the folders of cases that passed too: logs, database, walls.
    #[arg(long)]
    keep: bool,
    /// Writes the table as Markdown, between the marks of a page that has them; rows of cases that are not played
    /// stay as they are.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// An older `posthaste` that takes part in the rolling restart (F19).
    #[arg(long, value_name = "PROGRAM")]
    old: Option<PathBuf>,
    /// Posts due in the same second (F21).
    #[arg(long, default_value_t = 800)]
    posts: usize,
    /// Redis's server, where a case wants one.
    #[arg(long, env = "POSTHASTE_REDIS_SERVER", default_value = "redis-server")]
    redis: PathBuf,
    /// Folder of the run.
    #[arg(long, default_value = ".posthaste/faults")]
    home: PathBuf,
    /// List the cases and end.
    #[arg(long)]
    list: bool,
}

impl Args {
    fn seeds(&self) -> Vec<u64> {
        match self.seed {
            Some(seed) => vec![seed],
            None => (1..=self.seeds).collect(),
        }
    }

    fn chosen(&self, setting: &Setting) -> anyhow::Result<Vec<Box<dyn Case>>> {
        let all = cases::all(setting);
        let known: Vec<_> = all.iter().map(|case| case.id()).collect();
        let wanted = |case: &dyn Case| {
            let is = |name: &String| name.eq_ignore_ascii_case(case.id());
            self.cases.is_empty() || self.cases.iter().any(is)
        };
        for name in &self.cases {
            if !known.iter().any(|id| id.eq_ignore_ascii_case(name)) {
                bail!("there is no case {name}; known are: {}", known.join(", "));
            }
        }
        Ok(all.into_iter().filter(|case| wanted(&**case)).collect())
    }
}

/// Plays the chosen cases and prints the table.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let setting = Setting {
        home: std::path::absolute(&args.home)?,
        pace: args.pace,
        old: args.old.clone(),
        crowd: args.posts,
        redis: args.redis.clone(),
    };
    let all = cases::all(&setting);
    let known: Vec<_> = all.iter().map(|case| case.id()).collect();
    let chosen = args.chosen(&setting)?;
    if args.list {
        for case in &chosen {
            println!("{:4} {}", case.id(), case.what());
        }
        return Ok(ExitCode::SUCCESS);
    }
    let begin = Instant::now();
    std::fs::create_dir_all(&setting.home)
        .with_context(|| format!("cannot create {}", setting.home.display()))?;
    let order: Vec<_> = chosen.iter().map(|case| case.id()).collect();
    let mut chosen = chosen;
    // The longest first, so that none is left alone in the end.
    chosen.sort_by_key(|case| std::cmp::Reverse(case.seconds()));
    let (timed, others) = chosen.into_iter().partition(|case| case.is_timed());
    let playing = async {
        let mut rows = side_by_side(others, args.jobs.max(1), &setting, &args).await;
        rows.extend(side_by_side(timed, 1, &setting, &args).await);
        rows
    };
    let mut rows = tokio::select! {
        rows = playing => rows,
        _ = tokio::signal::ctrl_c() => bail!("interrupted"),
    };
    rows.sort_by_key(|row| order.iter().position(|id| *id == row.id));
    let seconds = begin.elapsed().as_secs();
    println!("\n{}", report::table(&rows));
    if let Some(path) = &args.report {
        let how = format!(
            "`cargo xtask faults --seeds {}`, version {}, {} min {} s, waits divided by {}.",
            args.seeds,
            version(),
            seconds / 60,
            seconds % 60,
            args.pace
        );
        page::write(path, &how, &rows, &known)?;
    }
    let failures: Vec<_> = rows.iter().flat_map(|row| &row.failures).collect();
    for failure in &failures {
        println!("FAILED {failure}");
    }
    if failures.is_empty() {
        println!("{} cases passed in {seconds} s", rows.len());
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

/// The commit of the sources that are played, where there is one.
fn version() -> String {
    let told = std::process::Command::new("git")
        .args(["describe", "--always", "--dirty", "--exclude=*"])
        .output();
    let commit = told.ok().filter(|told| told.status.success());
    commit.map_or_else(
        || env!("CARGO_PKG_VERSION").to_owned(),
        |told| String::from_utf8_lossy(&told.stdout).trim().to_owned(),
    )
}

async fn side_by_side(
    cases: Vec<Box<dyn Case>>,
    jobs: usize,
    setting: &Setting,
    args: &Args,
) -> Vec<Row> {
    stream::iter(cases)
        .map(|case| one(case, setting.clone(), args.clone()))
        .buffer_unordered(jobs)
        .collect()
        .await
}

async fn one(case: Box<dyn Case>, setting: Setting, args: Args) -> Row {
    let case: Arc<dyn Case> = Arc::from(case);
    let mut row = Row::of(&*case);
    if let Err(error) = rounds(&*case, &setting, &args, &mut row).await {
        let home = setting.home.join(case.id());
        let failure = format!(
            "{}: {error:#}\n  the logs are in {}",
            case.id(),
            home.display()
        );
        // At once, and again below the table: the other cases may take an hour.
        eprintln!("FAILED {failure}");
        row.failures.push(failure);
    }
    row
}

async fn rounds(
    case: &dyn Case,
    setting: &Setting,
    args: &Args,
    row: &mut Row,
) -> anyhow::Result<()> {
    if case.alone(0, &mut Evidence::default()).is_some() {
        return alone(case, args, row);
    }
    let mut stage = Stage::start(case.id(), &case.wanted(), setting).await?;
    let begin = Instant::now();
    for seed in args.seeds() {
        for replays in 0.. {
            let before = (stage.evidence.clone(), stage.judged.len(), Machine::now());
            let played = play(case, &mut stage, seed).await;
            row.evidence = stage.evidence.clone();
            if let Ok(outcome) = &played {
                tell(case, seed, outcome, begin.elapsed());
            }
            let failure = match played {
                Ok(outcome) if outcome.is_good() => {
                    row.add(&outcome);
                    break;
                }
                played => played,
            };
            let stolen = Machine::now().stolen_since(before.2);
            let is_safe = failure.as_ref().map_or(true, Outcome::is_safe);
            if replays == REPLAYS || stolen < MOST_STOLEN || !is_safe {
                stage.stop().await?;
                return Err(failed(case, args, seed, failure, row));
            }
            eprintln!(
                "{:4} seed {seed}: others had {:.0} % of this machine; it is played again when that is over",
                case.id(),
                stolen * 100.0
            );
            // On new ground: what is still under way would disturb the next rounds.
            stage.judged.truncate(before.1);
            stage = anew(case, stage, setting, before.0).await?;
        }
    }
    finish(case, stage).await?;
    if let Err(why) = case.bitten(&row.evidence) {
        bail!("{why} (seen: {})", row.evidence.shown());
    }
    if !args.keep {
        let home = setting.home.join(case.id());
        clear(&home).await?;
        std::fs::remove_dir(&home)?;
    }
    Ok(())
}

fn tell(case: &dyn Case, seed: u64, outcome: &Outcome, elapsed: Duration) {
    eprintln!(
        "{:4} seed {seed}: {} targets, {} published{} ({:.0} s; written {:.1}, faults {:.1}, settled {:.1})",
        case.id(),
        outcome.verdict.targets,
        outcome.verdict.published,
        if outcome.is_good() { "" } else { ", FAILED" },
        elapsed.as_secs_f64(),
        outcome.took[0],
        outcome.took[1],
        outcome.took[2],
    );
}

/// What is said of a round that failed.
fn failed(
    case: &dyn Case,
    args: &Args,
    seed: u64,
    played: anyhow::Result<Outcome>,
    row: &mut Row,
) -> anyhow::Error {
    let again = format!("seed {seed}; again with `{}`", again(case, args, seed));
    match played {
        Ok(outcome) => {
            row.add(&outcome);
            anyhow!("{again}{}", shown(&outcome))
        }
        Err(error) => error.context(again),
    }
}

/// The same ground, empty; the rounds that were judged on the one before are judged once more.
async fn anew(
    case: &dyn Case,
    stage: Stage,
    setting: &Setting,
    mut evidence: Evidence,
) -> anyhow::Result<Stage> {
    finish(case, stage).await?;
    calm(MOST_WAIT).await;
    let mut stage = Stage::start(case.id(), &case.wanted(), setting).await?;
    evidence.add(REPLAYED, 1);
    stage.evidence = evidence;
    Ok(stage)
}

/// Ends everything, and fails for what came to light after its round.
async fn finish(case: &dyn Case, stage: Stage) -> anyhow::Result<()> {
    let late = once_more(case, &stage).await;
    stage.stop().await?;
    let late = late?;
    if !late.is_empty() {
        bail!("after the last round:{}", told(&late));
    }
    Ok(())
}

/// Judges all rounds once more: what a worker that was believed dead sent late belongs to a round that
/// was judged before.
async fn once_more(case: &dyn Case, stage: &Stage) -> anyhow::Result<Vec<Finding>> {
    tokio::time::sleep(LATE).await;
    let mut walls = all_seen(&stage.control.log().await?)?;
    let accounts: HashSet<_> = stage.judged.iter().map(|due| &due.account).collect();
    walls.retain(|seen| accounts.contains(&seen.account));
    Ok(check(&stage.judged, &walls, case.may_be_early()).findings)
}

/// Plays a case within this process.
fn alone(case: &dyn Case, args: &Args, row: &mut Row) -> anyhow::Result<()> {
    for seed in args.seeds() {
        let mut evidence = std::mem::take(&mut row.evidence);
        let outcome = case.alone(seed, &mut evidence);
        row.evidence = evidence;
        let Some(outcome) = outcome else { continue };
        row.add(&outcome);
        if !outcome.is_good() {
            let again = again(case, args, seed);
            bail!("seed {seed}; again with `{again}`{}", shown(&outcome));
        }
    }
    case.bitten(&row.evidence).map_err(anyhow::Error::msg)
}

fn again(case: &dyn Case, args: &Args, seed: u64) -> String {
    let pace = if args.pace == PACE {
        String::new()
    } else {
        format!(" --pace {}", args.pace)
    };
    format!(
        "cargo xtask faults --case {} --seed {seed}{pace}",
        case.id()
    )
}

fn shown(outcome: &Outcome) -> String {
    let mut text = String::new();
    for complaint in &outcome.complaints {
        let _ = write!(text, "\n  {complaint}");
    }
    text.push_str(&told(&outcome.verdict.findings));
    for target in &outcome.timelines {
        let _ = write!(
            text,
            "\n  {} on {} is {}, due {}, error {}",
            target["id"], target["network"], target["state"], target["dueAt"], target["error"]
        );
        for step in target["timeline"].as_array().into_iter().flatten() {
            let word = |name: &str| step[name].as_str().unwrap_or_default().to_owned();
            let _ = write!(
                text,
                "\n    {} try {} {:12} {}",
                word("at"),
                step["attempt"],
                word("kind"),
                word("message")
            );
        }
    }
    text
}

fn told(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let target = finding.target.as_deref().unwrap_or("no target");
        let _ = write!(
            text,
            "\n  {:?}: {target}: {}",
            finding.fault, finding.message
        );
    }
    text
}

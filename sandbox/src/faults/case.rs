use std::{os::unix::process::ExitStatusExt, time::Duration};

use anyhow::bail;
use async_trait::async_trait;
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    check::{self, Fault, Finding, Verdict},
    evidence::{Crash, Evidence, PANICS, WATCHDOG},
    round::{Round, due},
    stage::{Stage, Wanted},
    workload::Load,
};

/// A row of the fault matrix.
#[async_trait]
pub trait Case: Send + Sync {
    /// Its name in the matrix, such as F1.
    fn id(&self) -> &'static str;

    /// What goes wrong, in a few words.
    fn what(&self) -> &'static str;

    /// The ground.
    fn wanted(&self) -> Wanted {
        Wanted::default()
    }

    /// What is posted.
    fn load(&self, _round: u64) -> Load {
        Load::default()
    }

    /// Writes the posts of a round.
    async fn write(&self, stage: &mut Stage, round: &mut Round) -> anyhow::Result<()> {
        round.write(stage, &self.load(round.seed)).await
    }

    /// A case that needs no processes plays here.
    fn alone(&self, _seed: u64, _evidence: &mut Evidence) -> Option<Outcome> {
        None
    }

    /// Makes things go wrong; begins when all posts are written.
    async fn disturb(&self, stage: &mut Stage, round: &Round) -> anyhow::Result<()>;

    /// How long the posts may take to settle once nothing goes wrong any more.
    fn patience(&self) -> Duration {
        Duration::from_secs(90)
    }

    /// Looks at what became of the round, beyond what the judge sees; adds to the evidence.
    async fn after(
        &self,
        _stage: &mut Stage,
        _round: &Round,
        _targets: &[Value],
    ) -> anyhow::Result<()> {
        Ok(())
    }

    /// How many seconds before its time a post may be accepted.
    fn may_be_early(&self) -> f64 {
        0.0
    }

    /// Codes of targets that may wait for a person.
    fn may_wait(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether workers are stopped here, so that their watchdogs may end them.
    fn stops(&self) -> bool {
        false
    }

    /// Whether it judges how late posts are, or takes all that the machine has: then no other case plays meanwhile.
    fn is_timed(&self) -> bool {
        false
    }

    /// About how many seconds a round takes, so that the long cases begin first.
    fn seconds(&self) -> u32 {
        20
    }

    /// Whether the faults of one round bit, for those that do not hang on luck.
    fn bit(&self, _in_round: &Evidence) -> Result<(), String> {
        Ok(())
    }

    /// Whether the faults bit, over all rounds.
    fn bitten(&self, evidence: &Evidence) -> Result<(), String>;
}

/// What became of a round.
pub struct Outcome {
    pub verdict: Verdict,
    /// What else is wrong.
    pub complaints: Vec<String>,
    /// Timelines of the targets that something is wrong with.
    pub timelines: Vec<Value>,
    /// Seconds that writing, the faults and settling took.
    pub took: [f64; 3],
}

impl Outcome {
    /// Whether nothing happened that no machine is slow enough for: twice, too early, out of order, a panic.
    pub fn is_safe(&self) -> bool {
        let slow = |finding: &Finding| matches!(finding.fault, Fault::Lost | Fault::Unknown);
        self.verdict.findings.iter().all(slow) && !self.complaints.iter().any(|one| one == PANICKED)
    }

    /// Whether everything is as it must be.
    pub fn is_good(&self) -> bool {
        self.verdict.findings.is_empty() && self.complaints.is_empty()
    }
}

/// How often a round is written anew because it was not in time.
const TURNS: u32 = 6;
/// The complaint about a panic.
const PANICKED: &str = "a process panicked";
/// Offenders whose timelines are shown.
const SHOWN: usize = 5;
/// What is this late in the suite itself was the machine's doing.
const STALLED: Duration = Duration::from_millis(500);
/// Crash points at which the call may have been made, and no outcome is known.
const MAY_BE_LIVE: [&str; 2] = ["after_intent", "after_call"];
/// What becomes of a target.
pub const FATES: [&str; 5] = [
    "published by the same try",
    "published by a later try",
    "found live",
    "proved absent, sent again",
    "waits for a person",
];

/// Plays one seed of a case on its ground.
pub async fn play(case: &dyn Case, stage: &mut Stage, seed: u64) -> anyhow::Result<Outcome> {
    let before = stage.evidence.clone();
    let begin = Instant::now();
    stage.pulse.forget();
    let round = written(case, stage, seed).await?;
    let written = begin.elapsed();
    case.disturb(stage, &round).await?;
    let disturbed = begin.elapsed();
    stage.count_hits().await?;
    stage.calm(&case.wanted()).await?;
    settle(case, stage, &round).await?;
    let took = [
        written,
        disturbed.saturating_sub(written),
        begin.elapsed().saturating_sub(disturbed),
    ];

    let targets = round.targets(stage).await?;
    let walls = round.walls(stage).await?;
    let dues = targets
        .iter()
        .map(due)
        .collect::<anyhow::Result<Vec<_>>>()?;
    let mut verdict = check::check(&dues, &walls, case.may_be_early());
    verdict.miss(round.asked(), &dues);
    stage.evidence.rounds += 1;
    count_tries(&mut stage.evidence, &targets);
    let crashes = stage.read_logs()?;
    let looked = case.after(stage, &round, &targets).await;
    stage.judged.extend(dues.iter().cloned());
    let mut complaints: Vec<_> = verdict
        .waiting
        .iter()
        .filter(|(code, _)| !case.may_wait().contains(&code.as_str()))
        .map(|(code, count)| {
            format!("{count} wait for a person with {code}, which this case does not allow")
        })
        .collect();
    complaints.extend(looked.err().map(|error| format!("{error:#}")));
    let in_round = stage.evidence.since(&before);
    if in_round.count(PANICS) > 0 {
        complaints.push(PANICKED.to_owned());
    }
    complaints.extend(ends(case, stage, &in_round));
    complaints.extend(case.bit(&in_round).err());
    for crash in &crashes {
        complaints.extend(fates(&mut stage.evidence, crash, &targets));
    }
    let mut outcome = Outcome {
        verdict,
        complaints,
        timelines: Vec::new(),
        took: took.map(|took| took.as_secs_f64()),
    };
    if !outcome.is_good() {
        outcome.timelines = timelines(case, stage, &outcome.verdict, &dues).await?;
    }
    Ok(outcome)
}

/// A round whose posts were all written before the first was due.
async fn written(case: &dyn Case, stage: &mut Stage, seed: u64) -> anyhow::Result<Round> {
    for turn in 0..TURNS {
        let name = match turn {
            0 => format!("{} {seed}", case.id()),
            _ => format!("{} {seed} again {turn}", case.id()),
        };
        let mut round = Round::open(stage, name, seed, &case.load(seed)).await?;
        case.write(stage, &mut round).await?;
        if !round.has_begun() {
            return Ok(round);
        }
        stage.lead *= 1.7;
    }
    bail!("this machine is too busy: posts cannot be written before they are due")
}

/// Waits until nothing is open, or patience ends: what is open then, the judge calls lost.
async fn settle(case: &dyn Case, stage: &Stage, round: &Round) -> anyhow::Result<()> {
    let end = Instant::now() + case.patience();
    while round.goes_on(0.0) || round.open_targets(stage).await? > 0 {
        if Instant::now() > end {
            return Ok(());
        }
        sleep(Duration::from_millis(150)).await;
    }
    Ok(())
}

/// Processes that ended although the case did not end them. A watchdog may end its process where workers
/// are stopped, or when this machine let everybody wait.
fn ends(case: &dyn Case, stage: &Stage, in_round: &Evidence) -> Vec<String> {
    let mut watchdogs = in_round.count(WATCHDOG);
    let may = case.stops() || stage.pulse.longest() > STALLED;
    let mut complaints = Vec::new();
    for program in stage.programs().chain([&stage.networks]) {
        for status in program.take_unasked() {
            let by_watchdog = watchdogs > 0 && status.signal() == Some(Signal::SIGABRT as i32);
            watchdogs -= u64::from(by_watchdog);
            if !(by_watchdog && may) {
                complaints.push(format!("{} ended by itself: {status}", program.name));
            }
        }
    }
    complaints
}

/// Notes what became of the target at which a worker ended or stopped itself; a complaint when a call may
/// have been made, and nobody read it back.
fn fates(evidence: &mut Evidence, crash: &Crash, targets: &[Value]) -> Option<String> {
    let target = targets
        .iter()
        .find(|target| target["id"] == *crash.target)?;
    let tries: Vec<_> = target["attempts"]
        .as_array()
        .into_iter()
        .flatten()
        .collect();
    let readings = || tries.iter().filter(|one| one["kind"] == "READ_BACK");
    let read = |outcome: &str| readings().any(|one| one["outcome"] == outcome);
    let fate = match target["state"].as_str() {
        Some("HELD" | "FAILED") => FATES[4],
        Some("PUBLISHED") if read("SCHEDULED") => FATES[3],
        Some("PUBLISHED") if read("PUBLISHED") => FATES[2],
        Some("PUBLISHED") if tries.len() > 1 => FATES[1],
        Some("PUBLISHED") => FATES[0],
        _ => return None,
    };
    let of_point = evidence.fates.entry(crash.point.clone()).or_default();
    *of_point.entry(fate).or_default() += 1;
    let unread =
        crash.ended && MAY_BE_LIVE.contains(&crash.point.as_str()) && readings().count() == 0;
    unread.then(|| {
        format!(
            "{}: killed at {}, and never read back",
            crash.target, crash.point
        )
    })
}

fn count_tries(evidence: &mut Evidence, targets: &[Value]) {
    let tries = targets
        .iter()
        .filter_map(|target| target["attempts"].as_array())
        .flatten();
    let missed = |one: &&Value| one["kind"] == "READ_BACK" && one["outcome"] == "UNCERTAIN";
    let found = |one: &&Value| one["kind"] == "READ_BACK" && one["outcome"] == "PUBLISHED";
    let of = |target: &Value| target["attempts"].as_array().cloned().unwrap_or_default();
    let later = targets.iter().map(of).filter(|tries| {
        tries.iter().any(|one| missed(&one)) && tries.iter().any(|one| found(&one))
    });
    evidence.add("missed, then found", later.count() as u64);
    for one in tries {
        if one["kind"] == "READ_BACK" {
            evidence.add("read back", 1);
            let name = match one["outcome"].as_str() {
                Some("UNCERTAIN") => "read again later",
                Some("PUBLISHED") => "found live",
                Some("SCHEDULED") => "proved absent and sent again",
                _ => continue,
            };
            evidence.add(name, 1);
        }
    }
}

async fn timelines(
    case: &dyn Case,
    stage: &Stage,
    verdict: &Verdict,
    dues: &[check::Due],
) -> anyhow::Result<Vec<Value>> {
    let found = verdict
        .findings
        .iter()
        .filter_map(|finding| finding.target.clone());
    let waiting = dues
        .iter()
        .filter(|due| {
            due.error
                .as_ref()
                .is_some_and(|(code, _)| !case.may_wait().contains(&code.as_str()))
        })
        .map(|due| due.id.clone());
    let mut shown = Vec::new();
    let query = "query($id: ID!) { node(id: $id) { ... on Target {
        id state network attempt dueAt remoteId error { code message }
        timeline(first: 100) { at attempt kind message } } } }";
    for id in found.chain(waiting).take(SHOWN) {
        let data = stage
            .client
            .graphql(query, &json!({ "id": id }), None)
            .await?;
        shown.push(data["node"].clone());
    }
    Ok(shown)
}

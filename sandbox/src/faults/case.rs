use std::time::Duration;

use anyhow::bail;
use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    check::{self, Verdict},
    evidence::{Evidence, PANICS},
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
}

impl Outcome {
    /// Whether everything is as it must be.
    pub fn is_good(&self) -> bool {
        self.verdict.findings.is_empty() && self.complaints.is_empty()
    }
}

/// How often a round is written anew because it was not in time.
const TURNS: u32 = 6;
/// Offenders whose timelines are shown.
const SHOWN: usize = 5;

/// Plays one seed of a case on its ground.
pub async fn play(case: &dyn Case, stage: &mut Stage, seed: u64) -> anyhow::Result<Outcome> {
    let round = written(case, stage, seed).await?;
    case.disturb(stage, &round).await?;
    stage.calm(&case.wanted()).await?;
    settle(case, stage, &round).await?;

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
    stage.read_logs()?;
    case.after(stage, &round, &targets).await?;
    let mut complaints: Vec<_> = verdict
        .waiting
        .iter()
        .filter(|(code, _)| !case.may_wait().contains(&code.as_str()))
        .map(|(code, count)| {
            format!("{count} wait for a person with {code}, which this case does not allow")
        })
        .collect();
    if stage.evidence.count(PANICS) > 0 {
        complaints.push("a process panicked".to_owned());
    }
    let mut outcome = Outcome {
        verdict,
        complaints,
        timelines: Vec::new(),
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

fn count_tries(evidence: &mut Evidence, targets: &[Value]) {
    let tries = targets
        .iter()
        .filter_map(|target| target["attempts"].as_array())
        .flatten();
    for one in tries {
        if one["kind"] == "READ_BACK" {
            evidence.add("read back", 1);
            let name = match one["outcome"].as_str() {
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

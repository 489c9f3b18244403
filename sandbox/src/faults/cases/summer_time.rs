//! F13: local times against an independent reading of the zones, in this process.

use async_trait::async_trait;
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use posthaste_core::{
    ports::{Random, SeededRandom},
    schedule::{LocalTime, Shift},
};

use crate::faults::{
    case::{Case, Outcome},
    check::{Fault, Finding, Verdict},
    evidence::Evidence,
    round::Round,
    stage::Stage,
    workload::below,
};

/// Zones drawn for each seed.
const ZONES: usize = 40;
/// Local times drawn for each zone, beside those around its changes.
const TIMES: usize = 20;
const YEARS: [i32; 2] = [2026, 2027];

/// F13.
pub struct SummerTime;

#[async_trait]
impl Case for SummerTime {
    fn id(&self) -> &'static str {
        "F13"
    }

    fn what(&self) -> &'static str {
        "clocks going forward and back: 40 zones in two years against an independent reading"
    }

    fn alone(&self, seed: u64, evidence: &mut Evidence) -> Option<Outcome> {
        let chance = SeededRandom::new(seed);
        let mut verdict = Verdict::default();
        for _ in 0..ZONES {
            let zone = TZ_VARIANTS[below(&chance, TZ_VARIANTS.len())];
            let changes: Vec<_> = YEARS
                .into_iter()
                .flat_map(|year| changes(zone, year))
                .collect();
            evidence.add("changes of clocks", changes.len() as u64);
            for local in locals(zone, &changes, &chance) {
                one(&mut verdict, evidence, zone, local);
            }
        }
        Some(Outcome {
            verdict,
            complaints: Vec::new(),
            timelines: Vec::new(),
            took: [0.0; 3],
        })
    }

    async fn disturb(&self, _stage: &mut Stage, _round: &Round) -> anyhow::Result<()> {
        Ok(())
    }

    fn bitten(&self, evidence: &Evidence) -> Result<(), String> {
        evidence.needs(&["changes of clocks", "gaps", "overlaps"])
    }
}

/// Seconds that a zone's clocks are ahead of UTC at an instant.
fn ahead(zone: Tz, at: DateTime<Utc>) -> i32 {
    zone.offset_from_utc_datetime(&at.naive_utc())
        .fix()
        .local_minus_utc()
}

/// The instants of a year from which on the clocks show something else, to the second.
fn changes(zone: Tz, year: i32) -> Vec<DateTime<Utc>> {
    let Some(first) = NaiveDate::from_ymd_opt(year, 1, 1).and_then(|day| day.and_hms_opt(0, 0, 0))
    else {
        return Vec::new();
    };
    let mut at = first.and_utc();
    let mut found = Vec::new();
    while at.year() == year {
        let next = at + TimeDelta::hours(6);
        if ahead(zone, at) != ahead(zone, next) {
            let (mut before, mut after) = (at, next);
            while after - before > TimeDelta::seconds(1) {
                let middle = before + TimeDelta::seconds((after - before).num_seconds() / 2);
                if ahead(zone, middle) == ahead(zone, at) {
                    before = middle;
                } else {
                    after = middle;
                }
            }
            found.push(after);
        }
        at = next;
    }
    found
}

/// Random local times, and some within an hour and a half of each change.
fn locals(zone: Tz, changes: &[DateTime<Utc>], chance: &SeededRandom) -> Vec<NaiveDateTime> {
    let around = changes.iter().flat_map(|change| {
        let shown = change.naive_utc() + TimeDelta::seconds(i64::from(ahead(zone, *change)));
        (-18..=18).map(move |step| shown + TimeDelta::minutes(step * 5))
    });
    let day = |year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default();
    let any = (0..TIMES).map(|_| {
        let minutes = (chance.unit() * 2.0 * 365.0 * 24.0 * 60.0) as i64;
        day(YEARS[0]).and_time(chrono::NaiveTime::MIN) + TimeDelta::minutes(minutes)
    });
    around.chain(any).collect()
}

/// What RFC 5545 (3.3.5) says, found by trying every offset that the zone has thereabouts.
fn expected(zone: Tz, local: NaiveDateTime) -> (DateTime<Utc>, Option<Shift>) {
    let near = (-30..=30).map(|hours| local.and_utc() + TimeDelta::hours(hours));
    let mut offsets: Vec<_> = near.map(|at| ahead(zone, at)).collect();
    offsets.dedup();
    let shows = |offset: &i32| {
        let at = local.and_utc() - TimeDelta::seconds(i64::from(*offset));
        (ahead(zone, at) == *offset).then_some(at)
    };
    let mut instants: Vec<_> = offsets.iter().filter_map(shows).collect();
    instants.sort();
    instants.dedup();
    match instants.as_slice() {
        [one] => (*one, None),
        [first, ..] => (*first, Some(Shift::Overlap)),
        [] => {
            let before = local.and_utc() - TimeDelta::hours(30);
            // The offset before the gap: the last one under which the time has not come yet.
            let mut offset = ahead(zone, before);
            let mut at = before;
            while at + TimeDelta::seconds(i64::from(ahead(zone, at))) < local.and_utc() {
                offset = ahead(zone, at);
                at += TimeDelta::minutes(1);
            }
            let instant = local.and_utc() - TimeDelta::seconds(i64::from(offset));
            (instant, Some(Shift::Gap))
        }
    }
}

fn one(verdict: &mut Verdict, evidence: &mut Evidence, zone: Tz, local: NaiveDateTime) {
    verdict.targets += 1;
    let expected = expected(zone, local);
    match expected.1 {
        Some(Shift::Gap) => evidence.add("gaps", 1),
        Some(Shift::Overlap) => evidence.add("overlaps", 1),
        None => {}
    }
    let resolved = LocalTime { at: local, zone }.resolve();
    match resolved {
        Ok(found) if (found.instant, found.shift) == expected => verdict.published += 1,
        other => verdict.findings.push(Finding {
            fault: Fault::Early,
            target: None,
            message: format!("{local} in {zone}: {other:?} instead of {expected:?}"),
        }),
    }
}

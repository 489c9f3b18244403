//! The judge: every target of a round against everything the networks accepted.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};

/// An account on a network.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    pub network: String,
    pub id: String,
}

/// A target as the API tells it.
#[derive(Clone, Debug)]
pub struct Due {
    pub id: String,
    pub account: Account,
    /// The words that only this post has.
    pub words: String,
    pub at: DateTime<Utc>,
    pub state: String,
    pub remote_id: Option<String>,
    /// Code and reason, when something stood in the way.
    pub error: Option<(String, String)>,
}

/// A post on a wall.
#[derive(Clone, Debug)]
pub struct Seen {
    pub account: Account,
    pub words: String,
    pub remote_id: String,
    pub accepted: DateTime<Utc>,
}

/// Codes of a target whose outcome nobody knows: it waits for a person, and may be live once.
const DOUBT: [&str; 2] = ["OUTCOME_UNKNOWN", "POSSIBLE_DUPLICATE"];

/// What is wrong with a target or a post on a wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Due, but on no wall and not visibly waiting for a person.
    Lost,
    /// More than once on its wall.
    Twice,
    /// After a post of the same account that was due later.
    Disorder,
    /// Accepted before its time.
    Early,
    /// On a wall, and the database does not say so, or says something else.
    Unknown,
}

/// A fault with what it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub fault: Fault,
    /// The target; none for a post that no target asked for.
    pub target: Option<String>,
    pub message: String,
}

/// The verdict on a round.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    pub targets: usize,
    pub published: usize,
    /// Those that wait for a person, by code.
    pub waiting: BTreeMap<String, usize>,
    pub findings: Vec<Finding>,
    /// Seconds between due and accepted.
    pub lateness: Vec<f64>,
}

impl Verdict {
    /// Finds what was written, each account with the words for it, and is no target any more.
    pub fn miss(&mut self, asked: &[(Account, String)], targets: &[Due]) {
        let known: HashSet<_> = targets
            .iter()
            .map(|due| (&due.account, due.words.as_str()))
            .collect();
        for (account, words) in asked {
            if !known.contains(&(account, words.as_str())) {
                let message = format!("'{words}' for {} is no longer there", account.network);
                self.find(Fault::Lost, None, message);
            }
        }
    }

    fn find(&mut self, fault: Fault, due: Option<&Due>, message: String) {
        self.findings.push(Finding {
            fault,
            target: due.map(|due| due.id.clone()),
            message,
        });
    }
}

/// Judges the targets of a round, all of them due by now, against all posts on their accounts' walls;
/// `early` seconds before its time are forgiven.
pub fn check(targets: &[Due], walls: &[Seen], early: f64) -> Verdict {
    let mut verdict = Verdict {
        targets: targets.len(),
        ..Verdict::default()
    };
    let mut on_wall: HashMap<(&Account, &str), Vec<&Seen>> = HashMap::new();
    for seen in walls {
        on_wall
            .entry((&seen.account, &seen.words))
            .or_default()
            .push(seen);
    }
    for due in targets {
        let seen = on_wall
            .remove(&(&due.account, due.words.as_str()))
            .unwrap_or_default();
        one(&mut verdict, due, &seen, early);
    }
    for seen in on_wall.values().flatten() {
        let message = format!(
            "{} shows '{}', which no target asked for",
            seen.account.network, seen.words
        );
        verdict.find(Fault::Unknown, None, message);
    }
    order(&mut verdict, targets, walls);
    verdict
}

fn one(verdict: &mut Verdict, due: &Due, seen: &[&Seen], early: f64) {
    if seen.len() > 1 {
        let times: Vec<_> = seen.iter().map(|seen| seen.accepted.to_rfc3339()).collect();
        verdict.find(
            Fault::Twice,
            Some(due),
            format!("accepted {} times: {}", seen.len(), times.join(", ")),
        );
    }
    for seen in seen {
        let late = (seen.accepted - due.at).num_milliseconds() as f64 / 1000.0;
        verdict.lateness.push(late);
        if late < -early {
            let message = format!("accepted {} s before its time", -late);
            verdict.find(Fault::Early, Some(due), message);
        }
    }
    match due.state.as_str() {
        "PUBLISHED" => published(verdict, due, seen),
        "HELD" | "FAILED" => waiting(verdict, due, seen),
        state if seen.is_empty() => {
            let message = format!("due, still {state}, and on no wall");
            verdict.find(Fault::Lost, Some(due), message);
        }
        state => {
            let message = format!("on its wall, and {state} in the database");
            verdict.find(Fault::Unknown, Some(due), message);
        }
    }
}

/// A person is asked, with a reason; who is told that it may be tried again must not double it by that.
fn waiting(verdict: &mut Verdict, due: &Due, seen: &[&Seen]) {
    let state = &due.state;
    let said = due.error.as_ref();
    let Some((code, _)) = said.filter(|(code, reason)| !code.is_empty() && !reason.is_empty())
    else {
        return verdict.find(Fault::Lost, Some(due), format!("{state} without a reason"));
    };
    *verdict.waiting.entry(code.clone()).or_default() += 1;
    let is_doubted = state == "HELD" && DOUBT.contains(&code.as_str());
    if !seen.is_empty() && !is_doubted {
        let message = format!("on its wall, and {state} with {code}: a retry would double it");
        verdict.find(Fault::Unknown, Some(due), message);
    }
}

fn published(verdict: &mut Verdict, due: &Due, seen: &[&Seen]) {
    verdict.published += 1;
    let Some(first) = seen.first() else {
        let message = "PUBLISHED, and on no wall".to_owned();
        verdict.find(Fault::Lost, Some(due), message);
        return;
    };
    // Instagram's container says that it is live; only the account's list, which was not answered, knows as what.
    let told = due.remote_id.as_deref().unwrap_or_default();
    if told != first.remote_id && !told.starts_with("container:") {
        let message = format!(
            "{:?} in the database, {} on the wall",
            due.remote_id, first.remote_id
        );
        verdict.find(Fault::Unknown, Some(due), message);
    }
}

/// What an account shows is in the order of due times; of equal ones, in that of ids.
fn order(verdict: &mut Verdict, targets: &[Due], walls: &[Seen]) {
    let by_words: HashMap<_, _> = targets
        .iter()
        .map(|due| ((&due.account, due.words.as_str()), due))
        .collect();
    let mut last: HashMap<&Account, &Due> = HashMap::new();
    for seen in walls {
        let Some(due) = by_words.get(&(&seen.account, seen.words.as_str())) else {
            continue;
        };
        if let Some(before) = last.insert(&seen.account, due)
            && (before.at, &before.id) > (due.at, &due.id)
        {
            let message = format!("went out after {}, which was due later", before.id);
            verdict.find(Fault::Disorder, Some(due), message);
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn account() -> Account {
        Account {
            network: "X".into(),
            id: "7".into(),
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        "2027-01-04T08:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(seconds)
    }

    /// Target `n`, due in second `n`.
    fn due(n: i64, state: &str) -> Due {
        Due {
            id: format!("target_{n}"),
            account: account(),
            words: format!("Words {n}"),
            at: at(n),
            state: state.into(),
            remote_id: (state == "PUBLISHED").then(|| format!("r{n}")),
            error: (state == "HELD").then(|| ("OUTCOME_UNKNOWN".into(), "why".into())),
        }
    }

    /// Post `n`, accepted half a second after second `at`.
    fn seen(n: i64, when: i64) -> Seen {
        Seen {
            account: account(),
            words: format!("Words {n}"),
            remote_id: format!("r{n}"),
            accepted: at(when) + TimeDelta::milliseconds(500),
        }
    }

    fn faults(targets: &[Due], walls: &[Seen]) -> Vec<(Fault, String)> {
        let found = check(targets, walls, 0.0).findings.into_iter();
        found
            .map(|finding| (finding.fault, finding.target.unwrap_or_default()))
            .collect()
    }

    #[test]
    fn what_went_well_is_counted() {
        let targets = [due(1, "PUBLISHED"), due(2, "HELD"), due(3, "PUBLISHED")];
        let verdict = check(&targets, &[seen(1, 1), seen(3, 4)], 0.0);
        assert_eq!(verdict.findings, []);
        assert_eq!((verdict.targets, verdict.published), (3, 2));
        assert_eq!(verdict.waiting, [("OUTCOME_UNKNOWN".to_owned(), 1)].into());
        assert_eq!(verdict.lateness, [0.5, 1.5]);
        // Who waits for a person may be live once.
        assert_eq!(check(&[due(2, "HELD")], &[seen(2, 2)], 0.0).findings, []);
    }

    #[test]
    fn a_lost_post_is_found() {
        for state in ["SCHEDULED", "SENDING", "UNCERTAIN", "PUBLISHED"] {
            assert_eq!(
                faults(&[due(1, state)], &[]),
                [(Fault::Lost, "target_1".into())],
                "{state}"
            );
        }
        let mute = Due {
            error: None,
            ..due(1, "HELD")
        };
        assert_eq!(faults(&[mute], &[]), [(Fault::Lost, "target_1".into())]);
    }

    #[test]
    fn a_post_that_the_database_forgot_is_found() {
        let targets = [due(1, "PUBLISHED")];
        let asked = [1, 2].map(|n| (account(), due(n, "SCHEDULED").words));
        let mut verdict = check(&targets, &[seen(1, 1)], 0.0);
        verdict.miss(&asked[..1], &targets);
        assert_eq!(verdict.findings, []);
        verdict.miss(&asked, &targets);
        assert_eq!(verdict.findings.len(), 1);
        assert_eq!(verdict.findings[0].fault, Fault::Lost);
    }

    #[test]
    fn a_doubled_post_is_found_also_when_it_waits_for_a_person() {
        for state in ["PUBLISHED", "HELD"] {
            assert_eq!(
                faults(&[due(1, state)], &[seen(1, 1), seen(1, 2)]),
                [(Fault::Twice, "target_1".into())]
            );
        }
    }

    #[test]
    fn a_live_post_whose_retry_would_double_it_is_found() {
        let with = |state: &str, code: &str| Due {
            error: Some((code.into(), "why".into())),
            ..due(1, state)
        };
        for (state, code) in [
            ("HELD", "RECONNECT_REQUIRED"),
            ("FAILED", "ATTEMPTS_USED_UP"),
            ("FAILED", "OUTCOME_UNKNOWN"),
        ] {
            let found = faults(&[with(state, code)], &[seen(1, 1)]);
            assert_eq!(
                found,
                [(Fault::Unknown, "target_1".into())],
                "{state} {code}"
            );
            assert_eq!(faults(&[with(state, code)], &[]), []);
        }
        let doubted = with("HELD", "POSSIBLE_DUPLICATE");
        assert_eq!(faults(&[doubted], &[seen(1, 1)]), []);
    }

    #[test]
    fn swapped_posts_are_found() {
        let targets = [due(1, "PUBLISHED"), due(2, "PUBLISHED")];
        assert_eq!(
            faults(&targets, &[seen(2, 3), seen(1, 4)]),
            [(Fault::Disorder, "target_1".into())]
        );
        // Due at the same moment: the order of ids.
        let same = [
            due(1, "PUBLISHED"),
            Due {
                at: at(1),
                ..due(2, "PUBLISHED")
            },
        ];
        assert_eq!(faults(&same, &[seen(1, 3), seen(2, 4)]), []);
        assert_eq!(faults(&same, &[seen(2, 3), seen(1, 4)]).len(), 1);
        // Other accounts have an order of their own.
        let other = Account {
            id: "8".into(),
            ..account()
        };
        let elsewhere = Due {
            account: other.clone(),
            ..due(1, "PUBLISHED")
        };
        let there = Seen {
            account: other,
            ..seen(1, 4)
        };
        assert_eq!(
            faults(&[elsewhere, due(2, "PUBLISHED")], &[seen(2, 3), there]),
            []
        );
    }

    #[test]
    fn a_container_that_is_live_is_one_post() {
        let mut one = due(1, "PUBLISHED");
        one.remote_id = Some("container:7".into());
        assert_eq!(faults(std::slice::from_ref(&one), &[seen(1, 1)]), []);
        assert_eq!(faults(&[one], &[]), [(Fault::Lost, "target_1".into())]);
    }

    #[test]
    fn an_early_post_is_found() {
        assert_eq!(
            faults(&[due(5, "PUBLISHED")], &[seen(5, 4)]),
            [(Fault::Early, "target_5".into())]
        );
        let forgiven = check(&[due(5, "PUBLISHED")], &[seen(5, 4)], 1.0);
        assert_eq!(forgiven.findings, []);
    }

    #[test]
    fn what_the_database_does_not_know_is_found() {
        assert_eq!(
            faults(&[], &[seen(1, 1)]),
            [(Fault::Unknown, String::new())]
        );
        let open = faults(&[due(1, "SENDING")], &[seen(1, 1)]);
        assert_eq!(open, [(Fault::Unknown, "target_1".into())]);
        let wrong = Due {
            remote_id: Some("r9".into()),
            ..due(1, "PUBLISHED")
        };
        assert_eq!(
            faults(&[wrong], &[seen(1, 1)]),
            [(Fault::Unknown, "target_1".into())]
        );
    }
}

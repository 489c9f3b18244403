use chrono::{DateTime, Utc};
use posthaste_core::{ErrorCode, Network, target::State};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

/// Seconds; the last one lies above what is promised, or nobody would see how far it is exceeded.
const LATENESS: [f64; 10] = [1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OutcomeLabels {
    network: &'static str,
    outcome: &'static str,
    class: &'static str,
}

/// What the publisher counts.
pub(crate) struct Publishing {
    lateness: Histogram,
    outcomes: Family<OutcomeLabels, Counter>,
    reconciled: Family<[(&'static str, &'static str); 1], Counter>,
    fenced: Counter,
}

impl Publishing {
    pub fn new(registry: &mut Registry) -> Self {
        let new = Self {
            lateness: Histogram::new(LATENESS),
            outcomes: Family::default(),
            reconciled: Family::default(),
            fenced: Counter::default(),
        };
        registry.register(
            "publish_lateness_seconds",
            "From the due time of a target until it is known to be live",
            new.lateness.clone(),
        );
        registry.register(
            "publish_outcomes",
            "Tries and readings back, by where the target went and the code of the trouble",
            new.outcomes.clone(),
        );
        registry.register(
            "publish_reconcile",
            "Readings back, by what they found",
            new.reconciled.clone(),
        );
        registry.register(
            "publish_fenced_writes",
            "Writes of a worker that had lost its claim; they changed nothing",
            new.fenced.clone(),
        );
        new
    }

    /// A try or a reading back that ended in `to`, from `from`.
    pub fn settled(&self, network: Network, from: State, to: State, code: Option<ErrorCode>) {
        self.outcomes
            .get_or_create(&OutcomeLabels {
                network: network.as_str(),
                outcome: to.as_str(),
                class: code.map_or("none", ErrorCode::as_str),
            })
            .inc();
        if from == State::Reconciling {
            let result = match to {
                State::Published => "found",
                // After the last try an absence is final.
                State::Scheduled | State::Failed => "absent",
                State::Uncertain => "unclear",
                _ => "asked",
            };
            self.reconciled.get_or_create(&[("result", result)]).inc();
        }
    }

    /// A target went live.
    pub fn live(&self, due: Option<DateTime<Utc>>, now: DateTime<Utc>) {
        if let Some(due) = due {
            let late = (now - due).num_milliseconds().max(0);
            self.lateness.observe(late as f64 / 1000.0);
        }
    }

    /// A write of a worker that had lost its claim.
    pub fn fenced(&self) {
        self.fenced.inc();
    }
}

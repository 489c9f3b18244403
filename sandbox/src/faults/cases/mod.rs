//! One file for each row of the fault matrix, or for a family of them.

mod answers;
mod clocks;
mod crash_points;
mod crowd;
mod failover;
mod hints;
mod keys;
mod kills;
mod limits;
mod lists;
mod outage;
mod postgres;
mod rolling;
mod slow;
mod stops;
mod summer_time;
mod tokens;

use serde_json::json;

use super::{
    case::Case,
    stage::{Setting, Stage},
};

/// Every case, in the order of the matrix, and then those beyond it.
pub fn all(setting: &Setting) -> Vec<Box<dyn Case>> {
    vec![
        Box::new(kills::Kills),
        Box::new(crash_points::CrashPoints),
        Box::new(stops::Stops),
        Box::new(postgres::Restarts),
        Box::new(outage::Outage),
        Box::new(failover::Failover),
        Box::new(hints::Hints { redis: true }),
        Box::new(hints::Hints { redis: false }),
        Box::new(answers::Dropped),
        Box::new(answers::Errors),
        Box::new(lists::Lags),
        Box::new(slow::Slow),
        Box::new(clocks::Clocks),
        Box::new(summer_time::SummerTime),
        Box::new(limits::Storm),
        Box::new(tokens::Tokens),
        Box::new(rolling::Rolling {
            mixed: setting.old.is_some(),
        }),
        Box::new(crowd::Crowd {
            targets: setting.crowd,
        }),
        Box::new(keys::Keys),
    ]
}

/// Puts a fault in force on every network.
async fn everywhere(stage: &Stage, rule: serde_json::Value) -> anyhow::Result<()> {
    for network in posthaste_core::Network::ALL {
        let mut rule = rule.clone();
        rule["network"] = json!(network.as_str());
        stage.control.fault(rule).await?;
    }
    Ok(())
}

/// Some answers come late before or after a post is accepted, so that what happens meets calls on
/// their way.
async fn slow_some(stage: &Stage, share: f64, millis: u64) -> anyhow::Result<()> {
    for kind in ["delay", "delay_after"] {
        let rule = json!({
            "operation": "publish", "kind": kind, "times": null, "probability": share, "delayMs": millis,
        });
        everywhere(stage, rule).await?;
    }
    Ok(())
}

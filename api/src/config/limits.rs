use anyhow::bail;
use posthaste_core::ports::BucketRule;
use serde::Deserialize;

/// How much each caller may ask for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// What a full bucket holds, in points; 0 for no limits.
    pub bucket: u32,
    /// Points that come back each second.
    pub restore_per_second: u32,
}

impl Limits {
    /// The rule; none when limits are switched off.
    pub fn rule(&self) -> Option<BucketRule> {
        let rule = BucketRule {
            size: self.bucket,
            per_second: self.restore_per_second,
        };
        (self.bucket > 0).then_some(rule)
    }

    pub(super) fn check(&self) -> anyhow::Result<()> {
        if self.bucket > 0 && self.restore_per_second == 0 {
            bail!(
                "limits.restore_per_second is 0, so a used bucket would stay empty. Set it to 1 or more, or switch \
                 limits off with limits.bucket = 0."
            );
        }
        Ok(())
    }
}

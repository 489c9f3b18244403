use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::Result;
use sha2::{Digest, Sha256};

use super::Guard;

impl Guard {
    /// Whether somebody may do something once more: `most` times, until they rest for `rest`. What is refused is not
    /// counted. Nobody who looks at the counts learns who it is.
    pub(crate) async fn allows(
        &self,
        what: &str,
        who: &str,
        most: u32,
        rest: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let digest = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(who.as_bytes()));
        let key = format!("{what}:{digest}");
        let known = self.failures.read(&key, now).await?;
        if known.is_some_and(|known| known.times >= most) {
            return Ok(false);
        }
        self.failures.add(&key, rest, now).await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_has_had_enough_rests_first() {
        let guard = Guard::default();
        let rest = TimeDelta::hours(1);
        let at = |minutes: i64| DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes);
        let allows = async |who: &str, minutes: i64| {
            let asked = guard.allows("ask", who, 2, rest, at(minutes)).await;
            asked.unwrap()
        };
        assert!(allows("a", 0).await && allows("a", 30).await);
        assert!(!allows("a", 31).await && !allows("a", 89).await);
        assert!(allows("b", 31).await && allows("a", 90).await);
    }
}

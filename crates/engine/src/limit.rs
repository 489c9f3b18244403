//! How much a caller may ask for: points in a leaky bucket, one for each credential, and one for each
//! address of those who send none.
//!
//! What a request will cost at most is reserved before it runs ([`Limits::reserve`]); what it did not
//! use is given back ([`Limits::settle`]).

use std::{net::IpAddr, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Error, ErrorCode, Provenance, Result,
    ports::{BucketRule, Buckets},
};

use crate::{Actor, adapters::LocalBuckets};

/// The limits of a server.
#[derive(Clone)]
pub struct Limits {
    rule: Option<BucketRule>,
    buckets: Arc<dyn Buckets>,
}

impl Default for Limits {
    /// No limits.
    fn default() -> Self {
        Self::new(None, Arc::new(LocalBuckets::default()))
    }
}

/// Whose bucket it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payer(String);

impl Payer {
    /// The key, person or grant of a credential; otherwise the address, of IPv6 the network of 64 bits that
    /// one customer has.
    pub fn new(actor: Option<&Actor>, address: Option<IpAddr>) -> Self {
        Self(match (actor, address) {
            (Some(actor), _) => match &actor.provenance {
                Provenance::Key { key } => key.to_string(),
                Provenance::App { grant, .. } => grant.to_string(),
                Provenance::Person { user } => user.to_string(),
                Provenance::System => "system".to_owned(),
            },
            // A listener of both kinds sees IPv4 within IPv6.
            (None, Some(address)) => match address.to_canonical() {
                IpAddr::V4(address) => format!("from {address}"),
                IpAddr::V6(address) => {
                    let network = u128::from(address) >> 64;
                    format!("from {network:x}")
                }
            },
            (None, None) => "from nowhere".to_owned(),
        })
    }
}

impl Payer {
    /// The name of the bucket.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// How a bucket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// What it holds when it is full, in points.
    pub maximum: u32,
    /// What it holds now.
    pub available: u32,
    /// Points that come back each second.
    pub restore_rate: u32,
    /// When it is full again if nothing is asked for until then.
    pub resets_at: DateTime<Utc>,
}

/// What came of a reservation.
#[derive(Debug)]
pub struct Reservation {
    /// How the bucket stands now.
    pub level: Level,
    /// Why nothing was reserved: `RATE_LIMITED` with the seconds to wait, or `QUERY_TOO_COMPLEX` for
    /// more than the bucket ever holds.
    pub refusal: Option<Error>,
}

impl Limits {
    /// Limits by a rule; none without.
    pub fn new(rule: Option<BucketRule>, buckets: Arc<dyn Buckets>) -> Self {
        Self { rule, buckets }
    }

    /// Takes what a request may cost; nothing without limits.
    pub async fn reserve(
        &self,
        payer: &Payer,
        points: u32,
        now: DateTime<Utc>,
    ) -> Result<Option<Reservation>> {
        let Some(rule) = self.rule else {
            return Ok(None);
        };
        let (taken, held) = self.buckets.take(&payer.0, rule, points, now).await?;
        let refusal = (!taken).then(|| refusal(rule, points, held));
        Ok(Some(Reservation {
            level: level(rule, held, now),
            refusal,
        }))
    }

    /// Gives back what was reserved and not used; takes what was used beyond it.
    pub async fn settle(
        &self,
        payer: &Payer,
        reserved: u32,
        used: u32,
        now: DateTime<Utc>,
    ) -> Result<Option<Level>> {
        let Some(rule) = self.rule else {
            return Ok(None);
        };
        let points = i64::from(reserved) - i64::from(used);
        let held = self.buckets.adjust(&payer.0, rule, points, now).await?;
        Ok(Some(level(rule, held, now)))
    }

    /// How a bucket stands; nothing without limits.
    pub async fn level(&self, payer: &Payer, now: DateTime<Utc>) -> Result<Option<Level>> {
        self.settle(payer, 0, 0, now).await
    }
}

fn level(rule: BucketRule, held: i64, now: DateTime<Utc>) -> Level {
    let missing = i64::from(rule.size) - held;
    Level {
        maximum: rule.size,
        available: held.clamp(0, i64::from(rule.size)) as u32,
        restore_rate: rule.per_second,
        resets_at: now + TimeDelta::seconds(seconds(missing, rule.per_second)),
    }
}

fn refusal(rule: BucketRule, points: u32, held: i64) -> Error {
    if points > rule.size {
        let message = format!(
            "The request may cost {points} points; {} is the most.",
            rule.size
        );
        return Error::new(ErrorCode::QueryTooComplex, message);
    }
    let wait = seconds(i64::from(points) - held, rule.per_second).max(1) as u64;
    let message = format!(
        "The request may cost {points} points, {} are left; {} come back each second. Try again in {wait} s.",
        held.max(0),
        rule.per_second
    );
    Error::new(ErrorCode::RateLimited, message).retry_after(wait)
}

/// Whole seconds in which so many points come back.
fn seconds(points: i64, per_second: u32) -> i64 {
    let rate = i64::from(per_second.max(1));
    points.max(0).saturating_add(rate - 1) / rate
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: BucketRule = BucketRule {
        size: 100,
        per_second: 10,
    };

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    #[test]
    fn strangers_pay_by_their_address_however_it_is_written() {
        assert_eq!(from("::ffff:192.0.2.1"), from("192.0.2.1"));
        assert_ne!(from("::ffff:192.0.2.1"), from("::ffff:192.0.2.2"));
        assert_eq!(from("2001:db8:0:1::1"), from("2001:db8:0:1::2"));
        assert_ne!(from("2001:db8:0:1::1"), from("2001:db8:0:2::1"));
    }

    fn limits() -> Limits {
        Limits::new(Some(RULE), Arc::new(LocalBuckets::default()))
    }

    fn from(address: &str) -> Payer {
        Payer::new(None, Some(address.parse().unwrap()))
    }

    #[tokio::test]
    async fn what_was_not_used_comes_back_and_what_is_missing_is_waited_for() {
        let (limits, payer) = (limits(), from("192.0.2.1"));
        let first = limits.reserve(&payer, 80, now()).await.unwrap().unwrap();
        assert!(first.refusal.is_none());
        assert_eq!(first.level.available, 20);
        let second = limits.reserve(&payer, 51, now()).await.unwrap().unwrap();
        let error = second.refusal.unwrap();
        assert_eq!(
            (error.code, error.retry_after, second.level.available),
            (ErrorCode::RateLimited, Some(4), 20)
        );
        let level = limits.settle(&payer, 80, 15, now()).await.unwrap().unwrap();
        assert_eq!(
            level,
            Level {
                maximum: 100,
                available: 85,
                restore_rate: 10,
                resets_at: now() + TimeDelta::seconds(2)
            }
        );
        assert!(
            limits
                .reserve(&payer, 51, now())
                .await
                .unwrap()
                .unwrap()
                .refusal
                .is_none()
        );
    }

    #[tokio::test]
    async fn more_than_a_bucket_holds_is_never_worth_waiting_for() {
        let refused = limits().reserve(&from("192.0.2.1"), 101, now()).await;
        let error = refused.unwrap().unwrap().refusal.unwrap();
        assert_eq!(
            (error.code, error.retry_after),
            (ErrorCode::QueryTooComplex, None)
        );
    }

    #[tokio::test]
    async fn no_rule_no_limits() {
        let limits = Limits::default();
        let payer = from("192.0.2.1");
        assert!(
            limits
                .reserve(&payer, u32::MAX, now())
                .await
                .unwrap()
                .is_none()
        );
        assert!(limits.level(&payer, now()).await.unwrap().is_none());
    }

    #[test]
    fn addresses_of_one_ipv6_network_share_a_bucket() {
        assert_eq!(from("2001:db8:1:2::1"), from("2001:db8:1:2:ffff::1"));
        assert_ne!(from("2001:db8:1:2::1"), from("2001:db8:1:3::1"));
        assert_ne!(from("192.0.2.1"), from("192.0.2.2"));
    }
}

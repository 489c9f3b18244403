//! When to try again, and how long to wait before.

use std::time::Duration;

use uuid::Uuid;

use crate::error::Error;

/// How a request is repeated. Only what is safe to repeat is: queries, mutations with their
/// idempotency key, parts of uploads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retry {
    /// Most repeats after the first try.
    pub times: u32,
    /// The first wait is somewhere between zero and this; each further one may be twice as long.
    pub base: Duration,
    /// Longest wait. When the server asks for more (`Retry-After`), its refusal is returned instead.
    pub longest: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            times: 3,
            base: Duration::from_millis(250),
            longest: Duration::from_secs(30),
        }
    }
}

impl Retry {
    /// No repeats.
    pub fn never() -> Self {
        Self::times(0)
    }

    /// That many repeats, with the usual waits.
    pub fn times(times: u32) -> Self {
        Self {
            times,
            ..Self::default()
        }
    }

    /// With another first wait.
    pub fn base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// With another longest wait.
    pub fn longest(mut self, longest: Duration) -> Self {
        self.longest = longest;
        self
    }

    /// How long to wait after the failed try number `n`, from 0; none to give up.
    pub(crate) fn wait(&self, n: u32, error: &Error) -> Option<Duration> {
        if n >= self.times || !worth_repeating(error) {
            return None;
        }
        match error.retry_after() {
            Some(asked) if asked > self.longest => None,
            Some(asked) => Some(asked + self.jitter(0)),
            None => Some(self.jitter(n)),
        }
    }

    /// Full jitter: any time between nothing and the exponential step.
    pub(crate) fn jitter(&self, n: u32) -> Duration {
        let step = self.base.saturating_mul(1 << n.min(16)).min(self.longest);
        step.mul_f64(chance())
    }
}

fn worth_repeating(error: &Error) -> bool {
    match error {
        Error::Api(error) => error.retryable,
        Error::Transport(_) => true,
        // The input was wrong: the mutation was carried out as far as it could be.
        Error::Refused(_) | Error::Unexpected { .. } | Error::Setup(_) => false,
    }
}

/// A number from 0 to below 1.
fn chance() -> f64 {
    let bits = (Uuid::new_v4().as_u128() >> 96) as u32;
    f64::from(bits) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::TransportError;

    #[test]
    fn waits_grow_within_their_bounds() {
        let retry = Retry::times(20);
        let cut = Error::Transport(TransportError::new("cut"));
        for n in 0..20 {
            let most = Duration::from_millis(250) * 2_u32.pow(n.min(16));
            let wait = retry.wait(n, &cut).unwrap();
            assert!(wait <= most.min(retry.longest), "{n}: {wait:?}");
        }
        assert_eq!(retry.wait(20, &cut), None);
        assert_eq!(Retry::never().wait(0, &cut), None);
    }

    #[test]
    fn waits_differ() {
        let retry = Retry::default();
        let waits: std::collections::HashSet<_> = (0..20).map(|_| retry.jitter(3)).collect();
        assert!(waits.len() > 15);
    }
}

//! Latencies counted in fixed buckets, so that counts of any span add up and give percentiles.
//!
//! Bounds grow by a third or a half: 1, 2, 3, 4, 6, 8, 12, 16, 24 … ms. A percentile is the upper
//! bound of its bucket, so it is never too small and at most half too large.

/// How many buckets there are; the last one (over 52 minutes) has no upper end.
pub const BUCKETS: usize = 44;

/// The largest latency of a bucket in milliseconds.
pub fn upper_ms(bucket: usize) -> u64 {
    let bucket = bucket.min(BUCKETS - 1);
    match bucket {
        0 => 1,
        odd if odd % 2 == 1 => 1 << odd.div_ceil(2),
        even => 3 << (even / 2 - 1),
    }
}

/// The bucket of a latency in milliseconds.
pub fn bucket(ms: u64) -> usize {
    (0..BUCKETS)
        .find(|bucket| ms <= upper_ms(*bucket))
        .unwrap_or(BUCKETS - 1)
}

/// Counts by bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram([u64; BUCKETS]);

impl Default for Histogram {
    fn default() -> Self {
        Self([0; BUCKETS])
    }
}

impl Histogram {
    /// Adds to a bucket.
    pub fn add(&mut self, bucket: usize, count: u64) {
        self.0[bucket.min(BUCKETS - 1)] += count;
    }

    /// How many there are altogether.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The latency in milliseconds that `percent` of all do not exceed; 0 when there are none.
    pub fn percentile_ms(&self, percent: u64) -> u64 {
        let rank = (self.total() * percent).div_ceil(100).max(1);
        let mut seen = 0;
        for (bucket, count) in self.0.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return upper_ms(bucket);
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_grow_and_hold_what_is_put_into_them() {
        let bounds: Vec<u64> = (0..9).map(upper_ms).collect();
        assert_eq!(bounds, [1, 2, 3, 4, 6, 8, 12, 16, 24]);
        for number in 1..BUCKETS {
            let (below, bound) = (upper_ms(number - 1), upper_ms(number));
            assert!(below < bound && bound <= below * 2, "{below} {bound}");
            assert_eq!(bucket(bound), number);
            assert_eq!(bucket(below + 1), number);
        }
        assert_eq!((bucket(0), bucket(u64::MAX)), (0, BUCKETS - 1));
    }

    #[test]
    fn percentiles_are_the_bounds_of_their_buckets() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.percentile_ms(99), 0);
        for ms in 1..=100 {
            histogram.add(bucket(ms), 1);
        }
        assert_eq!(histogram.total(), 100);
        assert_eq!(
            [50, 95, 99, 100].map(|percent| histogram.percentile_ms(percent)),
            [64, 96, 128, 128]
        );
    }
}

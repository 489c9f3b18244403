/// The value below which `part` (0 to 1) of the sorted values lie.
pub fn quantile(sorted: &[f64], part: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted
        .get((last as f64 * part).round() as usize)
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    #[expect(clippy::float_cmp, reason = "values are picked, not computed")]
    fn quantiles_of_a_hundred() {
        let values: Vec<f64> = (1..=101).map(f64::from).collect();
        assert_eq!(
            [0.0, 0.5, 0.99, 1.0].map(|part| quantile(&values, part)),
            [1.0, 51.0, 100.0, 101.0]
        );
        assert_eq!(quantile(&[], 0.5), 0.0);
    }
}

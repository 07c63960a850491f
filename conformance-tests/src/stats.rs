//! Figures about measured times.

use std::time::Duration;

/// The probability that a sample of one series is longer than one of the other (Mann–Whitney U
/// over the number of pairs, ties half): 0.5 where they can't be told apart. Told as ≥ 0.5,
/// whichever is the longer. None without samples.
pub fn auc(one: &[Duration], other: &[Duration]) -> Option<f64> {
    if one.is_empty() || other.is_empty() {
        return None;
    }
    let mut sorted = other.to_vec();
    sorted.sort_unstable();
    let mut wins = 0.0;
    for sample in one {
        let below = sorted.partition_point(|other| other < sample);
        let up_to = sorted.partition_point(|other| other <= sample);
        wins += count(below) + count(up_to - below) / 2.0;
    }
    let auc = wins / (count(one.len()) * count(other.len()));
    Some(auc.max(1.0 - auc))
}

/// The standard error of an AUC near 0.5: what chance alone makes of it.
pub fn auc_error(one: usize, other: usize) -> f64 {
    let (one, other) = (count(one), count(other));
    ((one + other + 1.0) / (12.0 * one * other)).sqrt()
}

/// The sample that `share` (0 to 1) of all don't exceed; zero without samples.
pub fn percentile(samples: &[Duration], share: f64) -> Duration {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    let Some(last) = sorted.len().checked_sub(1) else {
        return Duration::ZERO;
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the number of samples"
    )]
    let index = (count(last) * share.clamp(0.0, 1.0)).round() as usize;
    sorted[index]
}

/// In milliseconds, for people.
pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn count(samples: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "nobody takes 2^52 samples")]
    let count = samples as f64;
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(milliseconds: &[u64]) -> Vec<Duration> {
        milliseconds
            .iter()
            .copied()
            .map(Duration::from_millis)
            .collect()
    }

    fn is(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-9, "{value} is not {expected}");
    }

    #[test]
    fn auc_tells_apart_what_differs() {
        let low = samples(&[1, 2, 3]);
        let high = samples(&[4, 5, 6]);
        is(auc(&low, &high).unwrap(), 1.0);
        is(auc(&high, &low).unwrap(), 1.0);
        is(auc(&low, &low).unwrap(), 0.5);
        // 2 wins over 1; 2 ties with 2; 2 loses to 3: 1.5 of 3.
        is(auc(&samples(&[2]), &low).unwrap(), 0.5);
        assert!(auc(&low, &[]).is_none());
    }

    #[test]
    fn percentiles_are_samples() {
        let samples = samples(&[5, 1, 3, 2, 4]);
        assert_eq!(percentile(&samples, 0.5), Duration::from_millis(3));
        assert_eq!(percentile(&samples, 1.0), Duration::from_millis(5));
        assert_eq!(percentile(&[], 0.5), Duration::ZERO);
    }
}

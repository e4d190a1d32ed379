//! The samples of one case as a table for people.

use super::measure::Sample;

/// Renders one line per step: wall time, its ratio to the first step's, processor time and peak memory.
pub fn render(rows: &[(&str, &[Sample])]) -> String {
    let mut text = String::from(
        "| step | wall min | median | max | ratio | cpu median | peak RSS | peak anonymous |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    let baseline = rows.first().map(|(_, samples)| median(samples, |sample| sample.wall.as_secs_f64()));
    for (label, samples) in rows {
        let wall = |sample: &Sample| sample.wall.as_secs_f64();
        let middle = median(samples, wall);
        let ratio = middle / baseline.unwrap_or(middle);
        text.push_str(&format!(
            "| {label} | {:.3} s | {middle:.3} s | {:.3} s | {ratio:.2} | {:.3} s | {} | {} |\n",
            samples.iter().map(wall).fold(f64::INFINITY, f64::min),
            samples.iter().map(wall).fold(0.0, f64::max),
            median(samples, |sample| sample.cpu.as_secs_f64()),
            megabytes(samples.iter().filter_map(|sample| sample.resident).max()),
            megabytes(samples.iter().filter_map(|sample| sample.anonymous).max()),
        ));
    }
    text
}

fn median(samples: &[Sample], value: impl Fn(&Sample) -> f64) -> f64 {
    let mut values: Vec<f64> = samples.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

fn megabytes(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "?".to_owned(), |bytes| format!("{:.1} MB", bytes as f64 / 1e6))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn sample(millis: u64) -> Sample {
        let wall = Duration::from_millis(millis);
        Sample { wall, cpu: wall / 2, resident: Some(millis * 1_000_000), anonymous: None }
    }

    #[test]
    fn ratio_is_to_the_first_row() {
        let (a, b) = ([sample(100), sample(300), sample(200)], [sample(400), sample(600)]);
        let table = render(&[("a", &a), ("b", &b)]);
        assert!(
            table.contains("| a | 0.100 s | 0.200 s | 0.300 s | 1.00 | 0.100 s | 300.0 MB | ? |"),
            "{table}"
        );
        assert!(
            table.contains("| b | 0.400 s | 0.500 s | 0.600 s | 2.50 | 0.250 s | 600.0 MB | ? |"),
            "{table}"
        );
    }
}

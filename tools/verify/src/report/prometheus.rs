//! Prometheus' text format, for the textfile collector of the node exporter.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Write};

use crate::backups;
use crate::verdict::{Report, Run, Verdict};

/// A sample: its labels besides the backup, and its value.
type Sample = (Vec<(&'static str, String)>, f64);

pub(super) fn write(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    let labels = labels(&run.backups);
    let mut page = String::new();
    let mut family = |name: &str, help: &str, samples: &dyn Fn(&Report) -> Vec<Sample>| {
        let mut lines = String::new();
        for (label, report) in labels.iter().zip(&run.backups) {
            for (more, value) in samples(report) {
                let more: String =
                    more.iter().map(|(name, value)| format!(",{name}={}", quoted(value))).collect();
                let _ = writeln!(lines, "pgdumpkit_verify_{name}{{{label}{more}}} {value}");
            }
        }
        head(&mut page, name, help);
        page.push_str(&lines);
    };
    let by_verdict = |of: &dyn Fn(Verdict) -> usize| -> Vec<Sample> {
        let sample = |verdict: Verdict| (vec![("verdict", verdict.word().to_owned())], of(verdict) as f64);
        Verdict::ALL.into_iter().map(sample).collect()
    };
    let plain = |value: f64| vec![(Vec::new(), value)];
    family("verdict", "1 for the verdict on the backup, 0 for the others.", &|report| {
        by_verdict(&|verdict| usize::from(report.verdict() == verdict))
    });
    family("tables", "Tables of the backup by verdict.", &|report| {
        by_verdict(&|verdict| report.count_tables(verdict))
    });
    family("findings", "Findings besides tables by verdict.", &|report| {
        by_verdict(&|verdict| report.count(verdict) - report.count_tables(verdict))
    });
    family("rows", "Rows that the backup holds.", &|report| plain(report.rows().0 as f64));
    family("bytes", "Bytes of the rows that the backup holds, as COPY text.", &|report| {
        plain(report.rows().1 as f64)
    });
    family("seconds", "Time that a phase took.", &|report| {
        let mut phases: BTreeMap<&str, f64> = BTreeMap::new();
        for (name, time) in &report.phases {
            *phases.entry(name).or_default() += time.as_secs_f64();
        }
        phases.into_iter().map(|(name, time)| (vec![("phase", name.to_owned())], time)).collect()
    });
    family(
        "restore_seconds",
        "Time that the restore took, without starting a server and comparing.",
        &|report| report.restored_in.map_or_else(Vec::new, |time| plain(time.as_secs_f64())),
    );
    family("total_seconds", "Time that it took to verify the backup.", &|report| {
        plain(report.time.as_secs_f64())
    });
    family("backup_timestamp_seconds", "When the backup was taken, since 1970.", &|report| {
        report.taken.map_or_else(Vec::new, |taken| plain(taken.at.as_second() as f64))
    });
    let finished = run.begun.as_millisecond() as f64 / 1000. + run.time.as_secs_f64();
    let code = match run.verdict() {
        Verdict::Verified => 0,
        Verdict::Bad => 1,
        Verdict::Trouble => 2,
        Verdict::Unclear => 3,
    };
    head(
        &mut page,
        "exit_code",
        "How the run ended: 0 verified, 1 bad, 2 trouble, 3 cannot be judged completely.",
    );
    let _ = writeln!(page, "pgdumpkit_verify_exit_code {code}");
    head(&mut page, "backups", "Backups that the run looked at.");
    let _ = writeln!(page, "pgdumpkit_verify_backups {}", run.backups.len());
    head(&mut page, "timestamp_seconds", "When the run began, since 1970.");
    let _ =
        writeln!(page, "pgdumpkit_verify_timestamp_seconds {}", run.begun.as_millisecond() as f64 / 1000.);
    head(&mut page, "finished_timestamp_seconds", "When the run ended, since 1970.");
    let _ = writeln!(page, "pgdumpkit_verify_finished_timestamp_seconds {finished:.3}");
    out.write_all(page.as_bytes())
}

fn head(page: &mut String, name: &str, help: &str) {
    let _ = writeln!(page, "# HELP pgdumpkit_verify_{name} {help}\n# TYPE pgdumpkit_verify_{name} gauge");
}

/// The labels of each backup, no two alike: the collector refuses a file with one series twice. They are the same
/// tomorrow, when the backup's name has another time in it: else each day would begin new series.
fn labels(backups: &[Report]) -> Vec<String> {
    let mut known = BTreeSet::new();
    let label = |report: &Report| {
        let backup = timeless(&report.backup);
        let mut name = backup.clone();
        let mut number = 1;
        while !known.insert((report.database.clone(), name.clone())) {
            number += 1;
            name = format!("{backup} #{number}");
        }
        let database = match report.database.is_empty() {
            true => String::new(),
            false => format!(",database={}", quoted(&report.database)),
        };
        format!("backup={}{database}", quoted(&name))
    };
    backups.iter().map(label).collect()
}

/// A path without the times in its parts.
fn timeless(path: &str) -> String {
    let part = |part: &str| {
        let stem = backups::without_endings(part);
        match backups::by_name(part) {
            None => part.to_owned(),
            Some(known) => format!("{known}{}", &part[stem.len()..]),
        }
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// A value in quotes, as the text format wants it.
fn quoted(value: &str) -> String {
    format!("\"{}\"", cli::escape(value).replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_quoted_and_differ() {
        let report = |name: &str| Report { backup: name.to_owned(), ..Report::default() };
        let backups = [report("a\"\\\n"), report("b"), report("b")];
        let label = |name: &str| format!("backup={name}");
        assert_eq!(labels(&backups), [label("\"a\\\"\\\\\\\\u{a}\""), label("\"b\""), label("\"b #2\"")]);
    }

    #[test]
    fn no_label_has_a_time_in_it() {
        for (path, label) in [
            ("/b/shop-20261128T020000Z.dump", "/b/shop.dump"),
            ("/b/2026-11-28/shop.sql.gz", "/b//shop.sql.gz"),
            ("/my_files/a b.sql", "/my_files/a b.sql"),
            ("s3://bucket/x/shop_2026-11-28.sql", "s3://bucket/x/shop.sql"),
            ("-", "-"),
        ] {
            assert_eq!(timeless(path), label, "{path}");
        }
    }
}

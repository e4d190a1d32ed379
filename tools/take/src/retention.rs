//! Which backups are kept, and which are removed.
//!
//! Only complete backups count: a day without one takes no place, so that any number of bad days in a row never evicts
//! the last good backup.

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// What is kept. A policy that says nothing keeps everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The newest of all.
    pub last: Option<u32>,
    /// The newest of each day, of so many days that have any.
    pub daily: Option<u32>,
    /// The newest of each ISO week.
    pub weekly: Option<u32>,
    /// The newest of each month.
    pub monthly: Option<u32>,
    /// The newest of each year.
    pub yearly: Option<u32>,
    /// Nothing older than this, whatever the other rules say.
    pub max_age: Option<SignedDuration>,
    /// No more bytes than this altogether, the oldest going first, whatever the other rules say.
    pub max_bytes: Option<u64>,
    /// Whether only backups count that were verified.
    pub require_verified: bool,
}

/// What is known of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// When the snapshot was taken that it holds.
    pub taken: Timestamp,
    /// Its bytes on the disk.
    pub bytes: u64,
    /// Whether all of it is there.
    pub complete: bool,
    /// Whether it was verified, and passed.
    pub verified: bool,
}

/// What becomes of a backup, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It stays, for these reasons.
    Keep(Vec<Reason>),
    /// It goes.
    Remove(Reason),
}

/// Why a backup stays or goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No rule asks for anything to be removed.
    NoRule,
    /// It is the newest of all.
    Newest,
    /// It is the newest that was verified.
    LastVerified,
    /// A rule wants it: `last`, `daily` and so on, and which period it stands for.
    Rule(&'static str, String),
    /// It may yet be verified: it is newer than all that were.
    NotYetVerified,
    /// It is not complete, and does not count; it is not touched either.
    Incomplete,
    /// No rule wants it.
    NoRuleWants,
    /// It is older than the greatest age.
    TooOld,
    /// Together with what is newer it takes more bytes than there may be.
    TooManyBytes,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::NoRule => f.write_str("no rule removes anything"),
            Reason::Newest => f.write_str("newest"),
            Reason::LastVerified => f.write_str("last verified"),
            Reason::Rule(rule, period) if period.is_empty() => f.write_str(rule),
            Reason::Rule(rule, period) => write!(f, "{rule} {period}"),
            Reason::NotYetVerified => f.write_str("newer than the last verified"),
            Reason::Incomplete => f.write_str("incomplete, does not count"),
            Reason::NoRuleWants => f.write_str("no rule wants it"),
            Reason::TooOld => f.write_str("too old"),
            Reason::TooManyBytes => f.write_str("too many bytes"),
        }
    }
}

impl Policy {
    /// Says whether any rule could remove something.
    pub fn removes(&self) -> bool {
        self.counts().any(|(.., count)| count.is_some()) || self.max_age.is_some() || self.max_bytes.is_some()
    }

    /// Decides on the backups of one database, in the order given.
    ///
    /// The newest complete backup and the newest verified one always stay. Periods are those of UTC.
    pub fn decide(&self, backups: &[Candidate], now: Timestamp) -> Vec<Decision> {
        let mut order: Vec<usize> = (0..backups.len()).collect();
        order.sort_by_key(|at| (std::cmp::Reverse(backups[*at].taken), *at));
        let complete: Vec<usize> = order.into_iter().filter(|at| backups[*at].complete).collect();
        let verified = complete.iter().position(|at| backups[*at].verified);
        let mut reasons: Vec<Vec<Reason>> = vec![Vec::new(); backups.len()];
        // What may never go, whatever the age and the bytes.
        let mut fixed = BTreeSet::new();
        if let Some(newest) = complete.first() {
            fixed.insert(*newest);
            reasons[*newest].push(Reason::Newest);
        }
        if let Some(at) = verified {
            fixed.insert(complete[at]);
            reasons[complete[at]].push(Reason::LastVerified);
        }
        if self.require_verified {
            for at in &complete[..verified.unwrap_or(complete.len())] {
                reasons[*at].push(Reason::NotYetVerified);
            }
        }
        for (rule, period, count) in self.counts() {
            let mut seen = BTreeSet::new();
            for at in complete.iter().filter(|at| backups[**at].verified || !self.require_verified) {
                if seen.len() >= count.unwrap_or_default() as usize {
                    break;
                }
                let name = period.map_or_else(|| format!("{at:020}"), |name| name(date(backups[*at].taken)));
                if seen.insert(name.clone()) {
                    let shown = if period.is_some() { name } else { String::new() };
                    reasons[*at].push(Reason::Rule(rule, shown));
                }
            }
        }
        let counted = self.counts().any(|(.., count)| count.is_some());
        let mut bytes = 0_u64;
        let mut full = false;
        let mut decisions: Vec<Decision> =
            backups.iter().map(|_| Decision::Keep(vec![Reason::Incomplete])).collect();
        for at in complete {
            let backup = &backups[at];
            let wanted = std::mem::take(&mut reasons[at]);
            full |= self.max_bytes.is_some_and(|limit| bytes.saturating_add(backup.bytes) > limit);
            let age = now.duration_since(backup.taken);
            decisions[at] = if fixed.contains(&at) {
                Decision::Keep(wanted)
            } else if self.max_age.is_some_and(|limit| age > limit) {
                Decision::Remove(Reason::TooOld)
            } else if full {
                Decision::Remove(Reason::TooManyBytes)
            } else if !wanted.is_empty() {
                Decision::Keep(wanted)
            } else if counted {
                Decision::Remove(Reason::NoRuleWants)
            } else {
                Decision::Keep(vec![Reason::NoRule])
            };
            if matches!(decisions[at], Decision::Keep(_)) {
                bytes = bytes.saturating_add(backup.bytes);
            }
        }
        decisions
    }

    fn counts(&self) -> impl Iterator<Item = (&'static str, Option<Period>, Option<u32>)> {
        [
            ("last", None, self.last),
            ("daily", Some(day as Period), self.daily),
            ("weekly", Some(week as Period), self.weekly),
            ("monthly", Some(month as Period), self.monthly),
            ("yearly", Some(year as Period), self.yearly),
        ]
        .into_iter()
    }
}

/// Names the period that a day is in.
type Period = fn(Date) -> String;

fn date(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

fn day(date: Date) -> String {
    date.to_string()
}

fn week(date: Date) -> String {
    let week = date.iso_week_date();
    format!("{}-W{:02}", week.year(), week.week())
}

fn month(date: Date) -> String {
    format!("{:04}-{:02}", date.year(), date.month())
}

fn year(date: Date) -> String {
    format!("{:04}", date.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("{text}T03:00:00Z").parse().unwrap()
    }

    fn good(day: &str) -> Candidate {
        Candidate { taken: at(day), bytes: 10, complete: true, verified: true }
    }

    /// The days of the backups that stay.
    fn kept(policy: &Policy, backups: &[Candidate], now: &str) -> Vec<String> {
        let decisions = policy.decide(backups, at(now));
        let kept = backups.iter().zip(decisions);
        let kept = kept.filter(|(_, decision)| matches!(decision, Decision::Keep(_)));
        kept.map(|(backup, _)| date(backup.taken).to_string()).collect()
    }

    #[test]
    fn each_rule_keeps_the_newest_of_its_periods() {
        let days = [
            "2026-11-21",
            "2026-11-20",
            "2026-11-15",
            "2026-11-14",
            "2026-10-31",
            "2026-10-01",
            "2025-12-31",
        ];
        let backups = days.map(good);
        let policy = |last, daily, weekly, monthly, yearly| Policy {
            last,
            daily,
            weekly,
            monthly,
            yearly,
            ..Policy::default()
        };
        let of = |policy| kept(&policy, &backups, "2026-11-21");
        assert_eq!(of(policy(Some(3), None, None, None, None)), &days[..3]);
        assert_eq!(of(policy(None, Some(2), None, None, None)), &days[..2]);
        // Monday to Sunday: the 15th is the Sunday before the 20th's week.
        assert_eq!(of(policy(None, None, Some(2), None, None)), [days[0], days[2]]);
        assert_eq!(of(policy(None, None, None, Some(2), None)), [days[0], days[4]]);
        assert_eq!(of(policy(None, None, None, None, Some(2))), [days[0], days[6]]);
        assert_eq!(of(policy(Some(1), None, None, Some(3), None)), [days[0], days[4], days[6]]);
        assert_eq!(of(Policy::default()), days);
    }

    #[test]
    fn a_week_of_bad_days_evicts_nothing_good() {
        let mut backups = vec![good("2026-11-10"), good("2026-11-11")];
        for day in 12..=18 {
            let bad = Candidate { complete: false, verified: false, ..good(&format!("2026-11-{day}")) };
            backups.push(bad);
        }
        let policy = Policy {
            last: Some(2),
            daily: Some(2),
            max_age: Some(SignedDuration::from_hours(48)),
            max_bytes: Some(5),
            ..Policy::default()
        };
        let decisions = policy.decide(&backups, at("2026-11-18"));
        assert!(
            matches!(&decisions[1], Decision::Keep(why) if why.contains(&Reason::LastVerified)),
            "{decisions:?}"
        );
        assert_eq!(decisions[0], Decision::Remove(Reason::TooOld));
        assert!(decisions[2..].iter().all(|one| *one == Decision::Keep(vec![Reason::Incomplete])));
    }

    #[test]
    fn what_was_not_verified_neither_counts_nor_goes_before_its_time() {
        let unverified = |day: &str| Candidate { verified: false, ..good(day) };
        let backups = [
            unverified("2026-11-21"),
            unverified("2026-11-20"),
            good("2026-11-19"),
            unverified("2026-11-18"),
            good("2026-11-17"),
            good("2026-11-16"),
        ];
        let policy = Policy { last: Some(2), require_verified: true, ..Policy::default() };
        assert_eq!(
            kept(&policy, &backups, "2026-11-21"),
            ["2026-11-21", "2026-11-20", "2026-11-19", "2026-11-17"]
        );
        let none: Vec<Candidate> =
            backups.iter().map(|one| Candidate { verified: false, ..one.clone() }).collect();
        assert_eq!(kept(&policy, &none, "2026-11-21").len(), 6);
    }

    #[test]
    fn the_last_verified_stays_whatever_its_age_and_bytes() {
        let backups =
            [Candidate { verified: false, ..good("2026-11-21") }, good("2020-01-01"), good("2019-01-01")];
        let policy =
            Policy { max_age: Some(SignedDuration::from_hours(1)), max_bytes: Some(1), ..Policy::default() };
        assert_eq!(kept(&policy, &backups, "2026-11-21"), ["2026-11-21", "2020-01-01"]);
    }

    #[test]
    fn the_oldest_go_until_the_rest_fits() {
        let backups = ["2026-11-21", "2026-11-20", "2026-11-19", "2026-11-18"].map(good);
        let policy = Policy { max_bytes: Some(25), ..Policy::default() };
        assert_eq!(kept(&policy, &backups, "2026-11-21"), ["2026-11-21", "2026-11-20"]);
    }

    #[test]
    fn a_clock_that_went_backwards_removes_nothing_it_should_not() {
        // Taken "tomorrow": by the clock of now it has no age yet.
        let backups = [good("2026-11-22"), good("2026-11-21")];
        let policy =
            Policy { last: Some(1), max_age: Some(SignedDuration::from_hours(1)), ..Policy::default() };
        assert_eq!(kept(&policy, &backups, "2026-11-21"), ["2026-11-22"]);
    }
}

//! Which backups are kept, and which are removed.
//!
//! Only complete backups count: a day without one takes no place, so that any number of bad days in a row never evicts
//! the last good backup.

use std::cmp::Reverse;
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

impl Decision {
    /// Returns the reasons for it.
    pub fn reasons(&self) -> &[Reason] {
        match self {
            Decision::Keep(reasons) => reasons,
            Decision::Remove(reason) => std::slice::from_ref(reason),
        }
    }

    /// Returns the reasons in words.
    pub fn why(&self) -> String {
        let words: Vec<String> = self.reasons().iter().map(ToString::to_string).collect();
        words.join(", ")
    }
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
    /// None was verified, and only those that were count.
    NoneVerified,
    /// It is not complete, and does not count; it is not touched either.
    Incomplete,
    /// By the clock of now it was not taken yet, and does not count: a clock is wrong, perhaps this one.
    Future,
    /// No rule wants it.
    NoRuleWants,
    /// It is older than the greatest age.
    TooOld,
    /// Together with what is newer it takes more bytes than there may be.
    TooManyBytes,
}

impl Candidate {
    /// Says why it would not count.
    fn no_count(&self, now: Timestamp) -> Reason {
        match self.complete && self.taken > now {
            true => Reason::Future,
            false => Reason::Incomplete,
        }
    }
}

impl Reason {
    /// Says whether neither age nor bytes matter.
    fn is_final(&self) -> bool {
        matches!(self, Reason::Newest | Reason::LastVerified | Reason::NoneVerified)
    }
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
            Reason::NoneVerified => f.write_str("none is verified"),
            Reason::Incomplete => f.write_str("incomplete, does not count"),
            Reason::Future => f.write_str("lies in the future, does not count"),
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

    /// Decides on the backups of one target, in the order given.
    ///
    /// The newest complete backup and the newest verified one always stay, and so does whatever is not complete or taken
    /// later than now: neither takes the place of another. Where only verified backups count and there is none, nothing
    /// goes. Periods are those of UTC.
    pub fn decide(&self, backups: &[Candidate], now: Timestamp) -> Vec<Decision> {
        let mut decisions: Vec<Decision> =
            backups.iter().map(|backup| Decision::Keep(vec![backup.no_count(now)])).collect();
        // What counts, the newest first.
        let mut order: Vec<usize> = (0..backups.len()).collect();
        order.retain(|at| backups[*at].complete && backups[*at].taken <= now);
        order.sort_by_key(|at| Reverse(backups[*at].taken));
        let mut reasons = self.reasons(backups, &order);
        let counted = self.counts().any(|(.., count)| count.is_some());
        // What never goes, whatever its age, has its bytes first.
        let (fixed, others): (Vec<usize>, Vec<usize>) =
            order.into_iter().partition(|at| reasons[*at].iter().any(Reason::is_final));
        let mut bytes: u64 = fixed.iter().fold(0, |sum, at| sum.saturating_add(backups[*at].bytes));
        for at in fixed {
            decisions[at] = Decision::Keep(std::mem::take(&mut reasons[at]));
        }
        let mut full = false;
        for at in others {
            let backup = &backups[at];
            let wanted = std::mem::take(&mut reasons[at]);
            let age = now.duration_since(backup.taken);
            if self.max_age.is_some_and(|limit| age > limit) {
                decisions[at] = Decision::Remove(Reason::TooOld);
                continue;
            }
            if wanted.is_empty() && counted {
                decisions[at] = Decision::Remove(Reason::NoRuleWants);
                continue;
            }
            // From the first that has no room on, all go: a gap would be filled by something older.
            full |= self.max_bytes.is_some_and(|limit| bytes.saturating_add(backup.bytes) > limit);
            if full {
                decisions[at] = Decision::Remove(Reason::TooManyBytes);
                continue;
            }
            bytes = bytes.saturating_add(backup.bytes);
            decisions[at] = Decision::Keep(if wanted.is_empty() { vec![Reason::NoRule] } else { wanted });
        }
        decisions
    }

    /// Says why each backup should stay, for those that count, the newest first.
    fn reasons(&self, backups: &[Candidate], order: &[usize]) -> Vec<Vec<Reason>> {
        let mut reasons: Vec<Vec<Reason>> = vec![Vec::new(); backups.len()];
        if let Some(newest) = order.first() {
            reasons[*newest].push(Reason::Newest);
        }
        let verified = order.iter().position(|at| backups[*at].verified);
        if let Some(at) = verified {
            reasons[order[at]].push(Reason::LastVerified);
        }
        if self.require_verified {
            let (pending, reason) = match verified {
                Some(at) => (&order[..at], Reason::NotYetVerified),
                None => (order, Reason::NoneVerified),
            };
            pending.iter().for_each(|at| reasons[*at].push(reason.clone()));
        }
        for (rule, period, count) in self.counts() {
            let mut seen = BTreeSet::new();
            for at in order.iter().filter(|at| backups[**at].verified || !self.require_verified) {
                if seen.len() >= count.unwrap_or_default() as usize {
                    break;
                }
                let name = period.map_or_else(|| at.to_string(), |name| name(date(backups[*at].taken)));
                if seen.insert(name.clone()) {
                    let shown = if period.is_some() { name } else { String::new() };
                    reasons[*at].push(Reason::Rule(rule, shown));
                }
            }
        }
        reasons
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
    fn what_has_no_room_takes_none_from_what_has() {
        let sized = |day: &str, bytes| Candidate { bytes, ..good(day) };
        // No rule wants the large one: it goes for that, and evicts nothing.
        let backups = [sized("2026-11-21", 10), sized("2026-11-20", 100), sized("2026-10-31", 10)];
        let policy = Policy { monthly: Some(2), max_bytes: Some(20), ..Policy::default() };
        assert_eq!(kept(&policy, &backups, "2026-11-21"), ["2026-11-21", "2026-10-31"]);
        // The room of the last verified is taken before what is newer has any.
        let mut backups = ["2026-11-21", "2026-11-20", "2026-11-19"].map(good);
        backups[0].verified = false;
        backups[1].verified = false;
        let policy = Policy { max_bytes: Some(20), ..Policy::default() };
        assert_eq!(kept(&policy, &backups, "2026-11-21"), ["2026-11-21", "2026-11-19"]);
    }

    #[test]
    fn without_a_verified_backup_nothing_goes_where_only_those_count() {
        let backups =
            ["2026-11-21", "2026-11-20", "2020-01-01"].map(|day| Candidate { verified: false, ..good(day) });
        let policy = Policy {
            last: Some(1),
            max_age: Some(SignedDuration::from_hours(1)),
            max_bytes: Some(1),
            require_verified: true,
            ..Policy::default()
        };
        assert_eq!(kept(&policy, &backups, "2026-11-21").len(), 3);
        let policy = Policy { require_verified: false, ..policy };
        assert_eq!(kept(&policy, &backups, "2026-11-21"), ["2026-11-21"]);
    }

    #[test]
    fn a_backup_of_the_future_stays_and_evicts_nothing() {
        let backups = [good("2099-01-01"), good("2026-11-22"), good("2026-11-21"), good("2026-11-20")];
        let policy = Policy {
            last: Some(1),
            max_age: Some(SignedDuration::from_hours(1)),
            max_bytes: Some(10),
            ..Policy::default()
        };
        assert_eq!(kept(&policy, &backups, "2026-11-21"), ["2099-01-01", "2026-11-22", "2026-11-21"]);
        let decisions = policy.decide(&backups, at("2026-11-21"));
        assert_eq!(decisions[0], Decision::Keep(vec![Reason::Future]));
        // A clock that begins anew at 1970 removes nothing at all.
        assert_eq!(kept(&policy, &backups, "1970-01-01").len(), 4);
    }

    /// Whatever the policy: the newest and the last verified stay, what does not count is left alone, and the limits hold
    /// but for these.
    #[test]
    fn what_may_never_go_never_goes() {
        let days = ["2026-11-21", "2026-11-20", "2026-11-14", "2026-10-31", "2025-12-31"];
        let now = at("2026-11-20");
        for case in 0..1024_u32 {
            let bit = |at: usize| case >> at & 1 == 1;
            let backups: Vec<Candidate> = (0..days.len())
                .map(|at| Candidate { complete: bit(at), verified: bit(5 + at), ..good(days[at]) })
                .collect();
            for policy in 0..64_u32 {
                let asked = |at: u32| (policy >> at & 1 == 1).then_some(1);
                let policy = Policy {
                    last: asked(0),
                    daily: asked(1),
                    monthly: asked(2),
                    max_age: asked(3).map(|_| SignedDuration::from_hours(24 * 10)),
                    max_bytes: asked(4).map(|_| 20),
                    require_verified: asked(5).is_some(),
                    ..Policy::default()
                };
                let decisions = policy.decide(&backups, now);
                let stays = |at: &usize| matches!(decisions[*at], Decision::Keep(_));
                let counts: Vec<usize> =
                    (0..days.len()).filter(|at| backups[*at].complete && backups[*at].taken <= now).collect();
                let verified = counts.iter().find(|at| backups[**at].verified);
                assert!(counts.first().iter().all(|at| stays(at)), "{policy:?} {backups:?}");
                assert!(verified.iter().all(|at| stays(at)), "{policy:?} {backups:?}");
                assert!(
                    (0..days.len()).all(|at| counts.contains(&at) || stays(&at)),
                    "{policy:?} {backups:?}"
                );
                if !policy.removes() || policy.require_verified && verified.is_none() {
                    assert!((0..days.len()).all(|at| stays(&at)), "{policy:?} {backups:?}");
                } else if let Some(limit) = policy.max_bytes {
                    let bytes: u64 = counts.iter().filter(|at| stays(at)).map(|at| backups[*at].bytes).sum();
                    assert!(bytes <= limit, "{policy:?} {backups:?}");
                }
            }
        }
    }
}

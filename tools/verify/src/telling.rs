//! What failed while a backup was restored, told: each cause once, with what follows from it.

use std::collections::{HashMap, HashSet};

use dump::{Class, Kind, Role};
use restore::{Cause, DatabasePlan, Judgement, RefusedSetting, Step};

use crate::input::Backup;
use crate::restoring::place;
use crate::undone::TAKES_AWAY;
use crate::verdict::{Finding, Report, Verdict};

/// What settings are called in a finding.
const SETTINGS: &str = "settings of the session";

/// Statements that are told with another.
#[derive(Debug, Default)]
struct Told {
    count: usize,
    /// The first of them, with its place.
    first: String,
}

impl Told {
    fn add(&mut self, what: &str, place: impl FnOnce() -> String) {
        if self.count == 0 {
            self.first = format!("{what} ({})", place());
        }
        self.count += 1;
    }
}

/// What is told with a failure: what needs the thing that failed, and what failed for the same reason.
#[derive(Debug, Default)]
struct Consequences {
    needing: Told,
    alike: Told,
}

impl Consequences {
    fn in_words(&self) -> String {
        let needing = match &self.needing {
            Told { count: 0, .. } => String::new(),
            Told { count: 1, first } => format!("; and 1 statement that needs it: {first}"),
            Told { count, first } => format!("; and {count} statements that need it, the first: {first}"),
        };
        let alike = match &self.alike {
            Told { count: 0, .. } => String::new(),
            Told { count: 1, first } => format!("; and so for 1 other statement: {first}"),
            Told { count, first } => format!("; and so for {count} other statements, the first: {first}"),
        };
        needing + &alike
    }
}

/// Returns what failures have in common that are told as one, with none of them being the others' cause: the same cause, and
/// the same words of the server where the cause does not tell what is missing.
fn in_common(failure: &restore::Failure) -> Option<(&Cause, &str)> {
    match &failure.cause {
        cause @ (Cause::Follows(_) | Cause::NotInBackup(_) | Cause::OtherProduct(_)) => Some((cause, "")),
        cause @ (Cause::NewerServer
        | Cause::OlderServer
        | Cause::NotPreloaded
        | Cause::TimeLimit
        | Cause::MissingLibrary
        | Cause::MissingFile
        | Cause::MissingLocale) => Some((cause, failure.error.message())),
        _ => None,
    }
}

/// Puts into the report what failed, and what was done in the backup's stead.
pub fn tell(
    plan: &DatabasePlan,
    restored: &restore::Report,
    backup: &Backup,
    maybe_newer: bool,
    trusted: bool,
    report: &mut Report,
) {
    /// Of what failed and does no harm, so many are told one by one.
    const NOTED: usize = 1000;
    let mut following: HashMap<usize, Consequences> = HashMap::new();
    // What has no one root, such as one of several extensions, is told with the first for which it is so.
    let mut alike: HashMap<(&Cause, &str), usize> = HashMap::new();
    // With which failure each is told: a root comes before what follows from it.
    let mut with: Vec<usize> = Vec::new();
    for (at, failure) in restored.failures.iter().enumerate() {
        let place = || place(failure.at, backup);
        let first = in_common(failure).map(|common| *alike.entry(common).or_insert(at));
        let root = failure.root.or(first).filter(|root| *root < at).map(|root| with[root]);
        if let Some(root) = root {
            let told = following.entry(root).or_default();
            let told = if failure.root.is_some() { &mut told.needing } else { &mut told.alike };
            told.add(&failure.what, place);
        }
        with.push(root.unwrap_or(at));
    }
    for setting in &restored.settings {
        if let Some(root) = setting.root.and_then(|root| with.get(root)) {
            let what = format!("setting {}", setting.name);
            following.entry(*root).or_default().needing.add(&what, || place(setting.at, backup));
        }
    }
    let mut harmless = 0_usize;
    for (at, failure) in restored.failures.iter().enumerate().filter(|(at, _)| with[*at] == *at) {
        let mut why = match failure.error.code() {
            // The server was not asked.
            "" => failure.cause.to_string(),
            code => format!("{} ({code}): {}", failure.error.message(), failure.cause),
        };
        for more in [failure.error.detail(), failure.error.context()] {
            if !more.is_empty() {
                why.push_str(&format!("; {}", more.lines().next().unwrap_or_default()));
            }
        }
        if let [first, rest @ ..] = failure.absent.as_slice()
            && lacks_something(failure)
        {
            why.push_str(&depends(*first, rest));
        }
        why.push_str(&following.get(&at).map(Consequences::in_words).unwrap_or_default());
        why.push_str(
            &failure.cause.remedy().map(|remedy| format!("; to judge it: {remedy}")).unwrap_or_default(),
        );
        let place = place(failure.at, backup);
        match failure.cause.judgement() {
            Judgement::Bad => report.find(Verdict::Bad, failure.what.clone(), Some(place), why),
            Judgement::Unclear => report.find(Verdict::Unclear, failure.what.clone(), Some(place), why),
            Judgement::Harmless => {
                harmless += 1;
                if harmless <= NOTED {
                    report.notes.push(format!("{}: {why}, at {place}", failure.what));
                }
            }
        }
    }
    if harmless > NOTED {
        report.notes.push(format!("and {} more of the like", harmless - NOTED));
    }
    if !restored.roles.is_empty() {
        let roles: Vec<&str> = restored.roles.iter().map(String::as_str).collect();
        report.notes.push(format!("roles made to stand in for those of the backup: {}", roles.join(", ")));
    }
    for what in &restored.tried {
        report.notes.push(format!(
            "an owner, a right or a user mapping was set in a transaction that was undone, so that the backup cannot use it: \
             {what}"
        ));
    }
    for what in &restored.disabled {
        report.notes.push(format!("made and left disabled, so that nothing sets it off: {what}"));
    }
    for what in &restored.nowhere {
        report.notes.push(format!(
            "made with an address that leads nowhere, so that nothing is read or written there: {what}"
        ));
    }
    if !restored.watched.is_empty() {
        let tables: Vec<&str> = restored.watched.iter().map(String::as_str).collect();
        report.notes.push(format!(
            "loaded alone and in the backup's order, since checks, triggers or foreign keys look at rows when they arrive \
             (`pg_restore --jobs` keeps no order): {}",
            tables.join(", ")
        ));
    }
    if restored.failures.iter().any(|failure| matches!(failure.cause, Cause::Refused(_))) && !trusted {
        report.notes.push(
            "what needs a superuser and is not run for a backup that is not trusted, `--trust` runs: only for backups of your own"
                .to_owned(),
        );
    }
    tell_settings(&restored.settings, backup, maybe_newer, report);
    tell_removals(plan, restored, backup, report);
    tell_disabled(plan, restored, backup, report);
}

/// Puts into the report which settings the server refused.
pub fn tell_settings(settings: &[RefusedSetting], backup: &Backup, maybe_newer: bool, report: &mut Report) {
    // Statements on roles and on several databases may rely on the same one.
    let mut noted: HashSet<String> = report.notes.iter().cloned().collect();
    let found = report.findings.iter().filter(|finding| finding.what == SETTINGS);
    let known = |finding: &Finding| (finding.place.clone().unwrap_or_default(), finding.why.clone());
    let mut found: HashSet<(String, String)> = found.map(known).collect();
    // What follows from a failure is told with that.
    for setting in settings.iter().filter(|setting| setting.root.is_none()) {
        let place = place(setting.at, backup);
        let message = setting.error.message();
        let judgement = setting.cause.judgement();
        // What a newer pg_dump sets means nothing to an older server; nobody else writes what the server does not know.
        if maybe_newer && judgement == Judgement::Bad || judgement == Judgement::Harmless {
            let why = match judgement {
                Judgement::Harmless => format!(": {}", setting.cause),
                _ => String::new(),
            };
            let note = format!("setting skipped: {message}{why}, at {place}");
            if noted.insert(note.clone()) {
                report.notes.push(note);
            }
            continue;
        }
        let (verdict, why) = match judgement {
            Judgement::Bad => (Verdict::Bad, message.to_owned()),
            _ => {
                let remedy = setting.cause.remedy().map(|remedy| format!("; to judge it: {remedy}"));
                (Verdict::Unclear, format!("{message}: {}{}", setting.cause, remedy.unwrap_or_default()))
            }
        };
        if found.insert((place.clone(), why.clone())) {
            report.find(verdict, SETTINGS, Some(place), why);
        }
    }
}

/// Puts into the report the event triggers that would have fired at what the backup makes behind them.
fn tell_disabled(plan: &DatabasePlan, restored: &restore::Report, backup: &Backup, report: &mut Report) {
    let trigger = |step: &Step| step.subject.address.as_ref().is_some_and(|on| on.kind == Kind::EventTrigger);
    let makes = |step: &&Step| step.subject.class == Class::Part(Role::Definition) && !trigger(step);
    for (at, step) in plan.steps.iter().enumerate() {
        if step.subject.class != Class::Part(Role::Definition)
            || !trigger(step)
            || !restored.disabled.contains(&step.label())
        {
            continue;
        }
        if let Some(behind) = plan.steps[at + 1..].iter().find(makes) {
            let why = format!(
                "stands before what it may fire at ({}), and was left disabled: its code would run with a superuser's rights in the \
                 scripts of extensions",
                behind.label()
            );
            report.find(Verdict::Unclear, step.label(), Some(place(step.at, backup)), why);
        }
    }
}

/// Puts into the report what the backup takes away of what it made before.
fn tell_removals(plan: &DatabasePlan, restored: &restore::Report, backup: &Backup, report: &mut Report) {
    let failed: HashSet<usize> = restored.failures.iter().map(|failure| failure.step).collect();
    for at in plan.removals().into_iter().filter(|at| !failed.contains(at)) {
        let step = &plan.steps[at];
        report.find(Verdict::Unclear, step.label(), Some(place(step.at, backup)), TAKES_AWAY);
    }
}

/// Says whether a failure may come of something that is gone and should be there.
fn lacks_something(failure: &restore::Failure) -> bool {
    // Nothing of that name, no key that one refers to, no row.
    const LACKING: [&str; 7] = ["42P01", "42883", "42704", "42703", "42830", "3F000", "23503"];
    failure.cause.judgement() == Judgement::Bad && LACKING.contains(&failure.error.code())
}

/// What a failure may come of: entries that are needed and gone.
fn depends(first: u32, rest: &[u32]) -> String {
    /// Numbers that are damaged themselves may be many.
    const SHOWN: usize = 10;
    if rest.is_empty() {
        return format!("; it depends on entry {first}, which the table of contents does not have");
    }
    let mut entries = format!("; it depends on entries {first}");
    rest.iter().take(SHOWN).for_each(|id| entries.push_str(&format!(", {id}")));
    if rest.len() > SHOWN {
        entries.push_str(&format!(" and {} more", rest.len() - SHOWN));
    }
    entries + ", which the table of contents does not have"
}

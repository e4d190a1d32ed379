//! What psql leaves undone of a backup, whatever the server says: as far as that shows in its text.

use dump::Kind;
use restore::{MetaEffect, Plan};

use crate::input::Backup;
use crate::restoring::place;
use crate::verdict::{Report, Verdict};

/// Puts into the report what the meta-commands, the transactions and the removals of a backup undo.
pub fn check(plan: &Plan, backup: &Backup, report: &mut Report) {
    for command in &plan.meta_commands {
        let place = place(command.at, backup);
        let (what, why) = (command.excerpt.clone(), command.effect.to_string());
        match command.effect {
            MetaEffect::Prints => report.notes.push(format!("{what}: {why}, at {place}")),
            MetaEffect::Unclear | MetaEffect::CommitsNothing => {
                report.find(Verdict::Unclear, what, Some(place), why);
            }
            MetaEffect::Quits | MetaEffect::Elsewhere => report.find(Verdict::Bad, what, Some(place), why),
        }
    }
    for undone in plan.databases.iter().flat_map(|database| &database.undone) {
        let begin = place(undone.begin, backup);
        report.find(Verdict::Bad, "transaction", Some(begin), undone.by.to_string());
    }
    for step in plan.removals() {
        let database = step.subject.address.as_ref().is_some_and(|address| address.kind == Kind::Database);
        let verdict = if database { Verdict::Bad } else { Verdict::Unclear };
        report.find(verdict, step.label(), Some(place(step.at, backup)), TAKES_AWAY);
    }
}

/// Why a removal is told.
pub const TAKES_AWAY: &str =
    "takes away what stands before it in the backup, and is not made again behind it";

//! What the backup says of roles and of databases themselves, told in the report.

use std::path::Path;

use archive::Stop;
use cli::Failure;
use dump::{Kind, Name};
use restore::{ClusterReport, Judgement, Options, Plan, Step};

use crate::input::Backup;
use crate::restoring::place;
use crate::telling::tell_settings;
use crate::verdict::{Report, Verdict};

/// Makes the roles of a file written by `pg_dumpall --globals-only`, and then those of the backup.
///
/// # Errors
/// When the file cannot be read, or the server not be reached any more.
pub fn roles(
    globals: Option<&Path>,
    backup: &Backup,
    plan: &Plan,
    options: &Options,
    maybe_newer: bool,
    report: &mut Report,
) -> Result<(), Failure> {
    if let Some(path) = globals {
        let file = Backup::open(path, &Stop::default())?;
        let (plan, _) = Plan::read(&file.path)?;
        if plan.cluster.is_empty() {
            return Err(anyhow::anyhow!("no roles in the file: {}", path.display()).into());
        }
        let of_file = restore::restore_roles(&plan.cluster, options)?;
        // Roles are the server's and not the backup's: what fails here says nothing of it.
        for failure in &of_file.failures {
            let what = format!("{} of {}", failure.what, path.display());
            report.find(Verdict::Unclear, what, None, failure.error.to_string());
        }
        let names = of_file.roles.iter().map(Name::to_string).collect::<Vec<_>>().join(", ");
        report.notes.push(format!("roles made as {} says: {names}", path.display()));
        tell_left_out(&of_file, &file, report);
        // As for failures: no fault of the backup.
        tell_settings(&of_file.settings, &file, true, report);
    }
    let of_backup = restore::restore_roles(&plan.cluster, options)?;
    if !of_backup.roles.is_empty() {
        let names = of_backup.roles.iter().map(Name::to_string).collect::<Vec<_>>().join(", ");
        report.notes.push(format!(
            "roles made as the backup says, without login, passwords and rights on the server: {names}"
        ));
    }
    tell(&of_backup, "statements on roles, tried or run", backup, report);
    tell_settings(&of_backup.settings, backup, maybe_newer, report);
    for step in &plan.cluster {
        let Some(address) = step.subject.address.as_ref().filter(|address| address.kind == Kind::Database)
        else {
            continue;
        };
        if !plan.databases.iter().any(|database| database.name.as_ref() == Some(&address.name)) {
            let why = "what is said of it was not tried: the backup does not hold this database";
            report.find(Verdict::Unclear, address.to_string(), Some(place(step.at, backup)), why);
        }
    }
    Ok(())
}

/// Tries what the backup says of a database itself.
///
/// # Errors
/// When the server cannot be reached any more.
pub fn database(
    steps: &[Step],
    name: Option<&Name>,
    options: &Options,
    backup: &Backup,
    maybe_newer: bool,
    report: &mut Report,
) -> Result<(), restore::Error> {
    let tried = restore::try_database(steps, name, options)?;
    tell(&tried, "statements on databases themselves, tried", backup, report);
    tell_settings(&tried.settings, backup, maybe_newer, report);
    Ok(())
}

fn tell(found: &ClusterReport, checked: &str, backup: &Backup, report: &mut Report) {
    for failure in &found.failures {
        let verdict = match failure.cause.judgement() {
            Judgement::Bad => Verdict::Bad,
            _ => Verdict::Unclear,
        };
        let error = &failure.error;
        let why = format!("{} ({}): {}", error.message(), error.code(), failure.cause);
        report.find(verdict, failure.what.clone(), Some(place(failure.at, backup)), why);
    }
    match report.checked.iter_mut().find(|(known, _)| known == checked) {
        Some((_, count)) => *count += found.tried,
        None => report.checked.push((checked.to_owned(), found.tried)),
    }
    tell_left_out(found, backup, report);
}

fn tell_left_out(found: &ClusterReport, backup: &Backup, report: &mut Report) {
    for (what, count) in &found.left_out {
        report.notes.push(format!("left out: {what}: {count} statements"));
    }
    for (message, at) in &found.parameters {
        report.notes.push(format!("setting skipped: {message}, at {}", place(*at, backup)));
    }
}

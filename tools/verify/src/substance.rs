//! Whether a backup holds what one takes a backup for: rows.

use std::fs::{self, File};
use std::path::Path;

use dump::{Attribute, Database, Dump, Kind, Noise, Table};
use jiff::Timestamp;
use manifest::{MANIFEST_ENDING, Manifest};
use restore::Plan;

use crate::source::Recorded;
use crate::verdict::{Report, Verdict};

/// Puts into the report that the backup holds no rows, a part of a database alone, or much less than the one before.
pub fn tell(
    backup: &Path,
    dump: &Dump,
    plan: &Plan,
    recorded: Option<&Recorded>,
    min_rows: Option<u64>,
    report: &mut Report,
) {
    let rows = rows(dump);
    if let Some(least) = min_rows.filter(|least| rows < *least) {
        let why = format!("expected at least {least} (`--min-rows`); actual {rows}");
        report.find(Verdict::Bad, "number of rows", None, why);
    }
    if rows == 0 {
        report.notes.push(format!("the backup holds no rows: {}", why_none(dump, plan)));
        if let Some(part) = part(dump) {
            report.find(Verdict::Unclear, "dump", None, part);
        }
    }
    // With a manifest, the lengths of all files are known.
    if recorded.is_none() && !report.doubtful.is_empty() {
        let shown: Vec<String> = report.doubtful.iter().take(10).map(u32::to_string).collect();
        let more = report.doubtful.len() - shown.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let why = "the file is empty, which is how pg_dump writes an empty large object: whether it was emptied cannot be told";
        report.find(Verdict::Unclear, format!("large object {}{more}", shown.join(", ")), None, why);
    }
    let Some(before) = recorded.and_then(|recorded| before(backup, recorded.manifest())) else { return };
    let held = before.tables.iter().fold(0, |sum: u64, table| sum.saturating_add(table.rows));
    let than = format!("the backup before it, {}, held {held} rows; this one holds", before.backup);
    match rows {
        0 if held > 0 => report.find(Verdict::Unclear, "number of rows", None, format!("{than} none")),
        // Rows are deleted on purpose as well.
        _ if rows < held / 2 => report.notes.push(format!("{than} {rows}, less than half")),
        _ => {}
    }
}

fn rows(dump: &Dump) -> u64 {
    let tables = dump.databases.iter().flat_map(|database| database.data.tables.values());
    tables.map(|data| data.content.rows + data.expressions).sum()
}

fn tables(databases: &[Database]) -> usize {
    let objects = databases.iter().flat_map(|database| database.schema.objects.keys());
    objects.filter(|address| address.kind == Kind::Table).count()
}

/// Says why there are no rows, as far as one can see.
fn why_none(dump: &Dump, plan: &Plan) -> String {
    let tables = tables(&dump.databases);
    let asked = dump.databases.iter().map(|database| database.data.tables.len()).sum::<usize>();
    let objects = dump.databases.iter().map(|database| database.schema.objects.len()).sum::<usize>();
    match () {
        () if asked > 0 => format!("{} empty", plural(asked, "table is", "tables are")),
        () if tables > 0 => {
            format!("no data of any of its {}, as with `--schema-only`", plural(tables, "table", "tables"))
        }
        () if objects > 0 => "it has no tables".to_owned(),
        () if plan.databases.is_empty() && !plan.cluster.is_empty() => {
            "no tables at all: what belongs to a cluster, such as roles, and no database".to_owned()
        }
        () => "no tables at all: an empty database".to_owned(),
    }
}

/// Says which part of a database the dump is, if it is of one alone.
///
/// pg_dump does not write which sections it was asked for. Tables without data, without all that comes behind it and with
/// columns that must not be null, as those of a primary key are, are most likely the first section of such as have keys.
fn part(dump: &Dump) -> Option<String> {
    const BEHIND: [Kind; 8] = [
        Kind::Constraint,
        Kind::Index,
        Kind::Trigger,
        Kind::EventTrigger,
        Kind::Rule,
        Kind::Policy,
        Kind::Publication,
        Kind::Subscription,
    ];
    let has_data =
        dump.databases.iter().map(|database| &database.data).any(|data| {
            !data.tables.is_empty() || !data.statements.is_empty() || !data.large_objects.is_empty()
        });
    let all = dump.databases.iter().flat_map(|database| database.schema.objects.values());
    let has_rest = all.flat_map(|object| &object.parts).any(|part| BEHIND.contains(&part.address.kind));
    let objects = dump.databases.iter().map(|database| database.schema.objects.len()).sum::<usize>();
    if objects == 0 && dump.ledger.noise.contains_key(&Noise::PlannerStatistics) {
        return Some("it is of the planner's statistics alone (`--statistics-only`)".to_owned());
    }
    // Who wrote one by hand wrote all that there is.
    let is_whole = dump.versions.pg_dump.is_none() || has_data || has_rest;
    (!is_whole && dump.databases.iter().any(has_not_null)).then(|| {
        "it has neither data nor keys, indexes and triggers, as one of the pre-data section alone: whether the source had any \
         cannot be told"
            .to_owned()
    })
}

fn has_not_null(database: &Database) -> bool {
    let tables = database.schema.objects.values().filter_map(Table::read);
    let columns = tables.flat_map(|table| table.columns);
    columns.into_iter().any(|column| column.attribute(Attribute::NotNull).is_some())
}

fn plural(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// Finds the manifest of the backup of the same database that was taken last before this one, with the same options.
fn before(backup: &Path, now: &Manifest) -> Option<Manifest> {
    let taken = |manifest: &Manifest| manifest.snapshot_begin.parse::<Timestamp>().ok();
    let at = taken(now)?;
    let folder = backup.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let of_folder = fs::read_dir(folder).ok()?.flatten().filter_map(|entry| {
        let named = entry.file_name().to_string_lossy().ends_with(MANIFEST_ENDING);
        let manifest = Manifest::read(&mut File::open(entry.path()).ok().filter(|_| named)?).ok()?;
        let same = manifest.database == now.database && manifest.options == now.options;
        taken(&manifest).filter(|other| same && *other < at).map(|other| (other, manifest))
    });
    of_folder.max_by_key(|(at, _)| *at).map(|(_, manifest)| manifest)
}

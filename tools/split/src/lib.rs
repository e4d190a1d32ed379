//! `pgdump-split`: writes a dump as a tree for git, one file per object.

mod data;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use clap::{CommandFactory, Parser, ValueEnum};
use cli::{DumpArguments, Failure, OmitArguments, Outcome, SelectArguments};
use dump::{Dump, NoData, Pattern, ReadOptions, Reading, Schema, Stream};
use serde_json::json;
use tree::folder::{Changes, Content, Folder, Mark};
use tree::layout::{self, Partitions};

#[derive(Debug, Parser)]
#[command(name = "pgdump-split", version, about)]
struct Arguments {
    #[command(flatten)]
    dump: DumpArguments,

    /// The folder of the tree; made where it is missing
    #[arg(short = 'o', long, value_name = "DIR", required_unless_present = "list")]
    out: Option<PathBuf>,

    /// Write nothing; exit with 1 if the tree is out of date
    #[arg(long, conflicts_with_all = ["dry_run", "list"])]
    check: bool,

    /// Write nothing; print what would change
    #[arg(long, conflicts_with = "list")]
    dry_run: bool,

    /// Write nothing; print which file each object goes to
    #[arg(long)]
    list: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,

    /// Keep the rows of the tables that match the pattern, in a stable order (may be given several times)
    #[arg(long, value_name = "PATTERN")]
    data: Vec<Pattern>,

    /// Where partitions go
    #[arg(long, value_enum, default_value = "separate")]
    partitions: PartitionsArgument,

    #[command(flatten)]
    select: SelectArguments,
    #[command(flatten)]
    omit: OmitArguments,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PartitionsArgument {
    /// Each in a file of its own
    Separate,
    /// In the file of the table that they are partitions of
    WithParent,
    /// Nowhere
    Omit,
}

impl From<PartitionsArgument> for Partitions {
    fn from(argument: PartitionsArgument) -> Partitions {
        match argument {
            PartitionsArgument::Separate => Partitions::Separate,
            PartitionsArgument::WithParent => Partitions::WithParent,
            PartitionsArgument::Omit => Partitions::Omit,
        }
    }
}

/// Returns the command line, for man pages and completions.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs the tool on the process's arguments.
///
/// # Errors
/// When the dump cannot be read to its end, or the tree cannot be compared or written; it then is as it was.
pub fn run() -> Result<Outcome, Failure> {
    let arguments = Arguments::parse();
    let folder = match &arguments.out {
        // A folder that is not ours is refused before the long work.
        Some(out) => Some(Folder::open(out)?),
        None => None,
    };
    let path = &arguments.dump.dump;
    let options = ReadOptions { keep_secrets: arguments.dump.keep_secrets, canonical: false };
    let mut reference = data::Reference::new(arguments.data.clone());
    let mut dump = cli::read_dump(path, options, &mut reference)?;
    cli::report_reading(&dump, &path.display().to_string());
    let mut schema = only_database(&mut dump)?;
    if !reference.inserts.is_empty() {
        let tables = data::names(&reference.inserts);
        return Err(anyhow::anyhow!("rows written as INSERT cannot be kept yet: {tables}").into());
    }
    let selection = arguments.select.selection();
    if let Some(pattern) = selection.apply(&mut schema).first() {
        return Err(anyhow::anyhow!("no matching objects were found: `{pattern}`").into());
    }
    arguments.omit.omissions().apply(&mut schema);
    let partitions = arguments.partitions.into();
    if arguments.list {
        return list(&schema, partitions, arguments.json);
    }
    let Some(folder) = folder else { return Ok(Outcome::Good) };
    let files = layout::files(&schema, partitions);
    if arguments.check {
        if dump.ledger.total() != dump.bytes {
            let (known, bytes) = (dump.ledger.total(), dump.bytes);
            return Err(anyhow::anyhow!("internal error: {bytes} bytes read, accounted for: {known}").into());
        }
        prove(&schema, &files)?;
    }
    let mut wanted: BTreeMap<String, Content> =
        files.into_iter().map(|(path, text)| (path, Content::Bytes(text))).collect();
    wanted.extend(reference.files(&schema)?);
    let mark = Mark::new(mark_options(&arguments, &schema));
    let adopt = |path: &str, text: &[u8]| is_same_object(path, text);
    let changes = folder.compare(&wanted, &mark, |_| false, adopt)?;
    let writes = !arguments.check && !arguments.dry_run;
    if writes && !changes.is_empty() {
        folder.apply(&wanted, &mark, &changes)?;
    }
    report(&changes, arguments.json, !writes)?;
    let outdated = arguments.check && !changes.is_empty();
    Ok(if outdated { Outcome::Different } else { Outcome::Good })
}

/// The schema of the dump's one database, with what belongs to the cluster.
fn only_database(dump: &mut Dump) -> Result<Schema, Failure> {
    if dump.databases.len() > 1 {
        let names: Vec<String> =
            dump.databases.iter().filter_map(|database| Some(database.name.as_ref()?.to_string())).collect();
        return Err(
            anyhow::anyhow!("dump of several databases cannot be split yet: {}", names.join(", ")).into()
        );
    }
    let mut schema = dump.databases.pop().map(|database| database.schema).unwrap_or_default();
    schema.objects.append(&mut dump.cluster.objects);
    Ok(schema)
}

/// Proves that the files hold the whole schema: read back, they give the same one.
fn prove(schema: &Schema, files: &BTreeMap<String, Vec<u8>>) -> Result<(), Failure> {
    let mut reading = Reading::new(ReadOptions { keep_secrets: true, canonical: true });
    for (path, text) in files.iter().filter(|(path, _)| *path != layout::TRAILER) {
        reading
            .add(Stream(text.as_slice()), &mut NoData)
            .map_err(|error| anyhow::anyhow!("{path}: {error}"))?;
    }
    let mut again = reading.finish();
    let mut back = again.databases.pop().map(|database| database.schema).unwrap_or_default();
    back.objects.append(&mut again.cluster.objects);
    for (address, object) in &schema.objects {
        let texts = |object: &dump::Object| -> Vec<Vec<u8>> {
            let mut texts: Vec<_> = object.parts.iter().map(|part| part.text.clone()).collect();
            texts.sort();
            texts
        };
        let same = back.objects.get(address).is_some_and(|other| texts(other) == texts(object));
        if !same && address.kind != dump::Kind::Other {
            return Err(anyhow::anyhow!("internal error: lost on the way into the tree: {address}").into());
        }
    }
    Ok(())
}

/// Says whether a file that we did not write holds nothing but what we would write to its path.
fn is_same_object(path: &str, text: &[u8]) -> bool {
    let options = ReadOptions { keep_secrets: true, canonical: true };
    let Ok(dump) = dump::read(Stream(text), options, &mut NoData) else { return false };
    let known = dump.unknown.is_empty() && dump.ledger.data == 0;
    let schemas = dump.databases.iter().map(|database| &database.schema).chain([&dump.cluster]);
    let mut paths = schemas.flat_map(|schema| layout::paths(schema, Partitions::Separate).into_values());
    known && paths.all(|other| other == path)
}

fn mark_options(arguments: &Arguments, schema: &Schema) -> serde_json::Value {
    let mut options = serde_json::Map::new();
    if !matches!(schema.encoding.as_str(), "" | "UTF8") {
        options.insert("encoding".to_owned(), json!(schema.encoding));
    }
    let flags = [
        ("keep-secrets", arguments.dump.keep_secrets),
        ("no-owner", arguments.omit.no_owner),
        ("no-privileges", arguments.omit.no_privileges),
        ("no-comments", arguments.omit.no_comments),
        ("no-security-labels", arguments.omit.no_security_labels),
        ("no-tablespaces", arguments.omit.no_tablespaces),
    ];
    for (name, on) in flags.into_iter().filter(|(_, on)| *on) {
        options.insert(name.to_owned(), json!(on));
    }
    let lists = [
        ("data", &arguments.data),
        ("schema", &arguments.select.schemas),
        ("exclude-schema", &arguments.select.exclude_schemas),
        ("table", &arguments.select.tables),
        ("exclude-table", &arguments.select.exclude_tables),
    ];
    for (name, patterns) in lists.into_iter().filter(|(_, patterns)| !patterns.is_empty()) {
        let texts: Vec<&str> = patterns.iter().map(Pattern::text).collect();
        options.insert(name.to_owned(), json!(texts));
    }
    match arguments.partitions {
        PartitionsArgument::Separate => {}
        PartitionsArgument::WithParent => drop(options.insert("partitions".to_owned(), json!("with-parent"))),
        PartitionsArgument::Omit => drop(options.insert("partitions".to_owned(), json!("omit"))),
    }
    options.into()
}

fn list(schema: &Schema, partitions: Partitions, as_json: bool) -> Result<Outcome, Failure> {
    let paths = layout::paths(schema, partitions);
    let mut out = std::io::stdout().lock();
    if as_json {
        let rows: Vec<_> = paths
            .iter()
            .map(|(address, path)| json!({ "kind": address.kind.to_string(), "object": address.to_string(), "path": path }))
            .collect();
        writeln!(out, "{:#}", serde_json::Value::from(rows))?;
    } else {
        for (address, path) in &paths {
            writeln!(out, "{}\t{path}", cli::escape(&address.to_string()))?;
        }
    }
    Ok(Outcome::Good)
}

/// Prints what changed: every file where nothing was written, numbers where it was.
fn report(changes: &Changes, as_json: bool, each: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if as_json {
        let report = json!({
            "added": changes.added, "changed": changes.changed, "removed": changes.removed,
            "unchanged": changes.unchanged,
        });
        writeln!(out, "{report:#}")?;
        return Ok(());
    }
    let lists = [("added", &changes.added), ("changed", &changes.changed), ("removed", &changes.removed)];
    if each {
        for (what, paths) in &lists {
            for path in *paths {
                writeln!(out, "{what}\t{path}")?;
            }
        }
    }
    let counts: Vec<String> = lists.iter().map(|(what, paths)| format!("{} {what}", paths.len())).collect();
    writeln!(out, "files: {}, {} unchanged", counts.join(", "), changes.unchanged)?;
    Ok(())
}

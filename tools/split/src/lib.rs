//! `pgdump-split`: writes a dump as a tree for git, one file per object.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use clap::{CommandFactory, Parser, ValueEnum};
use cli::{DataArguments, DumpArguments, Failure, OmitArguments, Outcome, SelectArguments};
use dump::{Database, Dump, NoData, Object, Pattern, ReadOptions, Reading, Stream};
use serde_json::json;
use tree::folder::{Changes, Content, Folder, Mark};
use tree::layout::{self, Partitions};
use tree::reference::Reference;

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

    /// Remove files also where the tree was made with other options, or more than half of it goes
    #[arg(long, conflicts_with_all = ["check", "dry_run", "list"])]
    force: bool,

    /// Write nothing; print which file each object goes to
    #[arg(long)]
    list: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,

    /// Where partitions go
    #[arg(long, value_enum, default_value = "separate")]
    partitions: PartitionsArgument,

    #[command(flatten)]
    data: DataArguments,
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
    let options = ReadOptions { keep_secrets: arguments.dump.keep_secrets, ..ReadOptions::default() };
    let mut reference = Reference::new(arguments.data.patterns.clone());
    let mut dump = cli::read_dump(path, options, (&mut reference).into())?;
    cli::report_reading(&dump, &path.display().to_string());
    arguments.select.apply(std::slice::from_mut(&mut dump))?;
    arguments.omit.apply(&mut dump);
    let partitions = arguments.partitions.into();
    if partitions == Partitions::Omit {
        for database in &mut dump.databases {
            let kept = layout::paths(&database.schema, partitions);
            let Database { schema, data, .. } = database;
            data.retain(|relation| kept.contains_key(relation) || !schema.objects.contains_key(relation));
        }
    }
    reference.keep_wanted(&mut dump)?;
    if arguments.list {
        return list(&dump, partitions, arguments.json);
    }
    let Some(folder) = folder else { return Ok(Outcome::Good) };
    let files = layout::files(&dump, partitions);
    if arguments.check {
        if dump.ledger.total() != dump.bytes {
            let (known, bytes) = (dump.ledger.total(), dump.bytes);
            return Err(anyhow::anyhow!("internal error: {bytes} bytes read, accounted for: {known}").into());
        }
        prove(&dump, &files)?;
    }
    let mut wanted: BTreeMap<String, Content> =
        files.into_iter().map(|(path, text)| (path, Content::Bytes(text))).collect();
    wanted.extend(reference.files(&dump)?);
    let mark = Mark::new(mark_options(&arguments, &dump));
    let adopt = |path: &str, text: &[u8]| is_same_object(path, text);
    let changes = folder.compare(&wanted, &mark, |_| false, adopt)?;
    let writes = !arguments.check && !arguments.dry_run;
    if writes && !arguments.force {
        refuse_to_empty(&folder, &mark, &changes)?;
    }
    if writes && !changes.is_empty() {
        folder.apply(&wanted, &mark, &changes)?;
    }
    report(&changes, arguments.json, !writes)?;
    let outdated = arguments.check && !changes.is_empty();
    Ok(if outdated { Outcome::Different } else { Outcome::Good })
}

/// Makes sure that a tree of something else, such as of another selection or database, does not go in silence.
fn refuse_to_empty(folder: &Folder, mark: &Mark, changes: &Changes) -> Result<(), Failure> {
    let removed = changes.removed.len();
    // The mark itself is among them.
    let all = (removed + changes.changed.len() + changes.unchanged).saturating_sub(1);
    let other = folder.mark().is_some_and(|before| before.has_other_options(mark));
    let why = match () {
        () if removed == 0 => return Ok(()),
        () if other => ", which was made with other options",
        () if removed * 2 > all => "",
        () => return Ok(()),
    };
    let root = folder.root().display();
    let failure = Failure::from(anyhow::anyhow!(
        "refusing to remove {removed} of the {all} files of the tree{why}: {root}"
    ));
    Err(failure.with_hint("see which with `--dry-run`; `--force` removes them"))
}

/// Proves that the files hold the whole dump: read back, they give the same objects and parts.
fn prove(dump: &Dump, files: &BTreeMap<String, Vec<u8>>) -> Result<(), Failure> {
    let folders = dump.databases.iter().map(|database| layout::database_folder(dump, database));
    let folders: Vec<String> = folders.filter(|folder| !folder.is_empty()).collect();
    let cluster = files.iter().filter(|(path, _)| !folders.iter().any(|folder| path.starts_with(folder)));
    let back = read_back(cluster)?;
    for object in dump.cluster.objects.values() {
        prove_object(object, back.cluster.objects.get(&object.address))?;
    }
    for database in &dump.databases {
        let folder = layout::database_folder(dump, database);
        let back = read_back(files.iter().filter(|(path, _)| path.starts_with(&folder)))?;
        let back = back.databases.first();
        if back.map_or(&[][..], |back| &back.schema.trailer) != database.schema.trailer {
            return Err(
                anyhow::anyhow!("internal error: the trailer is lost on the way into the tree").into()
            );
        }
        for object in database.schema.objects.values() {
            prove_object(object, back.and_then(|back| back.schema.objects.get(&object.address)))?;
        }
    }
    Ok(())
}

fn read_back<'a>(files: impl Iterator<Item = (&'a String, &'a Vec<u8>)>) -> Result<Dump, Failure> {
    let mut reading =
        Reading::new(ReadOptions { keep_secrets: true, canonical: true, ..ReadOptions::default() });
    for (path, text) in files {
        let text = Stream(text.as_slice());
        let read = match layout::is_trailer(path) {
            true => reading.add_trailer(text),
            false => reading.add(text, &mut NoData),
        };
        read.map_err(|error| anyhow::anyhow!("{path}: {error}"))?;
    }
    Ok(reading.finish())
}

fn prove_object(object: &Object, back: Option<&Object>) -> Result<(), Failure> {
    let texts = |object: &Object| -> Vec<Vec<u8>> {
        let mut texts: Vec<_> = object.parts.iter().map(|part| part.text.clone()).collect();
        texts.sort();
        texts
    };
    let same = back.is_some_and(|other| texts(other) == texts(object));
    if !same && object.address.kind != dump::Kind::Other {
        return Err(
            anyhow::anyhow!("internal error: lost on the way into the tree: {}", object.address).into()
        );
    }
    Ok(())
}

/// Says whether a file that we did not write holds nothing but what we would write to its path.
fn is_same_object(path: &str, text: &[u8]) -> bool {
    let options = ReadOptions { keep_secrets: true, canonical: true, ..ReadOptions::default() };
    let Ok(dump) = dump::read(Stream(text), options, &mut NoData) else { return false };
    let known = dump.unknown.is_empty() && dump.ledger.data == 0;
    // Which database's folder it is in says nothing about the file.
    let path = match path.split_once('/') {
        Some((layout::DATABASES, rest)) => rest.split_once('/').map_or(path, |(_, rest)| rest),
        _ => path,
    };
    let schemas = dump.databases.iter().map(|database| &database.schema).chain([&dump.cluster]);
    let mut paths = schemas.flat_map(|schema| layout::paths(schema, Partitions::Separate).into_values());
    known && paths.all(|other| other == path)
}

fn mark_options(arguments: &Arguments, dump: &Dump) -> serde_json::Value {
    let mut options = serde_json::Map::new();
    options.extend(Mark::encodings(dump).map(|encodings| ("encoding".to_owned(), encodings)));
    options.extend(arguments.select.database.as_ref().map(|name| ("database".to_owned(), json!(name))));
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
        ("data", &arguments.data.patterns),
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

fn list(dump: &Dump, partitions: Partitions, as_json: bool) -> Result<Outcome, Failure> {
    let mut rows = Vec::new();
    let folders =
        dump.databases.iter().map(|database| (&database.schema, layout::database_folder(dump, database)));
    for (schema, folder) in [(&dump.cluster, String::new())].into_iter().chain(folders) {
        let paths = layout::paths(schema, partitions).into_iter();
        rows.extend(paths.map(|(address, path)| (address, format!("{folder}{path}"))));
    }
    let mut out = std::io::stdout().lock();
    if as_json {
        let rows: Vec<_> = rows
            .iter()
            .map(|(address, path)| json!({ "kind": address.kind.to_string(), "object": address.to_string(), "path": path }))
            .collect();
        writeln!(out, "{:#}", serde_json::Value::from(rows))?;
    } else {
        for (address, path) in &rows {
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
            "foreign": changes.foreign, "unchanged": changes.unchanged,
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
        for path in &changes.foreign {
            cli::warn(&format!("not written by pgdump-split, and read as a part of the tree: {path}"));
        }
    }
    let counts: Vec<String> = lists.iter().map(|(what, paths)| format!("{} {what}", paths.len())).collect();
    writeln!(out, "files: {}, {} unchanged", counts.join(", "), changes.unchanged)?;
    Ok(())
}

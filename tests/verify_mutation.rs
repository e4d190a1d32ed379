//! Healthy backups of every format, damaged in every way that came to mind: what a file lets one know is found and
//! named.
//!
//! No list says what can be known. Where the tool finds nothing, PostgreSQL's own programs restore the damaged backup:
//! if they fail, the damage was missed. If they restore without an error what the healthy backup holds, the damage did
//! no harm. If they restore something else, the damage made another valid backup, which nothing but a record of the
//! healthy one can tell, and that has to.
//!
//! `cargo xtask mutate` runs this at its full size, through the variables of the environment below.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "verify_mutation/archives.rs"]
mod archives;
#[path = "verify_mutation/bytes.rs"]
mod bytes;
#[path = "verify_mutation/contents.rs"]
mod contents;
#[path = "corpus.rs"]
mod corpus;
#[path = "verify_mutation/damage.rs"]
mod damage;
#[path = "verify_mutation/oracle.rs"]
mod oracle;
#[path = "verify_mutation/random.rs"]
mod random;
#[path = "verify_mutation/record.rs"]
mod record;
#[path = "verify_mutation/run.rs"]
mod run;
#[path = "verify_mutation/text.rs"]
mod text;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use scratch::{Cluster, Programs};

use archives::{Archive, gzip};
use damage::{Backup, Damage, Mark, near, near_lines};
use random::Random;
use run::{Run, Tally};
use text::Text;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-verify");

/// Where damages happen follows from it alone; `PGDUMPKIT_MUTATE_SEED` is another.
const SEED: u64 = 20_240_229;

/// Formats that are damaged at once.
const THREADS: usize = 2;

/// Damages of each format where nobody asks for more.
const SMALL: usize = 4;

/// One of every kind of object that can be lost; tables of different columns, and of the same.
const SHOP: &str = r"
CREATE ROLE keeper;
CREATE SCHEMA shop;
CREATE TYPE shop.size AS ENUM ('small', 'large');
CREATE FUNCTION shop.twice(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';
CREATE TABLE shop.goods (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL,
    price numeric(8, 2) CHECK (price > 0), size shop.size DEFAULT 'small');
INSERT INTO shop.goods (name, price) SELECT 'good ' || md5(n::text), n * 1.25 FROM generate_series(1, 150) n;
CREATE TABLE shop.sold (good integer REFERENCES shop.goods, at date);
INSERT INTO shop.sold SELECT n % 100 + 1, date '2024-01-01' + n FROM generate_series(1, 200) n;
CREATE TABLE shop.words (number serial, word text);
INSERT INTO shop.words (word) SELECT 'wörd ' || n FROM generate_series(1, 120) n;
CREATE TABLE shop.notes (note text);
INSERT INTO shop.notes SELECT 'a note of ' || n || ', with a longer text' FROM generate_series(1, 90) n;
CREATE TABLE shop.empty (nothing text);
CREATE INDEX sold_at ON shop.sold (at);
CREATE VIEW shop.cheap AS SELECT id, name FROM shop.goods WHERE price < 10;
CREATE MATERIALIZED VIEW shop.summary AS SELECT count(*) AS sold FROM shop.sold;
CREATE FUNCTION shop.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER watch BEFORE INSERT ON shop.words FOR EACH ROW EXECUTE FUNCTION shop.refuse();
ALTER TABLE shop.words ENABLE ROW LEVEL SECURITY;
CREATE POLICY readers ON shop.words FOR SELECT USING (number > 0);
CREATE SEQUENCE shop.numbers;
SELECT setval('shop.numbers', 4711);
COMMENT ON TABLE shop.goods IS 'all there is to buy';
GRANT SELECT ON shop.goods TO PUBLIC;
GRANT INSERT ON shop.sold TO keeper;
ALTER TABLE shop.notes OWNER TO keeper;
SELECT lo_from_bytea(4242, decode(repeat('00ff5c27', 2000), 'hex'));
";

/// Large objects of all sizes, and nothing else but one table.
const OBJECTS: &str = r"
SELECT lo_from_bytea(5000 + n, decode(repeat(md5(n::text), n * n * 4), 'hex')) FROM generate_series(0, 9) n;
CREATE TABLE public.pictures (id integer PRIMARY KEY, picture oid);
INSERT INTO public.pictures SELECT n, 5000 + n FROM generate_series(0, 9) n;
COMMENT ON LARGE OBJECT 5003 IS 'a picture';
GRANT SELECT ON LARGE OBJECT 5004 TO PUBLIC;
";

/// How a healthy backup comes to be.
#[derive(Clone, Copy)]
enum Origin {
    /// `pg_dump` of a database with these arguments.
    Dump(&'static str, &'static [&'static str]),
    /// The format of this name, packed.
    Packed(&'static str, fn(&[u8]) -> Vec<u8>),
    /// A backup of the corpus, which only newer servers write.
    Corpus(&'static str),
}

/// A format that backups come in.
#[derive(Clone, Copy)]
pub struct Format {
    name: &'static str,
    origin: Origin,
    /// Whether it is text, packed or not, and no archive.
    text: bool,
    /// Whether it makes its database itself.
    creates: bool,
    /// Whether PostgreSQL's own programs here can restore it.
    restorable: bool,
}

const fn text(name: &'static str, origin: Origin) -> Format {
    Format { name, origin, text: true, creates: false, restorable: true }
}

const fn archive(name: &'static str, origin: Origin) -> Format {
    Format { name, origin, text: false, creates: false, restorable: true }
}

const fn corpus(name: &'static str, path: &'static str) -> Format {
    Format { name, origin: Origin::Corpus(path), text: false, creates: false, restorable: false }
}

const FORMATS: [Format; 17] = [
    text("plain", Origin::Dump("shop", &["-Fp"])),
    Format { creates: true, ..text("create", Origin::Dump("shop", &["-Fp", "-C"])) },
    text("inserts", Origin::Dump("shop", &["-Fp", "--inserts"])),
    text("column-inserts", Origin::Dump("shop", &["-Fp", "--column-inserts"])),
    text("large-objects-plain", Origin::Dump("objects", &["-Fp"])),
    text("plain.gz", Origin::Packed("plain", gzip)),
    text("plain.zst", Origin::Packed("plain", zstd)),
    archive("custom", Origin::Dump("shop", &["-Fc"])),
    archive("custom-none", Origin::Dump("shop", &["-Fc", "-Z0"])),
    archive("tar", Origin::Dump("shop", &["-Ft"])),
    archive("directory", Origin::Dump("shop", &["-Fd"])),
    archive("directory-none", Origin::Dump("shop", &["-Fd", "-Z0"])),
    archive("large-objects", Origin::Dump("objects", &["-Fd"])),
    corpus("custom-zstd", "formats/hard.server18/custom-zstd.dump"),
    corpus("custom-lz4", "formats/hard.server18/custom-lz4.dump"),
    corpus("directory-zstd", "formats/hard.server18/dir-zstd"),
    corpus("directory-lz4", "formats/hard.server18/dir-lz4"),
];

/// Packs bytes as the program `zstd` does, with a checksum.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    std::io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}

/// How much is to be done.
struct Size {
    seed: u64,
    /// Damages of each format.
    count: usize,
    /// Whether one in ten is restored whatever its file tells.
    thorough: bool,
    format: Option<String>,
}

impl Size {
    fn asked() -> Size {
        let asked = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        Size {
            seed: asked("PGDUMPKIT_MUTATE_SEED").map_or(SEED, |seed| seed.parse().unwrap()),
            count: asked("PGDUMPKIT_MUTATE_COUNT").map_or(SMALL, |count| count.parse().unwrap()),
            thorough: asked("PGDUMPKIT_MUTATE_COUNT").is_some(),
            format: asked("PGDUMPKIT_MUTATE_FORMAT"),
        }
    }

    fn wants(&self, format: &Format) -> bool {
        self.format.as_deref().is_none_or(|name| name == format.name)
    }
}

/// The ways to damage one format.
enum Ways {
    /// Text: the file's bytes, then the text in it, packed again afterwards.
    Text(Vec<u8>, Text, fn(&[u8]) -> Vec<u8>),
    Archive(Archive),
}

impl Ways {
    fn of(format: &Format, healthy: &Path, folder: &Path) -> Ways {
        if !format.text {
            return Ways::Archive(Archive::open(healthy));
        }
        let bytes = fs::read(healthy).unwrap();
        match format.origin {
            Origin::Packed(of, pack) => {
                Ways::Text(bytes, Text::new(fs::read(folder.join(of)).unwrap()), pack)
            }
            _ => Ways::Text(bytes.clone(), Text::new(bytes), <[u8]>::to_vec),
        }
    }

    fn kinds(&self) -> usize {
        match self {
            Ways::Text(..) => text::KINDS.len() + bytes::KINDS.len(),
            Ways::Archive(archive) => archive.kinds(),
        }
    }

    fn damage(&self, kind: usize, random: &mut Random) -> Option<Damage> {
        match self {
            Ways::Archive(archive) => archive.damage(kind, random),
            Ways::Text(_, text, pack) if kind < text::KINDS.len() => {
                let (name, edit) = text::KINDS[kind];
                let edit = edit(text, random)?;
                let damage = Damage::new(
                    format!("{name}: {}", edit.what),
                    Backup::File(pack(&edit.bytes)),
                    edit.marks,
                );
                Some(if edit.forbidden { damage.forbidden() } else { damage })
            }
            Ways::Text(bytes, text, _) => {
                let change = bytes::KINDS[kind - text::KINDS.len()].1(bytes, 0..bytes.len(), random)?;
                let mut marks = vec![near(change.place.clone())];
                let packed = *bytes != text.bytes;
                if !packed {
                    marks.push(near_lines(bytes, change.place.clone()));
                    marks.push(near_lines(&change.bytes, change.place.clone()));
                    marks.extend(text.names_in(&change.place));
                }
                // What is packed is damaged from the place on.
                if change.everywhere || change.cut || packed || change.place.start >= bytes.len() {
                    marks.push(Mark::Whole);
                }
                let damage = Damage::new(change.what, Backup::File(change.bytes), marks);
                Some(if change.cut && change.place.start + 8 < bytes.len() {
                    damage.forbidden()
                } else {
                    damage
                })
            }
        }
    }
}

fn programs() -> Option<Programs> {
    let programs = Programs::find_optional().unwrap();
    if programs.is_none() {
        eprintln!("skipped: no PostgreSQL server programs");
    }
    programs
}

/// Makes the healthy backup of a format; nothing where the corpus is absent.
fn healthy(format: &Format, cluster: &Cluster, folder: &Path) -> Option<PathBuf> {
    let path = folder.join(format.name);
    match format.origin {
        Origin::Dump(database, arguments) => {
            let arguments = [arguments, &["-f", path.to_str().unwrap()]].concat();
            cluster.pg_dump(database, &arguments).unwrap();
        }
        Origin::Packed(of, pack) => fs::write(&path, pack(&fs::read(folder.join(of)).unwrap())).unwrap(),
        Origin::Corpus(file) => return Some(corpus::corpus()?.join(file)),
    }
    Some(path)
}

#[test]
fn every_damage_that_can_be_known_is_found_and_named() {
    let Some(programs) = programs() else { return };
    let size = Size::asked();
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(&programs).unwrap();
    for (database, sql) in [("shop", SHOP), ("objects", OBJECTS)] {
        cluster.create_database(database).unwrap();
        cluster.psql_script(database, sql.as_bytes()).unwrap();
    }
    let backups: Vec<(Format, PathBuf)> = FORMATS
        .into_iter()
        .filter_map(|format| Some((format, healthy(&format, &cluster, folder.path())?)))
        .collect();
    let wanted: Vec<_> = backups.iter().filter(|(format, _)| size.wants(format)).collect();
    let (next, tallies) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some((format, healthy)) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let tally = damaged(format, healthy, &cluster, folder.path(), &size);
                    eprintln!("{}", run::table(std::slice::from_ref(&tally), size.seed));
                    tallies.lock().unwrap().push(tally);
                }
            });
        }
    });
    let mut tallies: Vec<Tally> = tallies.into_inner().unwrap();
    tallies.sort_by_key(|tally| wanted.iter().position(|(format, _)| format.name == tally.format));
    assert!(!tallies.is_empty(), "no such format");
    eprintln!("\n{}", run::table(&tallies, size.seed));
    let missed: Vec<&String> = tallies.iter().flat_map(|tally| &tally.missed).collect();
    assert!(missed.is_empty(), "seed {}: {missed:#?}", size.seed);
}

/// Damages one format's backup as often as asked for.
fn damaged(format: &Format, healthy: &Path, cluster: &Cluster, folder: &Path, size: &Size) -> Tally {
    let ways = Ways::of(format, healthy, folder);
    let mut run = Run::new(*format, healthy, cluster, folder, size.seed, size.thorough);
    let mut random = Random(size.seed);
    // A kind may not fit here, such as the columns of a table that has one.
    for number in 0..20 * size.count {
        if run.tally.damages() >= size.count {
            break;
        }
        // A few are of kinds far from each other, many of every kind.
        let kind = if size.count < ways.kinds() { random.below(ways.kinds()) } else { number % ways.kinds() };
        if let Some(damage) = ways.damage(kind, &mut random) {
            run.judge(&damage);
        }
    }
    assert!(run.tally.damages() >= size.count, "{}: {} damages", format.name, run.tally.damages());
    run.tally
}

/// Every setting of a dump, in front of its database and in it, has a name or a value that is none.
#[test]
fn a_damaged_setting_is_found_and_named() {
    let Some(programs) = programs() else { return };
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(&programs).unwrap();
    cluster.create_database("shop").unwrap();
    cluster.psql_script("shop", b"CREATE TABLE public.t (a integer)").unwrap();
    let path = folder.path().join("create");
    cluster.pg_dump("shop", &["-Fp", "-C", "-f", path.to_str().unwrap()]).unwrap();
    let healthy = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = healthy.lines().collect();
    let damages: [fn(&str, &str) -> String; 2] =
        [|name, value| format!("SET {name}x = {value}"), |name, _| format!("SET {name} = none_such;")];
    for damage in damages {
        let damaged = |line: &str| {
            let (name, value) = line.strip_prefix("SET ")?.split_once(" = ")?;
            // Another tablespace may be on the server that the backup is restored on.
            (name != "default_tablespace").then(|| damage(name, value))
        };
        let text: Vec<String> =
            lines.iter().map(|line| damaged(line).unwrap_or_else(|| (*line).to_owned())).collect();
        fs::write(&path, text.join("\n") + "\n").unwrap();
        let (code, report, stderr) = run::verify(&path, &[]);
        assert_eq!(code, 1, "{report:#}{stderr}");
        let told: Vec<&str> = report["findings"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|finding| finding["verdict"] == "bad")
            .filter_map(|finding| finding["place"].as_str())
            .collect();
        let wanted: Vec<String> = (1..)
            .zip(&lines)
            .filter(|(_, line)| damaged(line).is_some())
            .map(|(at, _)| at)
            .map(|at: usize| format!("line {at},"))
            .collect();
        assert!(wanted.len() > 15, "{wanted:?}");
        for line in wanted {
            assert!(told.iter().any(|place| place.starts_with(&line)), "{line} {report:#}");
        }
    }
}

/// The healthy dumps of the corpus, which nobody may call bad.
#[test]
fn no_healthy_backup_is_called_bad() {
    let Some(folder) = corpus::corpus() else { return };
    let mut backups = Vec::new();
    for part in ["formats", "versions", "real", "regression"] {
        gather(&folder.join(part), &mut backups);
    }
    let mut wrong = Vec::new();
    for backup in &backups {
        let (code, report, stderr) = run::verify(backup, &["--level", "file"]);
        // No word of it tells which sections there are.
        let unclear = run::told(&report).iter().all(|line| line.contains("the pre-data section alone"));
        if code != 0 && !(code == 3 && unclear) {
            wrong.push(format!("{}: exit {code}: {}{stderr}", backup.display(), report["findings"]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(backups.len() > 60, "{backups:#?}");
}

fn gather(folder: &Path, backups: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let list = entry.file_name().is_some_and(|name| name == "toc.txt");
        if entry.join("toc.dat").exists() || (entry.is_file() && !list) {
            backups.push(entry);
        } else if entry.is_dir() {
            gather(&entry, backups);
        }
    }
}

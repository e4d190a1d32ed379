//! Healthy backups of one small database, damaged in many ways: what a file lets one know is found and named.
//!
//! What it does not let one know is listed as such, with the reason: there the verdict of the file alone has to be good.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "corpus.rs"]
mod corpus;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use scratch::{Cluster, Programs};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-verify");

/// Where damages happen follows from it alone.
const SEED: u64 = 20_240_229;

/// Two tables of different columns and one whose rows look like those of the second.
const DATABASE: &str = r"
CREATE SCHEMA shop;
CREATE TABLE shop.goods (id integer PRIMARY KEY, name text NOT NULL, price numeric(8, 2));
INSERT INTO shop.goods SELECT n, 'good ' || md5(n::text), n * 1.25 FROM generate_series(1, 700) n;
CREATE TABLE shop.sold (good integer REFERENCES shop.goods, at date);
INSERT INTO shop.sold SELECT n % 500 + 1, date '2024-01-01' + n FROM generate_series(1, 900) n;
CREATE TABLE shop.words (number integer, word text);
INSERT INTO shop.words SELECT n, 'wörd ' || n FROM generate_series(1, 400) n;
CREATE INDEX sold_at ON shop.sold (at);
GRANT SELECT ON shop.goods TO PUBLIC;
SELECT lo_from_bytea(4242, decode(repeat('00ff5c27', 20000), 'hex'));
";

/// What is expected of a damage.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Expected {
    Found,
    /// Nothing in the file tells, for this reason.
    Unknowable(&'static str),
}
use Expected::{Found, Unknowable};

const NOBODY_COUNTS: &str =
    "nothing in a dump says how many rows or statements there should be, or what they say";
const MAY_BE_EMPTY: &str = "a large object may be empty, and nothing but its file says how long it is";
const NO_CHECKSUM: &str = "rows in a tar archive have no checksum";

/// Numbers that look random (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end as u64).unwrap()
    }

    fn within(&mut self, start: usize, end: usize) -> usize {
        start + self.below(end - start)
    }
}

/// Damages of one format, counted.
struct Run {
    format: &'static str,
    folder: PathBuf,
    random: Random,
    found: usize,
    unknowable: usize,
    missed: Vec<String>,
}

impl Run {
    fn new(format: &'static str, folder: &Path) -> Run {
        let random = Random(SEED);
        Run { format, folder: folder.to_owned(), random, found: 0, unknowable: 0, missed: Vec::new() }
    }

    fn file(&mut self, what: &str, bytes: &[u8], level: &str, expected: Expected) {
        let path = self.folder.join("damaged");
        fs::write(&path, bytes).unwrap();
        self.check(what, &path, level, expected);
    }

    fn check(&mut self, what: &str, path: &Path, level: &str, expected: Expected) {
        let output =
            corpus::run(Path::new(PROGRAM), &[path.to_str().unwrap(), "--json", "--level", level], b"");
        let run: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let report = &run["backups"][0];
        let bad = |list: &str| {
            let list = report[list].as_array().cloned().unwrap_or_default();
            list.iter().any(|one| one["verdict"] == "bad" && one["why"] != "")
        };
        let code = output.status.code();
        let named = bad("findings") || bad("tables");
        let right = match expected {
            Found => code == Some(1) && named,
            Unknowable(_) => code == Some(0),
        };
        match expected {
            _ if !right => {
                let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
                let told = format!("{} {}{stderr}", report["tables"], report["findings"]);
                self.missed.push(format!("{what} ({level}): {expected:?}, exit {code:?}: {told}"));
            }
            Found => self.found += 1,
            Unknowable(reason) => {
                self.unknowable += 1;
                eprintln!("{}: {what} ({level}): not to be known: {reason}", self.format);
            }
        }
    }

    #[track_caller]
    fn finish(self, at_least: usize) {
        let Run { format, found, unknowable, missed, .. } = self;
        eprintln!(
            "{format}: seed {SEED}: found {found}, not to be known {unknowable}, missed {}",
            missed.len()
        );
        assert!(missed.is_empty(), "seed {SEED}, {format}: {missed:#?}");
        assert!(found + unknowable >= at_least, "{format}: {found} + {unknowable}");
    }
}

fn healthy(folder: &Path) -> Option<()> {
    let Some(programs) = Programs::find_optional().unwrap() else {
        eprintln!("skipped: no PostgreSQL server programs");
        return None;
    };
    let cluster = Cluster::start(&programs).unwrap();
    cluster.create_database("shop").unwrap();
    cluster.psql_script("shop", DATABASE.as_bytes()).unwrap();
    for (name, format) in [("plain", "-Fp"), ("custom", "-Fc"), ("directory", "-Fd"), ("tar", "-Ft")] {
        let path = folder.join(name);
        cluster.pg_dump("shop", &[format, "-f", path.to_str().unwrap()]).unwrap();
        let mut run = Run::new("healthy", folder);
        run.check(name, &path, "file", Unknowable("it is healthy"));
        run.finish(1);
    }
    Some(())
}

#[test]
fn every_damage_that_a_file_lets_one_know_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    if healthy(folder).is_none() {
        return;
    }
    plain(&fs::read(folder.join("plain")).unwrap(), folder);
    custom(&fs::read(folder.join("custom")).unwrap(), folder);
    tar_archive(&fs::read(folder.join("tar")).unwrap(), folder);
    directory(&folder.join("directory"), folder);
}

fn find(text: &[u8], what: &str) -> usize {
    text.windows(what.len()).position(|part| part == what.as_bytes()).unwrap()
}

/// The bytes with one range replaced.
fn replaced(bytes: &[u8], range: std::ops::Range<usize>, by: &[u8]) -> Vec<u8> {
    [&bytes[..range.start], by, &bytes[range.end..]].concat()
}

fn flipped(bytes: &[u8], at: usize, bit: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1 << bit;
    bytes
}

/// Damages of text are the same for everything that carries it.
fn plain(dump: &[u8], folder: &Path) {
    let mut run = Run::new("plain", folder);
    let copy = find(dump, "COPY shop.goods");
    let rows = copy + find(&dump[copy..], "\n") + 1;
    let end = rows + find(&dump[rows..], "\n\\.\n") + 1;
    let row_at = |at: usize| at + find(&dump[at..], "\n") + 1;
    for _ in 0..5 {
        let row = row_at(run.random.within(rows, end - 100));
        run.file(&format!("cut at the row at {row}"), &dump[..row], "file", Found);
        run.file(&format!("cut within the row at {row}"), &dump[..row + 4], "file", Found);
    }
    let complete = find(dump, "-- PostgreSQL database dump complete");
    for (what, start, end) in
        [("pre-data", 1200, copy), ("post-data", find(dump, "Type: CONSTRAINT"), complete)]
    {
        for _ in 0..3 {
            let at = run.random.within(start, end);
            run.file(&format!("cut in {what} at {at}"), &dump[..at], "file", Found);
        }
    }
    for _ in 0..3 {
        let row = row_at(run.random.within(rows, end - 200));
        let next = row_at(row);
        let tab = row + find(&dump[row..], "\t");
        let one_more = replaced(dump, row..row, b"x\t");
        run.file(&format!("a column less at {row}"), &replaced(dump, tab..tab + 1, b""), "file", Found);
        run.file(&format!("a column more at {row}"), &one_more, "file", Found);
        run.file(&format!("no UTF-8 at {tab}"), &replaced(dump, tab + 1..tab + 2, b"\xff"), "file", Found);
        run.file(&format!("end of rows at {row}"), &replaced(dump, row..row, b"\\.\n"), "file", Found);
        let doubled = replaced(dump, row..row, &dump[row..next]);
        run.file(&format!("row doubled at {row}"), &doubled, "file", Unknowable(NOBODY_COUNTS));
        let removed = replaced(dump, row..next, b"");
        run.file(&format!("row removed at {row}"), &removed, "file", Unknowable(NOBODY_COUNTS));
    }
    let unended = replaced(dump, end..end + 3, b"");
    run.file("no end of rows", &unended, "file", Found);
    run.file("another end of rows", &replaced(dump, end..end + 2, b"\\,"), "file", Found);
    run.file("nothing", b"", "file", Found);
    for statement in ["CREATE INDEX", "GRANT SELECT", "ALTER TABLE ONLY shop.sold\n    ADD CONSTRAINT"] {
        let at = find(dump, statement);
        let next = at + find(&dump[at..], ";\n") + 2;
        let without = replaced(dump, at..next, b"");
        run.file(&format!("without {statement:?}"), &without, "file", Unknowable(NOBODY_COUNTS));
    }
    // What a server knows more.
    let first = row_at(rows);
    run.file("first row doubled", &replaced(dump, rows..rows, &dump[rows..first]), "restore", Found);
    run.file("first row renumbered", &replaced(dump, rows..rows + 1, b"100000"), "restore", Found);
    run.finish(25);
}

fn custom(dump: &[u8], folder: &Path) {
    let mut run = Run::new("custom", folder);
    // A block of data: its kind, its entry and its length, and a zlib stream.
    let block = |part: &[u8]| part[0] == 1 && part[1] == 0 && part[6] == 0 && part[11] == 0x78;
    let data = dump.windows(12).position(block).unwrap();
    for _ in 0..8 {
        let at = run.random.within(1, data);
        run.file(&format!("cut in the table of contents at {at}"), &dump[..at], "file", Found);
        let at = run.random.within(data, dump.len());
        run.file(&format!("cut in data at {at}"), &dump[..at], "file", Found);
    }
    for _ in 0..12 {
        let (at, bit) = (run.random.within(data + 11, dump.len() - 1), run.random.below(8));
        run.file(&format!("bit {bit} at {at}"), &flipped(dump, at, bit), "file", Found);
    }
    run.finish(25);
}

fn tar_archive(dump: &[u8], folder: &Path) {
    let mut run = Run::new("tar", folder);
    let mut members: Vec<(String, u64, Vec<u8>)> = Vec::new();
    for member in tar::Archive::new(dump).entries().unwrap() {
        let mut member = member.unwrap();
        let name = member.path().unwrap().to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).unwrap();
        members.push((name, member.raw_header_position(), bytes));
    }
    let written = |members: &[(String, u64, Vec<u8>)]| {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, _, bytes) in members {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o600);
            builder.append_data(&mut header, name, bytes.as_slice()).unwrap();
        }
        builder.into_inner().unwrap()
    };
    run.file("written anew", &written(&members), "file", Unknowable("it is healthy"));
    let last = usize::try_from(members.last().unwrap().1).unwrap();
    for _ in 0..8 {
        let at = run.random.within(1, last);
        run.file(&format!("cut at {at}"), &dump[..at], "file", Found);
    }
    for (at, (name, header, bytes)) in members.iter().enumerate() {
        let (header, bit) = (usize::try_from(*header).unwrap(), run.random.below(7));
        let place = header + run.random.below(name.len());
        run.file(&format!("bit {bit} in the header of {name}"), &flipped(dump, place, bit), "file", Found);
        if name == "restore.sql" {
            continue;
        }
        let mut less = members.clone();
        less.remove(at);
        run.file(&format!("{name} missing"), &written(&less), "file", Found);
        if !bytes.is_empty() {
            let mut less = members.clone();
            less[at].2.clear();
            let expected = if name.starts_with("blob_") { Unknowable(MAY_BE_EMPTY) } else { Found };
            run.file(&format!("{name} emptied"), &written(&less), "file", expected);
        }
    }
    let rows = find(dump, "\tw\u{f6}rd 1");
    run.file("a letter of a row", &flipped(dump, rows + 1, 0), "file", Unknowable(NO_CHECKSUM));
    run.finish(25);
}

fn directory(dump: &Path, folder: &Path) {
    let mut run = Run::new("directory", folder);
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(dump)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    let damaged = folder.join("damaged.d");
    let check =
        |run: &mut Run, what: &str, change: &[(&str, Option<&[u8]>)], level: &str, expected: Expected| {
            fs::create_dir_all(&damaged).unwrap();
            for (name, bytes) in &files {
                let changed = change.iter().find(|(changed, _)| changed == name);
                match changed.map_or(Some(bytes.as_slice()), |(_, bytes)| *bytes) {
                    Some(bytes) => fs::write(damaged.join(name), bytes).unwrap(),
                    None => fs::remove_file(damaged.join(name)).unwrap_or_default(),
                }
            }
            run.check(what, &damaged, level, expected);
        };
    for (name, bytes) in &files {
        if name != "toc.dat" {
            check(&mut run, &format!("{name} missing"), &[(name, None)], "file", Found);
        }
        check(&mut run, &format!("{name} emptied"), &[(name, Some(b""))], "file", Found);
        let at = run.random.within(1, bytes.len());
        check(&mut run, &format!("{name} cut at {at}"), &[(name, Some(&bytes[..at]))], "file", Found);
        for _ in 0..4 {
            // The ten bytes in front say when and where it was compressed.
            let (at, bit) = (run.random.within(10, bytes.len().max(11)), run.random.below(8));
            if name.ends_with(".gz") {
                let what = format!("bit {bit} of {name} at {at}");
                check(&mut run, &what, &[(name, Some(&flipped(bytes, at, bit)))], "file", Found);
            }
        }
    }
    // By their sizes, the largest first: goods, with three columns; then sold and words, with two.
    let mut data: Vec<&(String, Vec<u8>)> =
        files.iter().filter(|(name, _)| name.ends_with(".dat.gz") && !name.starts_with("blob")).collect();
    data.sort_by_key(|(_, bytes)| std::cmp::Reverse(bytes.len()));
    let swap = |one: usize, other: usize| {
        [(data[one].0.as_str(), Some(&*data[other].1)), (data[other].0.as_str(), Some(&*data[one].1))]
    };
    check(&mut run, "tables of other columns swapped", &swap(0, 1), "file", Found);
    let reason = "both tables have two columns, whose types only a server knows";
    check(&mut run, "tables of as many columns swapped", &swap(1, 2), "file", Unknowable(reason));
    check(&mut run, "tables of as many columns swapped", &swap(1, 2), "restore", Found);
    run.finish(25);
}

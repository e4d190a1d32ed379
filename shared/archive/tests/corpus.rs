//! Reads the archives of the corpus, in every format, and compares them with each other and with `pg_restore`.

#![allow(clippy::print_stderr, clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use archive::{Archive, Compression, Content, Entry, Format, Input};

/// Returns the folder of test data, or prints why a test is skipped.
fn corpus() -> Option<PathBuf> {
    let path = std::env::var_os("PGDUMPKIT_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"), PathBuf::from);
    if path.join("formats").is_dir() {
        return Some(path);
    }
    eprintln!("skipped: no corpus at {}, set PGDUMPKIT_CORPUS", path.display());
    None
}

/// Hands out one byte at a time, as the slowest pipe would.
struct Dribble(Box<dyn Read + Send>);

impl Read for Dribble {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let one = buffer.len().min(1);
        self.0.read(&mut buffer[..one])
    }
}

fn archive(input: Input) -> Archive {
    match input.content {
        Content::Archive(archive) => archive,
        other => panic!("no archive: {other:?}"),
    }
}

fn open(path: &Path) -> Archive {
    archive(archive::open(path).unwrap_or_else(|error| panic!("{error}")))
}

/// The id of an entry and the OID of a large object.
type Key = (u32, Option<u32>);

fn data(archive: &mut Archive) -> BTreeMap<Key, Vec<u8>> {
    let mut data = BTreeMap::new();
    archive
        .visit(&mut |piece, reader| {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes)?;
            assert!(data.insert((piece.entry.id, piece.large_object), bytes).is_none());
            Ok(())
        })
        .unwrap();
    data
}

fn data_parallel(archive: &mut Archive, threads: usize) -> BTreeMap<Key, Vec<u8>> {
    let data = Mutex::new(BTreeMap::new());
    archive
        .visit_parallel(threads, &|piece, reader| {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes)?;
            let key = (piece.entry.id, piece.large_object);
            assert!(data.lock().unwrap().insert(key, bytes).is_none());
            Ok(())
        })
        .unwrap();
    data.into_inner().unwrap()
}

const DATABASES: [&str; 2] = ["hard", "pgdump_objects"];

const SINGLE: [&str; 6] = [
    "custom-gzip.dump",
    "custom-lz4.dump",
    "custom-zstd.dump",
    "custom-none.dump",
    "custom-piped.dump",
    "tar.tar",
];

const DIRECTORIES: [&str; 4] = ["dir-gzip", "dir-lz4", "dir-none", "dir-zstd"];

/// Every archive that is a file.
fn files(corpus: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for database in DATABASES {
        let folder = corpus.join(format!("formats/{database}.server18"));
        files.extend(SINGLE.iter().map(|name| folder.join(name)));
        let folder = corpus.join(format!("formats/{database}.server15"));
        files.extend(["custom-gzip.dump", "tar.tar"].iter().map(|name| folder.join(name)));
    }
    files.push(corpus.join("regression/regression.server18.full.zstd.dump"));
    files.push(corpus.join("real/wichert__pgarchive__tests~test.pgdump"));
    files
}

#[test]
fn formats_hold_the_same() {
    let Some(corpus) = corpus() else { return };
    for database in DATABASES {
        let folder = corpus.join(format!("formats/{database}.server18"));
        let mut first = open(&folder.join("custom-none.dump"));
        let expected = data(&mut first);
        assert!(expected.len() > 20);
        assert!(expected.keys().any(|(_, large_object)| large_object.is_some()));
        for name in SINGLE.iter().chain(&DIRECTORIES) {
            let mut archive = open(&folder.join(name));
            archive.visit(&mut |_, _| Ok(())).unwrap_or_else(|error| panic!("{database} {name}: {error}"));
            assert!(data(&mut archive) == expected, "{database} {name}");
            for threads in [1, 2, 5] {
                assert!(data_parallel(&mut archive, threads) == expected, "{database} {name} {threads}");
            }
            let same = |(a, b): (&Entry, &Entry)| {
                (a.id, a.has_data, a.oid, &a.tag, &a.desc, a.section, &a.definition, &a.copy, &a.dependencies)
                    == (
                        b.id,
                        b.has_data,
                        b.oid,
                        &b.tag,
                        &b.desc,
                        b.section,
                        &b.definition,
                        &b.copy,
                        &b.dependencies,
                    )
            };
            assert_eq!(archive.entries.len(), first.entries.len());
            assert!(archive.entries.iter().zip(&first.entries).all(same), "{database} {name}");
            assert_eq!(archive.header.database.as_deref(), Some(database.as_bytes()));
            assert_eq!(archive.header.version, (1, 16, 0));
            assert_eq!(archive.header.server_version.as_deref(), Some(&b"18.6"[..]));
            assert_eq!((archive.header.created.year, archive.header.created.month), (2026, 11));
        }
    }
}

#[test]
fn streams_hold_the_same() {
    let Some(corpus) = corpus() else { return };
    for path in files(&corpus) {
        if path.to_string_lossy().contains("regression") {
            continue;
        }
        let expected = data(&mut open(&path));
        for slow in [false, true] {
            let reader: Box<dyn Read + Send> = Box::new(File::open(&path).unwrap());
            let reader = if slow { Box::new(Dribble(reader)) } else { reader };
            let mut stream = archive(archive::from_reader(reader).unwrap());
            assert!(data(&mut stream) == expected, "{}", path.display());
            let error = stream.visit(&mut |_, _| Ok(())).unwrap_err();
            assert_eq!(error.to_string(), "a stream can be read only once: -");
        }
        let mut stream = archive(archive::from_reader(Box::new(File::open(&path).unwrap())).unwrap());
        stream.visit(&mut |_, _| Ok(())).unwrap();
        let mut stream = archive(archive::from_reader(Box::new(File::open(&path).unwrap())).unwrap());
        assert!(data_parallel(&mut stream, 3) == expected, "{}", path.display());
    }
}

fn compress(layer: Compression, bytes: &[u8]) -> Vec<u8> {
    match layer {
        Compression::None => bytes.to_vec(),
        Compression::Gzip => {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gzip.write_all(bytes).unwrap();
            gzip.finish().unwrap()
        }
        Compression::Lz4 => {
            let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
            lz4.write_all(bytes).unwrap();
            lz4.finish().unwrap()
        }
        Compression::Zstd => zstd::encode_all(bytes, 1).unwrap(),
    }
}

#[test]
fn compressed_archives_are_archives() {
    let Some(corpus) = corpus() else { return };
    let all = [Compression::Gzip, Compression::Lz4, Compression::Zstd];
    for name in ["custom-gzip.dump", "custom-none.dump", "tar.tar"] {
        let path = corpus.join("formats/hard.server18").join(name);
        let expected = data(&mut open(&path));
        let bytes = fs::read(&path).unwrap();
        for outer in all {
            let once = compress(outer, &bytes);
            // Two members or frames, cut anywhere.
            let (front, back) = bytes.split_at(777);
            let twice = [compress(outer, front), compress(outer, back)].concat();
            for content in [once.clone(), twice] {
                let file = tempfile::NamedTempFile::new().unwrap();
                fs::write(file.path(), content).unwrap();
                let input = archive::open(file.path()).unwrap();
                assert_eq!(input.compression, [outer]);
                assert!(data(&mut archive(input)) == expected);
            }
            for inner in all {
                let input = archive::from_reader(Box::new(Cursor::new(compress(inner, &once)))).unwrap();
                assert_eq!(input.compression, [inner, outer]);
                assert!(data(&mut archive(input)) == expected);
                let thrice = compress(outer, &compress(inner, &once));
                let error = archive::from_reader(Box::new(Cursor::new(thrice))).unwrap_err();
                assert!(matches!(error, archive::Error::Unsupported { .. }), "{error}");
            }
        }
    }
}

#[test]
fn plain_dumps_of_any_compression() {
    let Some(corpus) = corpus() else { return };
    for database in DATABASES {
        let folder = corpus.join(format!("formats/{database}.server18"));
        let expected = fs::read(folder.join("plain.sql")).unwrap();
        for (name, layers) in [
            ("plain.sql", vec![]),
            ("plain.sql.gz", vec![Compression::Gzip]),
            ("plain.sql.lz4", vec![Compression::Lz4]),
            ("plain.sql.zst", vec![Compression::Zstd]),
        ] {
            for slow in [false, true] {
                let path = folder.join(name);
                let input = if slow {
                    archive::from_reader(Box::new(Dribble(Box::new(File::open(&path).unwrap())))).unwrap()
                } else {
                    archive::open(&path).unwrap()
                };
                assert_eq!(input.compression, layers);
                let Content::Plain(mut plain) = input.content else { panic!("{name}") };
                let mut bytes = Vec::new();
                plain.read_to_end(&mut bytes).unwrap();
                // Each is a dump of its own, with a key of its own.
                let strip = |bytes: &[u8]| -> Vec<u8> {
                    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
                    lines
                        .filter(|line| !line.starts_with(b"\\restrict") && !line.starts_with(b"\\unrestrict"))
                        .flatten()
                        .copied()
                        .collect()
                };
                assert!(strip(&bytes) == strip(&expected), "{database} {name}");
                assert_eq!(plain.offset(), bytes.len() as u64);
            }
        }
    }
}

/// The line that `pg_restore -l` prints for an entry (`PrintTOCSummary`).
fn line(entry: &Entry) -> Vec<u8> {
    let clean = |text: &[u8]| -> Vec<u8> {
        let text = if text.is_empty() { b"-" } else { text };
        text.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }).collect()
    };
    let mut line = format!("{}; {} {} ", entry.id, entry.table_oid, entry.oid).into_bytes();
    line.extend(&entry.desc);
    line.push(b' ');
    line.extend(clean(entry.namespace.as_deref().unwrap_or_default()));
    line.push(b' ');
    line.extend(clean(&entry.tag));
    line.push(b' ');
    line.extend(clean(&entry.owner).strip_prefix(b"-").unwrap_or(&clean(&entry.owner)));
    line
}

fn assert_listing(archive: &Archive, listing: &[u8], name: &Path) {
    let lines: Vec<&[u8]> = listing
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.starts_with(b";") && !line.is_empty())
        .collect();
    let special: [&[u8]; 5] =
        [b"ENCODING", b"STDSTRINGS", b"SEARCHPATH", b"DATABASE", b"DATABASE PROPERTIES"];
    let listed = archive.entries.iter().map(line).filter(|line| lines.contains(&line.as_slice())).count();
    for (entry, text) in archive.entries.iter().map(|entry| (entry, line(entry))) {
        // Access privileges of databases are special too.
        let special = special.contains(&entry.desc.as_slice()) || entry.tag.starts_with(b"DATABASE ");
        assert!(
            special || lines.contains(&text.as_slice()),
            "{}: {}",
            name.display(),
            String::from_utf8_lossy(&text)
        );
    }
    assert_eq!(listed, lines.len(), "{}", name.display());
}

#[test]
fn entries_are_what_pg_restore_lists() {
    let Some(corpus) = corpus() else { return };
    for database in DATABASES {
        let folder = corpus.join(format!("formats/{database}.server18"));
        let listing = fs::read(folder.join("toc.txt")).unwrap();
        for name in SINGLE.iter().chain(&DIRECTORIES) {
            assert_listing(&open(&folder.join(name)), &listing, &folder.join(name));
        }
    }
}

/// Runs the first `pg_restore` that can read the archive, if there is one.
fn pg_restore(path: &Path, arguments: &[&str]) -> Option<Vec<u8>> {
    let named = std::env::var_os("PGDUMPKIT_PG_BINDIR").map(|folder| Path::new(&folder).join("pg_restore"));
    let packaged =
        (13..=18).rev().map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin/pg_restore")));
    for program in named.into_iter().chain(packaged).chain([PathBuf::from("pg_restore")]) {
        if let Ok(output) = Command::new(program).args(arguments).arg(path).output()
            && output.status.success()
        {
            return Some(output.stdout);
        }
    }
    eprintln!("skipped: no pg_restore for {}", path.display());
    None
}

/// Returns what is behind the first occurrence.
fn find<'t>(text: &'t [u8], what: &str) -> Option<&'t [u8]> {
    memchr::memmem::find(text, what.as_bytes()).map(|at| &text[at + what.len()..])
}

/// The content of a large object in a script: hexadecimal, written piece by piece.
fn large_object(script: &[u8], oid: u32) -> Vec<u8> {
    let mut rest = find(script, &format!("lo_open('{oid}', 131072);")).unwrap();
    let end = memchr::memmem::find(rest, b"lo_close(0)").unwrap();
    rest = &rest[..end];
    let mut bytes = Vec::new();
    while let Some(next) = find(rest, "lowrite(0, '\\x") {
        let size = memchr::memchr(b'\'', next).unwrap();
        let (digits, _) = next[..size].as_chunks::<2>();
        bytes.extend(
            digits.iter().map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()),
        );
        rest = &next[size..];
    }
    bytes
}

#[test]
fn pg_restore_agrees() {
    let Some(corpus) = corpus() else { return };
    let directories = DATABASES.iter().flat_map(|database| {
        let folder = corpus.join(format!("formats/{database}.server18"));
        DIRECTORIES.iter().map(move |name| folder.join(name))
    });
    for path in files(&corpus).into_iter().chain(directories) {
        let mut archive = open(&path);
        let Some(listing) = pg_restore(&path, &["-l"]) else { continue };
        assert_listing(&archive, &listing, &path);
        let Some(script) = pg_restore(&path, &["-a", "-f", "-"]) else { continue };
        let data = data(&mut archive);
        for ((id, oid), bytes) in &data {
            match oid {
                Some(oid) => assert!(large_object(&script, *oid) == *bytes, "{}: {oid}", path.display()),
                None => {
                    let entry = archive.entries.iter().find(|entry| entry.id == *id).unwrap();
                    let text = [entry.copy.as_deref().unwrap_or_default(), bytes].concat();
                    assert!(memchr::memmem::find(&script, &text).is_some(), "{}: {id}", path.display());
                }
            }
        }
    }
}

#[test]
fn the_regression_database() {
    let Some(corpus) = corpus() else { return };
    let mut archive = open(&corpus.join("regression/regression.server18.full.zstd.dump"));
    assert_eq!(archive.header.compression, Compression::Zstd);
    assert_eq!(archive.header.format, Format::Custom { version: Some((1, 16)) });
    archive.visit(&mut |_, _| Ok(())).unwrap();
    let one = data(&mut archive);
    assert_eq!(data_parallel(&mut archive, 3), one);
    for ((id, large_object), bytes) in &one {
        assert!(large_object.is_some() || bytes.ends_with(b"\\.\n\n\n"), "entry {id}");
    }
}

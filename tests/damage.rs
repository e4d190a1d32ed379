//! Dumps that were cut, changed or made to do harm: an error that names the file, and a tree left as it was.
//!
//! A cut is always seen. A changed byte is seen inside of gzip, which has checksums. What has none, nobody can see
//! through: plain text, the texts in a table of contents, rows and large objects stored with `-Z0` or in a tar
//! archive, and the literals of LZ4 and Zstandard, which pg_dump writes without checksums. There, reading must
//! only neither panic nor hang, and reading a file and reading a pipe must agree.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "corpus.rs"]
mod corpus;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use cli::{DataWanted, Failure, read_dump, read_reader};
use dump::{Dump, ReadOptions, TableData};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-split");

/// Positions that are tried in a file of more than 8 kB.
const POSITIONS: usize = 300;

/// Of so many positions, one is tried with the program itself.
const WITH_PROGRAM: usize = 128;

/// Of so many positions, one is tried with a pipe as well.
const WITH_PIPE: usize = 4;

/// Files of one database, small enough to be damaged in many places.
const FILES: [&str; 9] = [
    "custom-gzip.dump",
    "custom-none.dump",
    "custom-piped.dump",
    "custom-zstd.dump",
    "custom-lz4.dump",
    "tar.tar",
    "plain.sql",
    "plain.sql.gz",
    "plain.sql.zst",
];

const DIRECTORIES: [&str; 4] = ["dir-gzip", "dir-lz4", "dir-none", "dir-zstd"];

fn hard() -> Option<PathBuf> {
    corpus::corpus().map(|corpus| corpus.join("formats/hard.server18"))
}

/// What the rows and the large objects come to. Nothing guards the number in front of a large object.
type Rows = (Vec<(String, TableData)>, BTreeSet<(u64, u128)>);

fn rows(dump: &Dump) -> Rows {
    let data = dump.databases.iter().map(|database| &database.data);
    let tables = data.clone().flat_map(|data| &data.tables).map(|(key, table)| (key.to_string(), *table));
    let objects = data.flat_map(|data| data.large_objects.values()).filter_map(|object| object.content);
    (tables.collect(), objects.collect())
}

fn read(path: &Path) -> Result<Dump, Failure> {
    read_dump(path, ReadOptions::default(), DataWanted::Content)
}

fn read_piped(bytes: &[u8]) -> Result<Dump, Failure> {
    let reader = Box::new(Cursor::new(bytes.to_vec()));
    read_reader(reader, Path::new("-"), ReadOptions::default(), DataWanted::Content)
}

/// What a file gave, which a pipe must agree with.
#[track_caller]
fn with_pipe(file: Result<Dump, Failure>, piped: Option<Result<Dump, Failure>>) -> Result<Dump, Failure> {
    match (&file, &piped) {
        (Ok(file), Some(Ok(piped))) => assert!(rows(file) == rows(piped)),
        (Err(_), Some(Err(_))) | (_, None) => {}
        _ => panic!("a file and a pipe: {file:?} / {piped:?}"),
    }
    file
}

/// Every file below a folder with its bytes.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    fn visit(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                visit(root, &path, found);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    visit(root, root, &mut found);
    found
}

/// A tree that must stay as it is.
struct Tree {
    folder: tempfile::TempDir,
    before: BTreeMap<String, Vec<u8>>,
}

impl Tree {
    fn of(dump: &Path) -> Tree {
        let folder = tempfile::tempdir().unwrap();
        let mut tree = Tree { folder, before: BTreeMap::new() };
        let output = tree.split(dump, &["--data", "*"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        tree.before = files(tree.folder.path());
        tree
    }

    fn split(&self, dump: &Path, data: &[&str]) -> std::process::Output {
        let out = self.folder.path().join("tree");
        let arguments = [&[dump.to_str().unwrap(), "--out", out.to_str().unwrap()], data].concat();
        corpus::run(Path::new(PROGRAM), &arguments, b"")
    }

    #[track_caller]
    fn stays(&self, dump: &Path, what: &str) {
        // Damage in rows that nobody asked for is damage.
        for data in [&["--data", "*"][..], &["--data", "app.lower_text"], &[]] {
            let output = self.split(dump, data);
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{what}: {said}");
            let name = dump.file_name().unwrap().to_str().unwrap();
            assert!(said.starts_with("error: ") && said.contains(name), "{what}: {said}");
            assert!(files(self.folder.path()) == self.before, "{what}");
        }
    }
}

/// Every position, or some.
fn positions(from: usize, to: usize) -> Vec<usize> {
    let step = if to < 8000 { 1 } else { ((to - from) / POSITIONS).max(1) };
    let mut all: Vec<usize> = (from..to).step_by(step).collect();
    // A dump cut within its first comment is none, and the end is worth a closer look.
    all.extend((from..to).take(64).chain(to.saturating_sub(16).max(from)..to));
    all.sort_unstable();
    all.dedup();
    all
}

/// The bytes from which on a cut changes nothing.
fn enough(name: &str, bytes: &[u8]) -> usize {
    let find = |what: &[u8]| bytes.windows(what.len()).rposition(|window| window == what);
    match name {
        // Behind it is only the `\unrestrict`.
        "plain.sql" => find(b"-- PostgreSQL database dump complete").unwrap() + 36,
        // Two blocks of zeros end it, whatever zeros follow.
        "tar.tar" => {
            let last = bytes.iter().rposition(|byte| *byte != 0).unwrap();
            (last / 512 + 3) * 512
        }
        _ => bytes.len(),
    }
}

#[test]
fn a_cut_anywhere_is_an_error() {
    let Some(hard) = hard() else { return };
    let folder = tempfile::tempdir().unwrap();
    for name in FILES {
        let bytes = fs::read(hard.join(name)).unwrap();
        let tree = Tree::of(&hard.join(name));
        let whole = rows(&read(&hard.join(name)).unwrap());
        let damaged = folder.path().join(format!("cut-{name}"));
        let enough = enough(name, &bytes);
        for (number, cut) in positions(0, bytes.len()).into_iter().enumerate() {
            fs::write(&damaged, &bytes[..cut]).unwrap();
            let piped = (number % WITH_PIPE == 0 || cut >= enough).then(|| read_piped(&bytes[..cut]));
            match with_pipe(read(&damaged), piped) {
                Err(file) => {
                    assert!(format!("{file:?}").contains(name), "{name} cut at {cut}: {file:?}");
                    if number % WITH_PROGRAM == 0 {
                        tree.stays(&damaged, &format!("{name} cut at {cut}"));
                    }
                }
                Ok(file) => {
                    assert!(cut >= enough, "{name} cut at {cut}");
                    assert!(rows(&file) == whole, "{name} cut at {cut}");
                }
            }
        }
    }
}

/// Where the data of a custom archive with gzip begins: a block's type, two numbers, and the head of a zlib stream.
fn data_start(bytes: &[u8]) -> usize {
    let is = |window: &[u8]| matches!(window, [1, 0, _, _, 0, 0, 0, _, _, 0, 0, 0x78, second] if (0x7800 + u32::from(*second)).is_multiple_of(31));
    bytes.windows(13).position(is).unwrap()
}

#[test]
fn a_changed_byte_is_an_error_where_there_is_a_checksum() {
    let Some(hard) = hard() else { return };
    let folder = tempfile::tempdir().unwrap();
    for name in FILES {
        let bytes = fs::read(hard.join(name)).unwrap();
        let whole = read(&hard.join(name)).unwrap();
        let (whole, databases) = (rows(&whole), whole.databases.len());
        let damaged = folder.path().join(format!("changed-{name}"));
        let tree = Tree::of(&hard.join(name));
        // From here on everything has a checksum, but for numbers whose change cannot stay unseen either.
        let checked = match name {
            "custom-gzip.dump" | "custom-piped.dump" => data_start(&bytes),
            // Behind the time, flags and system in the head.
            "plain.sql.gz" => 10,
            _ => usize::MAX,
        };
        let mut places = positions(0, bytes.len());
        if checked == usize::MAX {
            // Not much can be said of these.
            let step = places.len().div_ceil(POSITIONS);
            places = places.into_iter().step_by(step).collect();
        } else {
            places.extend(checked..bytes.len());
            places.sort_unstable();
            places.dedup();
        }
        for (number, at) in places.into_iter().enumerate() {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (number % 8);
            fs::write(&damaged, &changed).unwrap();
            let piped = (number % WITH_PIPE == 0).then(|| read_piped(&changed));
            match with_pipe(read(&damaged), piped) {
                Err(file) => {
                    assert!(format!("{file:?}").contains(name), "{name} changed at {at}: {file:?}");
                    if at >= checked && number % WITH_PROGRAM == 0 {
                        tree.stays(&damaged, &format!("{name} changed at {at}"));
                    }
                }
                Ok(file) => {
                    if at >= checked {
                        assert!(rows(&file) == whole, "{name} changed at {at}, and nobody saw");
                        assert_eq!(file.databases.len(), databases);
                    }
                }
            }
        }
    }
}

fn copy_of(directory: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for (name, bytes) in files(directory) {
        fs::write(copy.path().join(name), bytes).unwrap();
    }
    copy
}

#[test]
fn a_directory_with_a_file_missing_emptied_shortened_or_added() {
    let Some(hard) = hard() else { return };
    for name in DIRECTORIES {
        let whole = rows(&read(&hard.join(name)).unwrap());
        let tree = Tree::of(&hard.join(name));
        let copy = copy_of(&hard.join(name));
        assert!(rows(&read(copy.path()).unwrap()) == whole);
        let fails = |what: &str| {
            let failure = read(copy.path()).err().unwrap_or_else(|| panic!("{name}: {what}"));
            let folder = copy.path().file_name().unwrap().to_str().unwrap();
            assert!(format!("{failure:?}").contains(folder), "{name}: {what}: {failure:?}");
        };
        for (number, (file, bytes)) in files(copy.path()).into_iter().enumerate() {
            let path = copy.path().join(&file);
            fs::remove_file(&path).unwrap();
            if file == "toc.dat" {
                assert!(read(copy.path()).is_err());
            } else {
                fails(&format!("{file} is missing"));
            }
            if number % 8 == 0 {
                tree.stays(copy.path(), &format!("{name}: {file} is missing"));
            }
            // A large object may be empty, and nothing says how long one is that is not compressed.
            let object = file.starts_with("blob_");
            for cut in 0..bytes.len().min(300) {
                fs::write(&path, &bytes[..cut]).unwrap();
                if object && (name == "dir-none" || (cut == 0 && name != "dir-gzip")) {
                    let _ = read(copy.path());
                } else if name == "dir-none"
                    && file.ends_with(".dat")
                    && bytes[cut..].iter().all(|b| *b == b'\n')
                {
                    // Blank lines behind the end of the rows.
                    if let Ok(dump) = read(copy.path()) {
                        assert!(rows(&dump) == whole, "{name}: {file} cut at {cut}");
                    }
                } else {
                    fails(&format!("{file} cut at {cut}"));
                }
            }
            if let Some(last) = bytes.len().checked_sub(1).filter(|_| name == "dir-gzip") {
                for at in [10, bytes.len() / 2, last].into_iter().filter(|_| file.ends_with(".gz")) {
                    let mut changed = bytes.clone();
                    changed[at] ^= 0x10;
                    fs::write(&path, changed).unwrap();
                    fails(&format!("{file} changed at {at}"));
                }
            }
            fs::write(&path, [&bytes[..], b"x"].concat()).unwrap();
            if !(object && name == "dir-none") {
                fails(&format!("{file} is longer"));
            }
            fs::write(&path, &bytes).unwrap();
        }
        for extra in ["9999.dat", "9999.dat.gz", "blob_1.dat", "blobs_1.toc"] {
            fs::write(copy.path().join(extra), "x").unwrap();
            fails(extra);
            fs::remove_file(copy.path().join(extra)).unwrap();
        }
        assert!(rows(&read(copy.path()).unwrap()) == whole);
    }
}

/// Replaces a text by one as long, everywhere.
fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    assert_eq!(from.len(), to.len());
    let places: Vec<usize> =
        (0..=bytes.len() - from.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
    assert!(!places.is_empty());
    places.into_iter().for_each(|at| bytes[at..at + to.len()].copy_from_slice(to));
}

#[test]
fn names_in_a_table_of_contents_lead_nowhere_else() {
    let Some(hard) = hard() else { return };
    let name = "4046.dat";
    for hostile in ["../x.dat", "/tmp/x.d", "./46.dat", "4046/dat", "........", "C:\\x.dat", "4046\0dat"] {
        let copy = copy_of(&hard.join("dir-none"));
        let archive = copy.path().join("archive");
        fs::create_dir(&archive).unwrap();
        for file in files(&hard.join("dir-none")).keys() {
            fs::rename(copy.path().join(file), archive.join(file)).unwrap();
        }
        fs::copy(archive.join(name), copy.path().join("x.dat")).unwrap();
        let mut toc = fs::read(archive.join("toc.dat")).unwrap();
        replace(&mut toc, name.as_bytes(), hostile.as_bytes());
        fs::write(archive.join("toc.dat"), toc).unwrap();
        let failure = read(&archive).err().unwrap_or_else(|| panic!("{hostile}"));
        assert!(format!("{failure:?}").contains("not a file name"), "{hostile}: {failure:?}");
    }
    // In a list of large objects.
    for hostile in ["../b_4242.dat", "/blob_4242.da"] {
        let copy = copy_of(&hard.join("dir-none"));
        let list = copy.path().join("blobs_4076.toc");
        let mut bytes = fs::read(&list).unwrap();
        replace(&mut bytes, b"blob_4242.dat", hostile.as_bytes());
        fs::write(&list, bytes).unwrap();
        let failure = read(copy.path()).err().unwrap_or_else(|| panic!("{hostile}"));
        assert!(format!("{failure:?}").contains("not a file name"), "{hostile}: {failure:?}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let Some(hard) = hard() else { return };
    for directory in ["dir-none", "dir-zstd"] {
        for file in files(&hard.join(directory)).keys() {
            let copy = copy_of(&hard.join(directory));
            fs::remove_file(copy.path().join(file)).unwrap();
            std::os::unix::fs::symlink(hard.join(directory).join(file), copy.path().join(file)).unwrap();
            let failure = read(copy.path()).err().unwrap_or_else(|| panic!("{file}"));
            assert!(format!("{failure:?}").contains("links are not followed"), "{file}: {failure:?}");
        }
    }
}

/// Changes the header of a member.
type Change<'c> = &'c dyn Fn(&mut [u8]);

#[test]
fn hostile_members_of_a_tar_archive() {
    let Some(hard) = hard() else { return };
    let whole = fs::read(hard.join("tar.tar")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hostile.tar");
    let is_header = |block: &[u8]| &block[257..262] == b"ustar";
    let headers: Vec<usize> =
        (0..whole.len()).step_by(512).filter(|at| is_header(&whole[*at..*at + 512])).collect();
    assert!(headers.len() > 20);
    let changes: [Change<'_>; 5] = [
        &|header| header[..13].copy_from_slice(b"../../x.dat\0\0"),
        &|header| header[..13].copy_from_slice(b"/etc/passwd\0\0"),
        // A symbolic link, a hard link.
        &|header| header[156] = b'2',
        &|header| header[156] = b'1',
        // More than there is.
        &|header| header[124..136].copy_from_slice(b"77777777777\0"),
    ];
    for change in changes {
        for at in &headers {
            let mut bytes = whole.clone();
            let header = &mut bytes[*at..*at + 512];
            change(header);
            header[148..156].fill(b' ');
            let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
            header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            fs::write(&path, &bytes).unwrap();
            let (file, piped) = (read(&path), read_piped(&bytes));
            assert!(file.is_err() && piped.is_err(), "member at {at}: {file:?} {piped:?}");
        }
    }
}

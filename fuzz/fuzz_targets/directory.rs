//! No directory makes trouble, and it is the same by one thread and by several; nothing outside of it is opened.
#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;

mod visit;

/// What the files may be called; the last is outside.
const NAMES: [&str; 12] = [
    "toc.dat",
    "7.dat",
    "8.dat",
    "7.dat.gz",
    "8.dat.gz",
    "7.dat.lz4",
    "8.dat.zst",
    "blobs.toc",
    "blobs_9.toc",
    "blob_42.dat",
    "blob_42.dat.gz",
    "../outside.dat",
];

// Each file is a byte that names it, two of its length, and its bytes.
fuzz_target!(|input: &[u8]| {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("archive");
    fs::create_dir(&archive).unwrap();
    fs::write(archive.join("toc.dat"), "PGDMP").unwrap();
    let mut rest = input;
    while let [name, low, high, more @ ..] = rest {
        let len = usize::from(u16::from_le_bytes([*low, *high])).min(more.len());
        let (bytes, behind) = more.split_at(len);
        fs::write(archive.join(NAMES[usize::from(*name) % NAMES.len()]), bytes).unwrap();
        rest = behind;
    }
    let result = visit::path(&archive);
    fs::remove_file(folder.path().join("outside.dat")).ok();
    assert_eq!(visit::path(&archive).ok(), result.ok());
});

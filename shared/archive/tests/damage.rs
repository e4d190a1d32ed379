//! Damages small archives of every format in every place, and expects an error or the same data.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::Mutex;

use archive::{Compression, Content, Error};

#[allow(dead_code, reason = "each test program uses its share")]
mod build;

use build::Small;

type Data = BTreeMap<(u32, Option<u32>), Vec<u8>>;

fn read(content: Content) -> Result<Data, Error> {
    let mut data = Data::new();
    match content {
        Content::Archive(mut archive) => archive.visit(&mut |piece, reader| {
            let bytes = data.entry((piece.entry.id, piece.large_object)).or_default();
            reader.read_to_end(bytes).map(drop)
        })?,
        Content::Plain(mut plain) => {
            let bytes = data.entry((0, None)).or_default();
            plain.read_to_end(bytes).map_err(Error::Visitor)?;
        }
        Content::Tree(_) => panic!("a tree"),
    }
    Ok(data)
}

fn from_stream(bytes: &[u8]) -> Result<Data, Error> {
    read(archive::from_reader(Box::new(Cursor::new(bytes.to_vec())))?.content)
}

fn from_path(path: &Path) -> Result<Data, Error> {
    read(archive::open(path)?.content)
}

fn parallel(path: &Path) -> Result<Data, Error> {
    let Content::Archive(mut archive) = archive::open(path)?.content else { return from_path(path) };
    let data = Mutex::new(Data::new());
    archive.visit_parallel(3, &|piece, reader| {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        data.lock().unwrap().insert((piece.entry.id, piece.large_object), bytes);
        Ok(())
    })?;
    Ok(data.into_inner().unwrap())
}

fn check(path: &Path) -> Result<(), Error> {
    match archive::open(path)?.content {
        Content::Archive(mut archive) => archive.visit(&mut |_, _| Ok(())),
        other => read(other).map(drop),
    }
}

/// Every small archive that is one file, with a name.
fn small() -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for minor in 10..=16 {
        for offsets in [true, false] {
            for compression in [Compression::None, Compression::Gzip, Compression::Lz4, Compression::Zstd] {
                if minor < 15 && matches!(compression, Compression::Lz4 | Compression::Zstd) {
                    continue;
                }
                let small = Small { minor, offsets, compression };
                all.push((format!("custom 1.{minor} {compression} {offsets}"), small.custom()));
            }
        }
        let small = Small { minor, offsets: true, compression: Compression::None };
        all.push((format!("tar 1.{minor}"), small.tar()));
    }
    all
}

#[test]
fn whole_ones_are_healthy() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for (name, bytes) in small() {
        fs::write(file.path(), &bytes).unwrap();
        let expected = build::data();
        assert_eq!(from_stream(&bytes).unwrap_or_else(|error| panic!("{name}: {error}")), expected, "{name}");
        assert_eq!(from_path(file.path()).unwrap(), expected, "{name}");
        assert_eq!(
            parallel(file.path()).unwrap_or_else(|error| panic!("{name}: {error}")),
            expected,
            "{name}"
        );
        check(file.path()).unwrap();
    }
}

#[test]
fn a_cut_at_any_byte_is_an_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for (name, bytes) in small() {
        if !name.contains("1.16") {
            continue;
        }
        // What is cut to less than the magic number is a plain dump, or nothing at all.
        let first = if name.starts_with("tar") { 512 } else { 5 };
        for cut in first..bytes.len() {
            fs::write(file.path(), &bytes[..cut]).unwrap();
            assert!(from_stream(&bytes[..cut]).is_err(), "{name} cut at {cut}");
            assert!(from_path(file.path()).is_err(), "{name} cut at {cut}");
            assert!(parallel(file.path()).is_err(), "{name} cut at {cut}, parallel");
            assert!(check(file.path()).is_err(), "{name} cut at {cut}, check");
        }
    }
}

#[test]
fn more_bytes_are_an_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for (name, mut bytes) in small() {
        for more in [1, b'x'] {
            bytes.push(more);
            fs::write(file.path(), &bytes).unwrap();
            assert!(from_stream(&bytes).is_err(), "{name}");
            assert!(from_path(file.path()).is_err(), "{name}");
            assert!(parallel(file.path()).is_err(), "{name}");
            assert!(check(file.path()).is_err(), "{name}");
            bytes.pop();
        }
    }
}

#[test]
fn a_second_table_of_contents() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for minor in [15, 16] {
        let (bytes, end) = Small { minor, offsets: true, compression: Compression::Gzip }.appended();
        let results = |bytes: &[u8]| {
            fs::write(file.path(), bytes).unwrap();
            [from_stream(bytes), from_path(file.path()), parallel(file.path())]
        };
        for result in results(&bytes) {
            assert_eq!(result.unwrap(), build::data());
        }
        // Without any of it the archive is one that was written to a pipe.
        assert!(results(&bytes[..end]).iter().all(Result::is_ok));
        for cut in end + 1..bytes.len() {
            assert!(results(&bytes[..cut]).iter().all(Result::is_err), "cut at {cut}");
        }
        for at in end..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            // The nine bytes for the place of what has no data may hold anything behind the flag, as may empty fields.
            let results = results(&bytes);
            assert!(results.iter().all(Result::is_err) || results.iter().all(Result::is_ok), "flip at {at}");
        }
        assert!(results(&[&bytes[..], b"\0"].concat()).iter().all(Result::is_err));
    }
}

/// Flips each bit. Without checksums a flipped byte of a row stays unseen, but nothing may panic or hang, and the
/// ways to read must agree on whether the archive is healthy.
#[test]
fn a_flipped_bit_never_panics() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let expected = build::data();
    for (name, bytes) in small() {
        if !name.contains("1.16") {
            continue;
        }
        // Most of a tar is zeros, and without offsets the table of contents is nearly the same. No even step: the bit
        // to be flipped depends on the place.
        let step = if name.starts_with("tar") || name.ends_with("false") { 7 } else { 1 };
        for at in (0..bytes.len()).step_by(step) {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1 << (at % 8);
            fs::write(file.path(), &bytes).unwrap();
            let results = [from_stream(&bytes), from_path(file.path()), parallel(file.path())];
            let [one, two, three] = &results;
            assert_eq!(one.is_ok(), two.is_ok(), "{name} at {at}");
            assert_eq!(two.is_ok(), three.is_ok(), "{name} at {at}: {two:?} {three:?}");
            let checked = check(file.path());
            assert!(checked.is_ok() || two.is_err(), "{name} at {at}: {checked:?}");
            // zlib carries a checksum over the data; pg_dump asks neither LZ4 nor Zstandard for one.
            if name.contains("gzip")
                && at > build::data_start(&bytes)
                && let Ok(data) = two
            {
                let values = |data: &Data| data.values().cloned().collect::<Vec<_>>();
                assert_eq!(values(data), values(&expected), "{name} at {at}");
            }
        }
    }
}

#[test]
fn cut_and_flipped_compressed_dumps() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = "-- PostgreSQL database dump\nINSERT INTO t VALUES (1);\n".repeat(20);
    for compression in [Compression::Gzip, Compression::Lz4, Compression::Zstd] {
        let bytes = build::compress_file(compression, text.as_bytes());
        let expected = from_stream(&bytes).unwrap();
        assert_eq!(expected[&(0, None)], text.as_bytes());
        for cut in 4..bytes.len() {
            fs::write(file.path(), &bytes[..cut]).unwrap();
            for error in [from_stream(&bytes[..cut]).unwrap_err(), from_path(file.path()).unwrap_err()] {
                let message = error.to_string();
                assert!(message.contains("at byte ") && message.contains("ends early"), "{message}");
            }
        }
        for at in 4..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1 << (at % 8);
            // gzip has a checksum; the header's time and flags may change without harm.
            if let Ok(data) = from_stream(&bytes)
                && compression == Compression::Gzip
            {
                assert_eq!(data, expected, "{at}");
            }
        }
        let mut more = bytes.clone();
        more.extend(b"trailing");
        assert!(from_stream(&more).is_err(), "{compression}");
        assert_eq!(
            from_stream(&[bytes.clone(), bytes.clone()].concat()).unwrap()[&(0, None)].len(),
            2 * text.len()
        );
        if compression != Compression::Gzip {
            let skippable = b"\x5a\x2a\x4d\x18\x03\0\0\0abc".to_vec();
            let around =
                [skippable.clone(), bytes.clone(), skippable.clone(), bytes.clone(), skippable].concat();
            assert_eq!(from_stream(&around).unwrap()[&(0, None)].len(), 2 * text.len(), "{compression}");
        }
    }
}

/// One change to the files of a directory, and a part of the message that must come of it.
type Change = (&'static str, fn(&Path, &str), &'static str);

#[test]
fn directories() {
    let write = |path: &Path, name: &str, bytes: &[u8]| fs::write(path.join(name), bytes).unwrap();
    let changes: [Change; 12] = [
        ("removed", |dir, suffix| fs::remove_file(dir.join(format!("7.dat{suffix}"))).unwrap(), "missing"),
        ("emptied", |dir, suffix| fs::write(dir.join(format!("7.dat{suffix}")), "").unwrap(), "empty"),
        (
            "extra",
            |dir, suffix| fs::write(dir.join(format!("99.dat{suffix}")), "x").unwrap(),
            "does not name",
        ),
        ("extra blob", |dir, _| fs::write(dir.join("blob_1.dat"), "x").unwrap(), "does not name"),
        ("no list", |dir, _| fs::remove_file(list(dir)).unwrap(), "missing"),
        ("empty list", |dir, _| fs::write(list(dir), "").unwrap(), "empty"),
        ("broken list", |dir, _| fs::write(list(dir), "42 blob_42.dat").unwrap(), "broken"),
        ("a path", |dir, _| fs::write(list(dir), "42 ../blob_42.dat\n").unwrap(), "not a file name"),
        (
            "no blob",
            |dir, suffix| fs::remove_file(dir.join(format!("blob_42.dat{suffix}"))).unwrap(),
            "missing",
        ),
        ("no toc", |dir, _| fs::remove_file(dir.join("toc.dat")).unwrap(), "not a dump"),
        ("cut toc", |dir, _| fs::write(dir.join("toc.dat"), "PGDMP").unwrap(), "ends early"),
        (
            "long toc",
            |dir, _| {
                let path = dir.join("toc.dat");
                let bytes = [fs::read(&path).unwrap(), b"x".to_vec()].concat();
                fs::write(path, bytes).unwrap();
            },
            "more bytes",
        ),
    ];
    let failing = |dir: &Path, part: &str, name: &str| {
        for error in [from_path(dir).unwrap_err(), parallel(dir).unwrap_err(), check(dir).unwrap_err()] {
            assert!(error.to_string().contains(part), "{name}: {error}");
        }
    };
    for minor in [12, 15, 16] {
        for compression in [Compression::None, Compression::Gzip, Compression::Lz4, Compression::Zstd] {
            let files = Small { minor, offsets: true, compression }.directory();
            let make = || {
                let dir = tempfile::tempdir().unwrap();
                files.iter().for_each(|(name, bytes)| write(dir.path(), name, bytes));
                dir
            };
            let suffix = build::suffix(compression);
            let dir = make();
            assert_eq!(from_path(dir.path()).unwrap(), build::data(), "{compression}");
            assert_eq!(parallel(dir.path()).unwrap(), build::data());
            check(dir.path()).unwrap();
            write(dir.path(), "README", b"kept by hand");
            check(dir.path()).unwrap();

            for (name, change, part) in changes {
                let dir = make();
                change(dir.path(), suffix);
                failing(dir.path(), part, name);
            }
            if compression != Compression::None {
                let path = dir.path().join(format!("7.dat{suffix}"));
                let bytes = fs::read(&path).unwrap();
                for cut in 0..bytes.len() {
                    fs::write(&path, &bytes[..cut]).unwrap();
                    assert!(from_path(dir.path()).is_err(), "{compression} cut at {cut}");
                }
            }
            for layer in [Compression::Gzip, Compression::Lz4, Compression::Zstd] {
                let dir = make();
                let toc = fs::read(dir.path().join("toc.dat")).unwrap();
                write(
                    dir.path(),
                    &format!("toc.dat{}", build::suffix(layer)),
                    &build::compress_file(layer, &toc),
                );
                fs::remove_file(dir.path().join("toc.dat")).unwrap();
                assert_eq!(from_path(dir.path()).unwrap(), build::data(), "toc.dat by {layer}");
            }
        }
    }
}

fn list(dir: &Path) -> std::path::PathBuf {
    ["blobs.toc", "blobs_9.toc"].map(|name| dir.join(name)).into_iter().find(|path| path.exists()).unwrap()
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let small = Small { minor: 16, offsets: true, compression: Compression::None };
    for link in ["7.dat", "toc.dat", "blob_42.dat", "blobs_9.toc"] {
        let dir = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        for (name, bytes) in small.directory() {
            fs::write(dir.path().join(&name), bytes).unwrap();
        }
        fs::rename(dir.path().join(link), other.path().join("x")).unwrap();
        std::os::unix::fs::symlink(other.path().join("x"), dir.path().join(link)).unwrap();
        let error = from_path(dir.path()).unwrap_err();
        assert!(error.to_string().contains("links are not followed"), "{error}");
    }
}

#[test]
fn other_directories() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(archive::open(dir.path()).unwrap_err(), Error::IsDirectory { .. }));
    fs::write(dir.path().join("pgdumpkit.json"), "{}").unwrap();
    let tree = archive::open(dir.path()).unwrap();
    assert!(matches!(tree.content, Content::Tree(path) if path == dir.path()));
}

#[test]
fn errors_of_visitors() {
    let bytes = Small { minor: 16, offsets: true, compression: Compression::Gzip }.custom();
    let open =
        |bytes: &[u8]| match archive::from_reader(Box::new(Cursor::new(bytes.to_vec()))).unwrap().content {
            Content::Archive(archive) => archive,
            other => panic!("{other:?}"),
        };
    let error = open(&bytes).visit(&mut |_, _| Err(std::io::Error::other("enough"))).unwrap_err();
    assert!(matches!(&error, Error::Visitor(_)), "{error:?}");
    assert_eq!(error.to_string(), "enough");

    // The checksum of the first table.
    let start = build::data_start(&bytes);
    let stream = memchr::memmem::find(&bytes[start..], b"x\x9c").unwrap() + start;
    let mut damaged = bytes.clone();
    damaged[stream + 5] ^= 0x40;
    let kept_quiet = open(&damaged).visit(&mut |_, reader| {
        let _ = reader.read_to_end(&mut Vec::new());
        Ok(())
    });
    assert!(matches!(kept_quiet, Err(Error::Damaged { .. })), "{kept_quiet:?}");
    open(&damaged).visit(&mut |_, _| Ok(())).unwrap();
}

#[test]
fn a_large_object_is_there_once() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for offsets in [true, false] {
        let mut bytes = Small { minor: 16, offsets, compression: Compression::None }.custom();
        // The second of the two has the first one's number then, whose sign is negative.
        let second = [b"\x01".as_slice(), &(3_000_000_000_u32.wrapping_neg()).to_le_bytes()].concat();
        let at = memchr::memmem::rfind(&bytes, &second).unwrap();
        bytes[at..at + 5].copy_from_slice(b"\0\x2a\0\0\0");
        fs::write(file.path(), &bytes).unwrap();
        let results = [from_stream(&bytes), from_path(file.path()), parallel(file.path())];
        for error in results.map(Result::unwrap_err).iter().chain([&check(file.path()).unwrap_err()]) {
            assert!(error.to_string().contains("a large object is there twice: 42"), "{error}");
        }
    }
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in (Small { minor: 16, offsets: true, compression: Compression::None }).directory() {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    fs::rename(dir.path().join("blob_3000000000.dat"), dir.path().join("blob_43.dat")).unwrap();
    fs::write(list(dir.path()), "42 blob_42.dat\n42 blob_43.dat\n").unwrap();
    assert!(from_path(dir.path()).unwrap_err().to_string().contains("there twice: 42"));
}

//! Archives that somebody made to do harm: lengths without bytes behind them, bombs, paths.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::io::Cursor;

use archive::{Compression, Content, Error};

#[allow(dead_code, reason = "each test program uses its share")]
mod build;

use build::Small;

fn open(bytes: Vec<u8>) -> Result<archive::Archive, Error> {
    match archive::from_reader(Box::new(Cursor::new(bytes)))?.content {
        Content::Archive(archive) => Ok(archive),
        other => panic!("{other:?}"),
    }
}

/// The most memory that this process has had so far, in KiB, where the system tells.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Sets each group of four bytes to the largest number. One test alone in this program, because it measures memory.
#[test]
fn no_memory_for_claims() {
    for compression in [Compression::None, Compression::Gzip, Compression::Lz4, Compression::Zstd] {
        let small = Small { minor: 16, offsets: true, compression };
        let whole = small.custom();
        for at in 5..whole.len() - 4 {
            for claim in [u32::MAX, 0x7fff_ffff, 0x3fff_ffff] {
                let mut bytes = whole.clone();
                bytes[at..at + 4].copy_from_slice(&claim.to_le_bytes());
                if let Ok(mut archive) = open(bytes) {
                    let _ =
                        archive.visit(&mut |_, reader| std::io::copy(reader, &mut std::io::sink()).map(drop));
                }
            }
        }
    }
    for version in [b"\x01\x09\x00", b"\x01\x11\x00", b"\x02\x00\x00", b"\x00\x00\x00"] {
        let error = open([&b"PGDMP"[..], version, b"\x04\x08\x01\x00"].concat()).unwrap_err();
        assert!(matches!(error, Error::Version { .. }), "{error}");
    }

    // A string of 1 GB of zeros takes 1 MB of gzip, or 32 kB of Zstandard.
    let head =
        [b"PGDMP\x01\x10\0\x04\x08\x01\x00".to_vec(), [0; 35].to_vec(), b"\0\0\0\0\x3f".to_vec()].concat();
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    std::io::Write::write_all(&mut encoder, &head).unwrap();
    for _ in 0..1024 {
        std::io::Write::write_all(&mut encoder, &vec![0; 1 << 20]).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 200_000);
    let error = open(bomb).unwrap_err();
    assert!(matches!(error, Error::Inflated { .. }), "{error}");

    // A Zstandard frame that asks for a window of 2 GiB.
    let window = b"\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00".to_vec();
    let error = archive::from_reader(Box::new(Cursor::new(window))).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");

    if let Some(peak) = peak() {
        assert!(peak < 128 << 10, "{peak} KiB");
    }
}

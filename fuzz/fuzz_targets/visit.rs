//! Reads everything in a dump, in every way there is, with little memory.
#![allow(dead_code, reason = "each target uses its share")]

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::sync::Mutex;

use archive::{Content, Error, Input, Piece};

/// The length and a checksum of each piece, by the number of its entry and that of the large object.
pub type Seen = BTreeMap<(u32, Option<u32>), (u64, u64)>;

/// Bytes of one piece that are read: a bomb is not read to its end.
const ENOUGH: u64 = 4 << 20;

fn drain(reader: &mut dyn Read) -> std::io::Result<(u64, u64)> {
    let mut buffer = [0; 16 << 10];
    let (mut len, mut sum) = (0_u64, 0_u64);
    while len < ENOUGH {
        let read = reader.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        len += read as u64;
        sum =
            buffer[..read].iter().fold(sum, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    }
    Ok((len, sum))
}

fn visit(input: Input) -> Result<Seen, Error> {
    let mut seen = Seen::new();
    match input.content {
        Content::Archive(mut archive) => archive.visit(&mut |piece: Piece<'_>, reader| {
            let what = drain(reader)?;
            assert!(seen.insert((piece.entry.id, piece.large_object), what).is_none(), "visited twice");
            Ok(())
        })?,
        Content::Plain(mut plain) => {
            seen.insert((0, None), drain(&mut plain).map_err(Error::Visitor)?);
        }
        Content::Tree(_) => {}
    }
    Ok(seen)
}

fn visit_parallel(input: Input) -> Result<Seen, Error> {
    let Content::Archive(mut archive) = input.content else { return visit(input) };
    let seen = Mutex::new(Seen::new());
    archive.visit_parallel(2, &|piece, reader| {
        let what = drain(reader)?;
        seen.lock().unwrap().insert((piece.entry.id, piece.large_object), what);
        Ok(())
    })?;
    Ok(seen.into_inner().unwrap())
}

/// Reads what lies at a path; all ways must agree on whether it is whole and on what is in it.
pub fn path(path: &Path) -> Result<Seen, Error> {
    let one = archive::open(path).and_then(visit);
    let several = archive::open(path).and_then(visit_parallel);
    assert_eq!(one.as_ref().ok(), several.as_ref().ok(), "{one:?} {several:?}");
    for error in [&one, &several].into_iter().filter_map(|result| result.as_ref().err()) {
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
    one
}

/// Reads bytes out of a pipe and out of a file.
pub fn bytes(bytes: &[u8]) {
    let piped = archive::from_reader(Box::new(Cursor::new(bytes.to_vec()))).and_then(visit);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let stored = path(file.path());
    assert_eq!(piped.as_ref().ok(), stored.as_ref().ok(), "{piped:?} {stored:?}");
}

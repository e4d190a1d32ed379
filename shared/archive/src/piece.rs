//! One piece of data on its way to the visitor.

use std::io::{self, BufRead, Read};
use std::path::Path;

use crate::Error;
use crate::ahead::decoding_error;
use crate::decompress::{Compression, Decoder, Wrapping};
use crate::entry::Entry;

/// One table's data, or one large object.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// The entry of the table of contents that the data belongs to.
    pub entry: &'a Entry,
    /// The OID of the large object, none for a table.
    pub large_object: Option<u32>,
}

/// Takes one piece, as it is called with the piece and a reader of its decompressed bytes.
pub(crate) type Visitor<'v> = dyn FnMut(Piece<'_>, &mut dyn Read) -> io::Result<()> + 'v;

/// The stored bytes of one piece: what an archive's format puts around them is taken off.
pub(crate) trait Raw: BufRead {
    /// Returns the offset of the next byte in the file.
    fn offset(&self) -> u64;

    /// Skips what was not read, and checks that all of it is there.
    fn skip_rest(&mut self) -> Result<(), Error>;
}

/// Hands one piece to the visitor, and checks what it left.
pub(crate) fn deliver<'d>(
    raw: &mut (dyn Raw + 'd),
    piece: Piece<'_>,
    path: &Path,
    compression: Compression,
    wrapping: Wrapping,
    visit: &mut Visitor<'_>,
) -> Result<(), Error> {
    let at = raw.offset();
    let empty = raw.fill_buf().map_err(|error| Error::from_io(error, path, at))?.is_empty();
    // Even the data of an empty table ends with a mark, or with two newlines behind its INSERTs.
    if empty && piece.large_object.is_none() {
        return Err(Error::damaged(path, at, format!("the data is empty: {}", piece.entry.name())));
    }
    // No byte at all is an empty large object, with any compression.
    let compression = if empty { Compression::None } else { compression };
    let decoder =
        Decoder::new(&mut *raw, compression, wrapping).map_err(|error| Error::from_io(error, path, at))?;
    let mut body = Body { decoder, path, failed: None };
    let result = visit(piece, &mut body);
    if let Some(error) = body.failed {
        return Err(error);
    }
    result.map_err(Error::Visitor)?;
    raw.skip_rest()
}

/// The decompressed bytes of a piece.
struct Body<'r, 'd> {
    decoder: Decoder<&'r mut (dyn Raw + 'd)>,
    path: &'r Path,
    /// What went wrong: the visitor may have kept it for itself.
    failed: Option<Error>,
}

impl Read for Body<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = &self.failed {
            return Err(io::Error::new(io::ErrorKind::InvalidData, error.to_string()));
        }
        match self.decoder.read(buffer) {
            Ok(read) => Ok(read),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let (kind, at) = (error.kind(), self.decoder.inner().offset());
                let error = decoding_error(error, self.decoder.compression(), self.path, at);
                let shown = io::Error::new(kind, error.to_string());
                self.failed = Some(error);
                Err(shown)
            }
        }
    }
}

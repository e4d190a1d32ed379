//! An object, read from front to back.

use std::io::{self, Read};
use std::mem;

use object_store::{GetOptions, GetRange, ObjectStoreExt};
use tokio::task::JoinHandle;

use crate::store::path;
use crate::{Error, Location, Store};

/// How much is asked for at once. While one such part is taken, the next is on its way.
const PART: u64 = 8 << 20;

/// Reads an object from front to back.
///
/// It is asked for in parts, each of which is tried again if the way to the store fails for a while. An object that is
/// replaced meanwhile is an error and not a mixture.
#[derive(Debug)]
pub struct Reader {
    store: Store,
    at: Location,
    bytes: u64,
    /// What the store knows this state of the object by.
    tag: Option<String>,
    /// Where the part begins that is asked for next.
    next: u64,
    coming: Option<JoinHandle<object_store::Result<Vec<u8>>>>,
    part: io::Cursor<Vec<u8>>,
}

impl Reader {
    pub(crate) fn open(store: Store, at: &Location) -> Result<Reader, Error> {
        let head =
            store.runtime.block_on(store.objects.head(&path(at)?)).map_err(Error::store("read", at))?;
        let mut reader = Reader {
            store,
            at: at.clone(),
            bytes: head.size,
            tag: head.e_tag,
            next: 0,
            coming: None,
            part: io::Cursor::default(),
        };
        reader.ask()?;
        Ok(reader)
    }

    /// Returns the object's length.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns where it is.
    pub fn at(&self) -> &Location {
        &self.at
    }

    /// Asks for the next part, if there is one.
    fn ask(&mut self) -> Result<(), Error> {
        let (begin, end) = (self.next, self.bytes.min(self.next.saturating_add(PART)));
        if begin == end {
            return Ok(());
        }
        let (objects, from) = (self.store.objects.clone(), path(&self.at)?);
        let options = GetOptions {
            range: Some(GetRange::Bounded(begin..end)),
            if_match: self.tag.clone(),
            ..GetOptions::default()
        };
        self.coming = Some(self.store.runtime.spawn(async move {
            let bytes = objects.get_opts(&from, options).await?.bytes().await?;
            Ok(bytes.into())
        }));
        self.next = end;
        Ok(())
    }

    /// Waits for the part that was asked for, and asks for the one behind it; false at the end.
    fn more(&mut self) -> Result<bool, Error> {
        let Some(coming) = self.coming.take() else { return Ok(false) };
        let expected = self.next - (self.next - 1) / PART * PART;
        let got = self.store.runtime.block_on(coming);
        let got =
            got.map_err(|_| Error::io("cannot read from a store")(io::Error::other("a thread panicked")));
        let part = got?.map_err(Error::store("read", &self.at))?;
        if part.len() as u64 != expected {
            let why = format!("the store gave {} bytes where {expected} were asked for", part.len());
            return Err(Error::Store { action: "read", at: self.at.clone(), why });
        }
        self.part = io::Cursor::new(part);
        self.ask()?;
        Ok(true)
    }
}

impl Read for Reader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.part.position() == self.part.get_ref().len() as u64 {
            // What was taken is not kept beside what comes.
            drop(mem::take(&mut self.part));
            if !self.more()? {
                return Ok(0);
            }
        }
        self.part.read(buf)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(coming) = &self.coming {
            coming.abort();
        }
    }
}

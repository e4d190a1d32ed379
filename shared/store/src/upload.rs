//! A file on its way into a store.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::store::path;
use crate::{Error, Location, Store};

/// What is not longer is written in one request.
const PART_MIN: u64 = 8 << 20;
/// No store takes more parts of one object.
const PARTS_MAX: u64 = 10_000;
/// How many bytes may be on their way at once, if that is two parts or more.
const ON_THE_WAY: u64 = 32 << 20;

/// How often is looked whether to stop.
const LOOK: Duration = Duration::from_millis(100);

/// Tells an upload to stop.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Tells it; it gives up within a moment, and the store forgets the parts that it has.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Fails if it was told; `at` is what the work is about.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub fn look(&self, at: &Location) -> Result<(), Error> {
        if self.0.load(Ordering::Acquire) { Err(Error::Stopped(at.clone())) } else { Ok(()) }
    }
}

impl Store {
    /// Writes an object of so many bytes out of a reader, in the place of one that has its name. Nobody sees it until all of
    /// it is there.
    ///
    /// # Errors
    /// [`Error::Store`] and [`Error::Io`], also where the reader has more or fewer bytes; [`Error::Stopped`]. Parts that a
    /// store has got of it by then are given up.
    pub fn upload(&self, from: &mut dyn Read, bytes: u64, to: &Location, stop: &Stop) -> Result<(), Error> {
        let part = PART_MIN.max(bytes.div_ceil(PARTS_MAX));
        if bytes <= part {
            let whole = take(from, bytes, to)?;
            is_at_end(from, to)?;
            return self.write(to, whole);
        }
        let begun = self.runtime.block_on(self.objects.put_multipart(&path(to)?));
        let mut upload = begun.map_err(Error::store("write", to))?;
        let sent = self.send(upload.as_mut(), from, bytes, part, to, stop);
        let done = sent.and_then(|()| {
            self.runtime.block_on(upload.complete()).map(drop).map_err(Error::store("write", to))
        });
        if done.is_err() {
            // That the upload failed is what matters; a store forgets such parts by the rules of its bucket.
            let _ = self.runtime.block_on(upload.abort());
        }
        done
    }

    /// Sends one part after the other, a few at once.
    fn send(
        &self,
        upload: &mut dyn MultipartUpload,
        from: &mut dyn Read,
        bytes: u64,
        part: u64,
        to: &Location,
        stop: &Stop,
    ) -> Result<(), Error> {
        let at_once = (ON_THE_WAY / part).max(2) as usize;
        let mut on_the_way = JoinSet::new();
        let wait = |on_the_way: &mut JoinSet<object_store::Result<()>>| {
            let next = async { timeout(LOOK, on_the_way.join_next()).await };
            let sent = match self.runtime.block_on(next) {
                Ok(Some(Ok(sent))) => sent,
                Ok(Some(Err(error))) => Err(object_store::Error::JoinError { source: error }),
                Ok(None) | Err(_) => Ok(()),
            };
            stop.look(to)?;
            sent.map_err(Error::store("write", to))
        };
        let mut left = bytes;
        while left > 0 {
            stop.look(to)?;
            while on_the_way.len() >= at_once {
                wait(&mut on_the_way)?;
            }
            let taken = take(from, left.min(part), to)?;
            left -= taken.len() as u64;
            on_the_way.spawn_on(upload.put_part(PutPayload::from(taken)), self.runtime.handle());
        }
        is_at_end(from, to)?;
        while !on_the_way.is_empty() {
            wait(&mut on_the_way)?;
        }
        Ok(())
    }
}

/// Takes so many bytes, which must be there.
fn take(from: &mut dyn Read, bytes: u64, to: &Location) -> Result<Vec<u8>, Error> {
    let mut taken = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default());
    let read = from.take(bytes).read_to_end(&mut taken).map_err(Error::io(reading(to)))?;
    match read as u64 == bytes {
        true => Ok(taken),
        false => Err(Error::io(reading(to))(io::ErrorKind::UnexpectedEof.into())),
    }
}

/// What has grown meanwhile is not what was to be written.
fn is_at_end(from: &mut dyn Read, to: &Location) -> Result<(), Error> {
    match from.read(&mut [0]).map_err(Error::io(reading(to)))? {
        0 => Ok(()),
        _ => Err(Error::io(reading(to))(io::Error::other("it has grown"))),
    }
}

fn reading(to: &Location) -> String {
    format!("cannot read what goes to {to}")
}

//! What is in a store, as a file or folder of this machine.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::{Error, Location, Reader, Store};

/// What an archive in directory format has besides its data, by which it is told.
const MARK: &str = "toc.dat";

/// A backup in a store: one object, or the objects of a folder.
#[derive(Debug)]
pub enum Fetched {
    /// One object, which can be read from front to back.
    Object(Reader),
    /// A folder, which was copied.
    Folder,
}

impl Store {
    /// Opens the object that has a name, or copies the folder that has it to `to`, which nothing has as its name yet. Nobody
    /// else should be able to enter the folder that `to` is in.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Store`], and [`Error::Io`] if there is no room.
    pub fn fetch(&self, at: &Location, to: &Path) -> Result<Fetched, Error> {
        let objects = self.list(at)?;
        if !objects.iter().any(|object| object.name == MARK) {
            return self.read(at).map(Fetched::Object);
        }
        fs::create_dir(to).map_err(Error::io("cannot make a folder"))?;
        // An archive's files lie beside each other: no name leads below, and so none leads out.
        for object in objects.iter().filter(|object| !object.name.contains('/')) {
            self.copy(&at.join(&object.name), &to.join(&object.name))?;
        }
        Ok(Fetched::Folder)
    }

    /// Copies an object into a new file that only its owner reads.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Store`] and [`Error::Io`].
    pub fn copy(&self, from: &Location, to: &Path) -> Result<(), Error> {
        self.read(from)?.copy(to)
    }
}

impl Reader {
    /// Copies the rest of the object into a new file that only its owner reads.
    ///
    /// # Errors
    /// [`Error::Store`] and [`Error::Io`].
    pub fn copy(&mut self, to: &Path) -> Result<(), Error> {
        let file: io::Result<File> = OpenOptions::new().create_new(true).write(true).mode(0o600).open(to);
        let mut file = file.map_err(Error::io("cannot make a file"))?;
        let what = format!("cannot copy {}", self.at());
        io::copy(self, &mut file).map(drop).map_err(Error::io(what))
    }
}

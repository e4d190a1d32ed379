//! Where finished backups lie: a folder, or a place in a store.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use cli::Failure;
use nix::fcntl::OFlag;
use store::{Location, Store};

use crate::backup_name::{BackupName, Form, partial};

/// Where finished backups lie.
#[derive(Clone, Debug)]
pub enum Shelf {
    /// In a folder of this machine.
    Folder(PathBuf),
    /// Below a location in a store.
    Store(Store, Location),
}

/// What has a name there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A file of so many bytes.
    File(u64),
    /// A folder, whose files have so many bytes. What folders in it hold is not looked at, and neither are folders that are
    /// not called as a backup.
    Folder(BTreeMap<String, u64>),
    /// A folder that is called as a backup and cannot be looked at, and why.
    Hidden(String),
}

/// All that lies there, by name; links and what else is neither a file nor a folder left out.
pub type Items = BTreeMap<String, Item>;

impl Shelf {
    /// Takes what the user names: a folder, or a location such as `s3://bucket/nightly`.
    ///
    /// # Errors
    /// When it is written as a location and is none, or the environment does not say how to get there.
    pub fn open(path: &Path) -> Result<Shelf, Failure> {
        Ok(match Location::of_path(path).transpose()? {
            Some(at) => Shelf::Store(Store::open(&at)?, at),
            None => Shelf::Folder(path.to_owned()),
        })
    }

    /// Returns what the user calls it.
    pub fn shown(&self) -> String {
        match self {
            Shelf::Folder(folder) => folder.display().to_string(),
            Shelf::Store(_, at) => at.to_string(),
        }
    }

    /// Returns what it is and what the user calls it.
    pub fn in_words(&self) -> String {
        match self {
            Shelf::Folder(_) => format!("folder {}", self.shown()),
            Shelf::Store(..) => self.shown(),
        }
    }

    /// Returns what the user calls something in it.
    pub fn path(&self, name: &str) -> PathBuf {
        match self {
            Shelf::Folder(folder) => folder.join(name),
            Shelf::Store(_, at) => at.join(name).to_string().into(),
        }
    }

    /// Looks at all that lies there.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn items(&self) -> io::Result<Items> {
        let mut items = Items::new();
        match self {
            Shelf::Folder(folder) => {
                for entry in fs::read_dir(folder)? {
                    let entry = entry?;
                    // Names of ours are plain, and what is gone by now is not there.
                    if let (Ok(name), Ok(metadata)) = (entry.file_name().into_string(), entry.metadata()) {
                        let is_ours = || BackupName::parse(&name).is_some();
                        if metadata.is_file() {
                            items.insert(name, Item::File(metadata.len()));
                        } else if metadata.is_dir() {
                            let item = if is_ours() { files(&entry.path()) } else { Ok(BTreeMap::new()) };
                            let hidden = |error: io::Error| Item::Hidden(error.to_string());
                            items.insert(name, item.map_or_else(hidden, Item::Folder));
                        }
                    }
                }
            }
            Shelf::Store(store, at) => {
                for object in store.list(at)? {
                    match object.name.split_once('/') {
                        None => {
                            items.insert(object.name, Item::File(object.bytes));
                        }
                        Some((folder, file)) => {
                            let item = items.entry(folder.to_owned());
                            if let Item::Folder(files) = item.or_insert_with(|| Item::Folder(BTreeMap::new()))
                            {
                                files.insert(file.to_owned(), object.bytes);
                            }
                        }
                    }
                }
            }
        }
        Ok(items)
    }

    /// Opens a file. No link is followed, and no pipe waited for.
    ///
    /// # Errors
    /// When it is not there, or cannot be read.
    pub fn read(&self, name: &str) -> io::Result<Box<dyn Read>> {
        Ok(match self {
            Shelf::Folder(folder) => {
                let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
                Box::new(File::options().read(true).custom_flags(flags.bits()).open(folder.join(name))?)
            }
            Shelf::Store(store, at) => Box::new(store.read(&at.join(name))?),
        })
    }

    /// Says whether what has the name of a backup is on its way there, or away from there: in a folder, such things have
    /// another name; a store does not rename, so that an object beside them tells.
    pub fn is_unfinished(&self, items: &Items, name: &str) -> bool {
        matches!(self, Shelf::Store(..)) && items.contains_key(&partial(name))
    }
}

impl Item {
    /// Returns the bytes of its files.
    pub fn bytes(&self) -> u64 {
        match self {
            Item::File(bytes) => *bytes,
            Item::Folder(files) => files.values().sum(),
            Item::Hidden(_) => 0,
        }
    }

    /// Says whether a backup of this form could be this.
    pub fn is_of(&self, form: Form) -> bool {
        matches!(self, Item::Folder(_) | Item::Hidden(_)) == (form == Form::Directory)
    }

    /// Returns the bytes of one of the files of a backup.
    pub fn file(&self, name: &str) -> Option<u64> {
        match self {
            Item::File(bytes) => Some(*bytes),
            Item::Folder(files) => files.get(name).copied(),
            Item::Hidden(_) => None,
        }
    }
}

/// The files of a folder.
///
/// # Errors
/// When it, or what is in it, cannot be looked at.
fn files(folder: &Path) -> io::Result<BTreeMap<String, u64>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if let (true, Ok(name)) = (metadata.is_file(), entry.file_name().into_string()) {
            files.insert(name, metadata.len());
        }
    }
    Ok(files)
}

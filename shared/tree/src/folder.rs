//! The folder on the disk: which files are to be written or removed, and doing so without harm.
//!
//! A folder is *ours* if it holds a valid [`Mark`]. Inside it, a file is ours if it begins with [`HEADER`]; no other
//! file is ever removed, and none is replaced unless the caller agrees. No symbolic link inside the folder is followed.
//! Only the folder itself may be one.
//!
//! [`Folder::open`] looks at the folder, [`Folder::compare`] finds what differs from the wanted files, and
//! [`Folder::apply`] makes it so. Everything is written to a staging folder first, so a full disk leaves the tree as
//! it was.
//!
//! ```
//! use std::collections::BTreeMap;
//! use tree::folder::{Content, Folder, Mark};
//!
//! let parent = tempfile::tempdir()?;
//! let folder = Folder::open(&parent.path().join("tree"))?;
//! let text = b"-- pgdumpkit: table\nCREATE TABLE public.users ();\n".to_vec();
//! let wanted = BTreeMap::from([("schemas/public/tables/users.sql".to_owned(), Content::Bytes(text))]);
//! let mark = Mark::new(serde_json::json!({}));
//! let changes = folder.compare(&wanted, &mark, |_| false, |_, _| false)?;
//! assert_eq!(changes.added, ["pgdumpkit.json", "schemas/public/tables/users.sql"]);
//! folder.apply(&wanted, &mark, &changes)?;
//! assert!(folder.compare(&wanted, &mark, |_| false, |_, _| false)?.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use tempfile::TempPath;
use walkdir::WalkDir;

pub use mark::{FORMAT, Mark};
use stage::{STAGE_PREFIX, Stage, is_stage};

mod mark;
mod stage;

/// The bytes that every file written by us begins with.
pub const HEADER: &[u8] = b"-- pgdumpkit: ";

/// The name of the file that marks a folder as ours.
pub const MARK_NAME: &str = "pgdumpkit.json";

/// How much of a foreign file is shown to the caller who decides whether it may be replaced, in bytes.
pub const ADOPT_BYTES: u64 = 1 << 20;

/// The largest mark that is read, in bytes.
const MARK_BYTES: u64 = 1 << 20;

/// How much of a file is compared at a time, in bytes.
const PIECE: usize = 64 * 1024;

/// Says why a folder cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The folder holds files but no mark.
    #[error("folder is not empty and not a tree of pgdumpkit: `{}`", path.display())]
    NotOurs {
        /// The folder.
        path: PathBuf,
    },
    /// A folder is needed where something else is.
    #[error("not a folder: `{}`", path.display())]
    NotAFolder {
        /// What is there.
        path: PathBuf,
    },
    /// A file is needed where something else is.
    #[error("not a regular file: `{}`", path.display())]
    NotAFile {
        /// What is there.
        path: PathBuf,
    },
    /// A symbolic link lies on the way to a file of the tree.
    #[error("refusing to follow a symbolic link inside the tree: `{}`", path.display())]
    Symlink {
        /// The link.
        path: PathBuf,
    },
    /// The mark is not one that we wrote.
    #[error("invalid mark, {reason}: `{}`", path.display())]
    BadMark {
        /// The file of the mark.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A newer version of pgdumpkit wrote the tree.
    #[error("tree has format {found}, but only formats up to {FORMAT} are known: `{}`", path.display())]
    NewerFormat {
        /// The file of the mark.
        path: PathBuf,
        /// The format that it names.
        found: u64,
    },
    /// A file that we did not write lies where one must be written.
    #[error("refusing to replace a file that pgdumpkit did not write: `{}`", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A path may not be used inside a tree.
    #[error("path in the tree {reason}: `{}`", path.escape_debug())]
    BadPath {
        /// The path, relative to the tree.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Two paths cannot both exist, at least not on a case-insensitive disk.
    #[error("two paths in the tree collide: `{}` and `{}`", first.escape_debug(), second.escape_debug())]
    Collision {
        /// One path, relative to the tree.
        first: String,
        /// The other.
        second: String,
    },
    /// Another process is writing the tree.
    #[error("tree is being written by another process, which holds: `{}`", path.display())]
    Busy {
        /// The staging folder of the other process.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

impl Error {
    fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::Io { action, path, source }
    }
}

/// The content of a wanted file.
///
/// It should begin with [`HEADER`]; otherwise a later run takes the file for a foreign one and never removes it.
#[derive(Debug)]
pub enum Content {
    /// The bytes themselves.
    Bytes(Vec<u8>),
    /// A temporary file that holds them, for data that need not fit into memory.
    File(TempPath),
}

/// What differs between the files on the disk and the wanted ones.
///
/// Paths are relative to the tree, with `/` between components, and sorted. The mark counts as a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Files to be made.
    pub added: Vec<String>,
    /// Files to be replaced.
    pub changed: Vec<String>,
    /// Files to be removed: ours, but no longer wanted.
    pub removed: Vec<String>,
    /// Files that are not ours and that whoever reads the tree reads with it.
    pub foreign: Vec<String>,
    /// How many files are already as they should be.
    pub unchanged: usize,
}

impl Changes {
    /// Says whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

/// A folder that is ours, or that is free to become ours.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    mark: Option<Mark>,
}

/// What lies at a path below the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Folder,
    File,
    Symlink,
    Other,
}

impl From<fs::FileType> for Kind {
    fn from(file_type: fs::FileType) -> Kind {
        if file_type.is_symlink() {
            Kind::Symlink
        } else if file_type.is_dir() {
            Kind::Folder
        } else if file_type.is_file() {
            Kind::File
        } else {
            Kind::Other
        }
    }
}

/// How a wanted file compares with the disk.
enum Verdict {
    Added,
    Changed,
    Unchanged,
}

impl Folder {
    /// Opens a folder that is missing, empty, or ours.
    ///
    /// A folder that holds nothing but `.git`, or what a killed first run left behind, counts as empty. Nothing is
    /// written. The folder itself may be a symbolic link.
    ///
    /// # Errors
    ///
    /// [`Error::NotOurs`] if it holds other files but no mark, [`Error::NewerFormat`] and [`Error::BadMark`] for a mark
    /// that cannot be used, [`Error::NotAFolder`] if it is something else, [`Error::Symlink`] and
    /// [`Error::NotAFile`] if the mark is no regular file.
    pub fn open(root: &Path) -> Result<Folder, Error> {
        let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
        let folder = |mark| Folder { root: root.to_owned(), mark };
        match fs::metadata(root) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Err(Error::NotAFolder { path: root.to_owned() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // A link that leads nowhere is there, but no folder can be made in its place.
                return match fs::symlink_metadata(root) {
                    Ok(_) => Err(Error::NotAFolder { path: root.to_owned() }),
                    Err(_) => Ok(folder(None)),
                };
            }
            Err(error) => return Err(Error::io("read", root)(error)),
        }
        let path = root.join(MARK_NAME);
        match kind_of(&path)? {
            Some(Kind::File) => {
                let bytes = read_start(&path, MARK_BYTES + 1)?;
                if bytes.len() as u64 > MARK_BYTES {
                    return Err(Error::BadMark { path, reason: "it is too large".to_owned() });
                }
                Ok(folder(Some(Mark::parse(&bytes, &path)?)))
            }
            Some(Kind::Symlink) => Err(Error::Symlink { path }),
            Some(Kind::Folder | Kind::Other) => Err(Error::NotAFile { path }),
            None => {
                for entry in fs::read_dir(root).map_err(Error::io("read", root))? {
                    let entry = entry.map_err(Error::io("read", root))?;
                    let name = entry.file_name();
                    let file_type = entry.file_type().map_err(Error::io("read", &entry.path()))?;
                    if name != ".git" && !(is_stage(&name) && file_type.is_dir()) {
                        return Err(Error::NotOurs { path: root.to_owned() });
                    }
                }
                Ok(folder(None))
            }
        }
    }

    /// Returns the path of the folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the mark that the folder had when it was opened, `None` if it was missing or empty.
    pub fn mark(&self) -> Option<&Mark> {
        self.mark.as_ref()
    }

    /// Finds what differs between the folder and the wanted files, without writing anything.
    ///
    /// The keys of `wanted` are relative paths with `/` between components. A file on the disk is removed if its
    /// name ends in `.sql` or `.copy`, it begins with [`HEADER`], it is not wanted, and `keep` does not say `true` for
    /// its path. A wanted file that differs from a foreign one is an error unless `adopt` says `true` for its path
    /// and its bytes, of which at most the first [`ADOPT_BYTES`] are given.
    ///
    /// # Errors
    ///
    /// [`Error::Foreign`] as said above, [`Error::BadPath`] and [`Error::Collision`] for the wanted paths,
    /// [`Error::Symlink`], [`Error::NotAFolder`] and [`Error::NotAFile`] for what lies in their way, [`Error::Io`].
    /// Where there are several, the one with the first path is returned.
    pub fn compare(
        &self,
        wanted: &BTreeMap<String, Content>,
        mark: &Mark,
        keep: impl Fn(&str) -> bool + Sync,
        adopt: impl Fn(&str, &[u8]) -> bool + Sync,
    ) -> Result<Changes, Error> {
        check_paths(wanted)?;
        let existing = self.walk()?;

        let verdicts: Vec<_> =
            wanted.par_iter().map(|(path, content)| self.judge(path, content, &existing, &adopt)).collect();
        let mark = Content::Bytes(mark.to_json().into_bytes());
        // That the mark is ours was seen when the folder was opened.
        let mark = self.judge(MARK_NAME, &mark, &existing, &|_: &str, _: &[u8]| true);

        let mut changes = Changes::default();
        let paths = std::iter::once(MARK_NAME).chain(wanted.keys().map(String::as_str));
        for (path, verdict) in paths.zip(std::iter::once(mark).chain(verdicts)) {
            match verdict? {
                Verdict::Added => changes.added.push(path.to_owned()),
                Verdict::Changed => changes.changed.push(path.to_owned()),
                Verdict::Unchanged => changes.unchanged += 1,
            }
        }
        let stale: Vec<_> = existing
            .par_iter()
            .filter(|&(path, &kind)| {
                kind == Kind::File && is_kind_we_write(path) && !wanted.contains_key(path) && !keep(path)
            })
            .map(|(path, _)| Ok((path, has_header(&self.path(path))?)))
            .collect::<Result<_, Error>>()?;
        let is_hidden = |path: &str| path.split('/').any(|name| name.starts_with('.'));
        for (path, ours) in stale {
            match ours {
                true => changes.removed.push(path.clone()),
                false if is_hidden(path) => {}
                false => changes.foreign.push(path.clone()),
            }
        }
        changes.added.sort_unstable();
        changes.changed.sort_unstable();
        changes.removed.sort_unstable();
        changes.foreign.sort_unstable();
        Ok(changes)
    }

    /// Brings the folder up to date: writes what [`Folder::compare`] found added or changed, removes what it found
    /// removed, and removes folders that became empty thereby.
    ///
    /// All files are first written into a staging folder inside the tree. If that fails, it is removed and the tree
    /// is as it was. Then they are renamed into place, the mark first, so that a tree whose first run was
    /// interrupted is still recognised. If it is interrupted there, another run completes the work.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] if another process is writing the tree, [`Error::BadPath`] for a path in `changes` that
    /// `wanted` does not hold, [`Error::Symlink`], [`Error::NotAFolder`] and [`Error::NotAFile`] for what lies in the
    /// way by now, [`Error::Io`].
    pub fn apply(
        &self,
        wanted: &BTreeMap<String, Content>,
        mark: &Mark,
        changes: &Changes,
    ) -> Result<(), Error> {
        if changes.is_empty() {
            return Ok(());
        }
        check_paths(wanted)?;
        changes.removed.iter().try_for_each(|path| check_path(path))?;
        let mark = Content::Bytes(mark.to_json().into_bytes());
        let mut writes = Vec::with_capacity(changes.added.len() + changes.changed.len());
        for path in changes.added.iter().chain(&changes.changed) {
            let content = if path == MARK_NAME { Some(&mark) } else { wanted.get(path) };
            let reason = "is to be written but has no content";
            writes.push((path, content.ok_or_else(|| Error::BadPath { path: path.clone(), reason })?));
        }
        writes.sort_unstable_by_key(|&(path, _)| (path != MARK_NAME, path));

        let stage = Stage::new(&self.root)?;
        writes.par_iter().enumerate().try_for_each(|(number, (_, content))| stage.write(number, content))?;

        let mut folders = HashSet::new();
        let removed: Vec<_> = changes.removed.iter().map(String::as_str).collect();
        // On a case-insensitive disk, a removed file that differs from a written one only by case is the same file,
        // so it must go before.
        let lower: HashSet<_> = writes.iter().map(|(path, _)| path.to_ascii_lowercase()).collect();
        let (before, after): (Vec<_>, Vec<_>) =
            removed.into_iter().partition(|path| lower.contains(&path.to_ascii_lowercase()));
        self.remove(&before, &mut folders)?;
        for (number, (path, _)) in writes.iter().enumerate() {
            self.make_folders(path, &mut folders)?;
            let target = self.path(path);
            fs::rename(stage.file(number), &target).map_err(Error::io("write", &target))?;
        }
        self.remove(&after, &mut folders)?;
        self.remove_empty_folders(before.iter().chain(&after))
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Lists everything below the folder by its relative path, but for `.git` and what stages hold.
    fn walk(&self) -> Result<HashMap<String, Kind>, Error> {
        let mut found = HashMap::new();
        let wanted = |entry: &walkdir::DirEntry| {
            entry.depth() == 0 || (entry.file_name() != ".git" && !is_stage(entry.file_name()))
        };
        for entry in WalkDir::new(&self.root).min_depth(1).into_iter().filter_entry(wanted) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().unwrap_or(&self.root).to_owned();
                    let source = io::Error::from(error);
                    // The folder is still to be made.
                    if source.kind() == io::ErrorKind::NotFound && path == self.root {
                        break;
                    }
                    return Err(Error::Io { action: "read", path, source });
                }
            };
            let relative = entry.path().strip_prefix(&self.root).unwrap_or(entry.path());
            // Our own names are ASCII: whatever is not even text is not ours.
            let components: Option<Vec<_>> = relative.iter().map(|component| component.to_str()).collect();
            if let Some(components) = components {
                found.insert(components.join("/"), entry.file_type().into());
            }
        }
        Ok(found)
    }

    fn judge(
        &self,
        path: &str,
        content: &Content,
        existing: &HashMap<String, Kind>,
        adopt: &impl Fn(&str, &[u8]) -> bool,
    ) -> Result<Verdict, Error> {
        let full = self.path(path);
        for folder in folders_above(path) {
            match existing.get(folder) {
                Some(Kind::Folder) | None => {}
                Some(Kind::Symlink) => return Err(Error::Symlink { path: self.path(folder) }),
                Some(Kind::File | Kind::Other) => {
                    return Err(Error::NotAFolder { path: self.path(folder) });
                }
            }
        }
        // A case-insensitive disk may hold the file under a name that the walk spelled otherwise. It is then written
        // anew under its right name, and `apply` removes the old one first.
        let listed = existing.get(path).copied();
        let found = if listed.is_some() { listed } else { kind_of(&full)? };
        match found {
            None => return Ok(Verdict::Added),
            Some(Kind::File) => {}
            Some(Kind::Symlink) => return Err(Error::Symlink { path: full }),
            Some(Kind::Folder | Kind::Other) => return Err(Error::NotAFile { path: full }),
        }
        if listed.is_some() && is_same(&full, content)? {
            Ok(Verdict::Unchanged)
        } else if has_header(&full)? || adopt(path, &read_start(&full, ADOPT_BYTES)?) {
            Ok(if listed.is_some() { Verdict::Changed } else { Verdict::Added })
        } else {
            Err(Error::Foreign { path: full })
        }
    }

    /// Makes the folders that a file needs; `made` holds those that are known to be there.
    fn make_folders<'a>(&self, path: &'a str, made: &mut HashSet<&'a str>) -> Result<(), Error> {
        for folder in folders_above(path) {
            if made.contains(folder) {
                continue;
            }
            let full = self.path(folder);
            match fs::create_dir(&full) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.check_folder(folder)?,
                Err(error) => return Err(Error::io("make the folder", &full)(error)),
            }
            made.insert(folder);
        }
        Ok(())
    }

    fn check_folder(&self, folder: &str) -> Result<(), Error> {
        let path = self.path(folder);
        match kind_of(&path)? {
            Some(Kind::Folder) => Ok(()),
            Some(Kind::Symlink) => Err(Error::Symlink { path }),
            Some(Kind::File | Kind::Other) | None => Err(Error::NotAFolder { path }),
        }
    }

    /// Removes files that are ours; `checked` holds the folders that are known to be no links.
    fn remove<'a>(&self, paths: &[&'a str], checked: &mut HashSet<&'a str>) -> Result<(), Error> {
        for folder in paths.iter().flat_map(|path| folders_above(path)) {
            // Where a folder is gone, so are its files.
            if !checked.contains(folder) && kind_of(&self.path(folder))?.is_some() {
                self.check_folder(folder)?;
                checked.insert(folder);
            }
        }
        paths.par_iter().try_for_each(|path| {
            let full = self.path(path);
            // The list of changes came from outside, and time has passed since it was made.
            match kind_of(&full)? {
                None => Ok(()),
                Some(Kind::File) if has_header(&full)? => {
                    fs::remove_file(&full).map_err(Error::io("remove", &full))
                }
                Some(Kind::File) => Err(Error::Foreign { path: full }),
                Some(Kind::Symlink) => Err(Error::Symlink { path: full }),
                Some(Kind::Folder | Kind::Other) => Err(Error::NotAFile { path: full }),
            }
        })
    }

    fn remove_empty_folders<'a>(&self, removed: impl Iterator<Item = &'a &'a str>) -> Result<(), Error> {
        // A folder sorts behind the one that holds it, so going backwards empties the inner ones first.
        let folders: BTreeSet<_> = removed.flat_map(|path| folders_above(path)).collect();
        for folder in folders.into_iter().rev() {
            let path = self.path(folder);
            match fs::remove_dir(&path) {
                Ok(()) => {}
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotFound) => {
                }
                Err(error) => return Err(Error::io("remove the empty folder", &path)(error)),
            }
        }
        Ok(())
    }
}

/// Checks that no wanted path leads out of the tree, and that no two need the same place.
fn check_paths(wanted: &BTreeMap<String, Content>) -> Result<(), Error> {
    let collision = |first: &str, second: &str| {
        Err(Error::Collision { first: first.to_owned(), second: second.to_owned() })
    };
    let mut files = HashMap::with_capacity(wanted.len() + 1);
    files.insert(MARK_NAME.to_owned(), MARK_NAME);
    for path in wanted.keys() {
        check_path(path)?;
        if let Some(other) = files.insert(path.to_ascii_lowercase(), path) {
            return collision(other, path);
        }
    }
    let mut seen = HashSet::new();
    for path in wanted.keys() {
        for folder in folders_above(path) {
            if seen.insert(folder)
                && let Some(file) = files.get(&folder.to_ascii_lowercase())
            {
                return collision(file, path);
            }
        }
    }
    Ok(())
}

/// Checks that a relative path stays inside the tree on every system.
///
/// Paths come from an encoder that never gives any of this; here it is refused once more, before the disk is touched.
fn check_path(path: &str) -> Result<(), Error> {
    let bad = |reason| Err(Error::BadPath { path: path.to_owned(), reason });
    if path.bytes().any(|byte| byte == b'\\' || byte == b':') {
        return bad("holds a backslash or a colon");
    }
    if path.chars().any(char::is_control) {
        return bad("holds a control character");
    }
    for component in path.split('/') {
        if component.is_empty() {
            return bad("is empty, absolute, or has an empty component");
        }
        // This is `.` and `..` as well.
        if component.ends_with(['.', ' ']) {
            return bad("has a component that ends in a dot or a blank");
        }
        if component.eq_ignore_ascii_case(".git") || component.to_ascii_lowercase().starts_with(STAGE_PREFIX)
        {
            return bad("has a component that is not for files of the tree");
        }
        if component.len() > 255 {
            return bad("has a component of more than 255 bytes");
        }
    }
    Ok(())
}

/// Lists the folders that a relative path goes through, the outermost first.
fn folders_above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

fn is_kind_we_write(path: &str) -> bool {
    path.ends_with(".sql") || path.ends_with(".copy")
}

/// Looks at a path without following a link in its last component; `None` if nothing is there.
fn kind_of(path: &Path) -> Result<Option<Kind>, Error> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata.file_type().into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path)(error)),
    }
}

fn read_start(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    read.map_err(Error::io("read", path))?;
    Ok(bytes)
}

fn has_header(path: &Path) -> Result<bool, Error> {
    let mut start = [0; HEADER.len()];
    let read = File::open(path).and_then(|file| read_full(file, &mut start));
    Ok(read.map_err(Error::io("read", path))? == HEADER.len() && start == HEADER)
}

/// Reads until the buffer is full or the file ends, and returns how much that was.
fn read_full(mut file: impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Says whether a file holds the content. Sizes are compared first; large files are read in pieces.
fn is_same(path: &Path, content: &Content) -> Result<bool, Error> {
    let size = fs::symlink_metadata(path).map_err(Error::io("read", path))?.len();
    match content {
        Content::Bytes(bytes) => {
            if bytes.len() as u64 != size {
                return Ok(false);
            }
            let mut file = File::open(path).map_err(Error::io("read", path))?;
            let mut buffer = vec![0; bytes.len().min(PIECE)];
            for piece in bytes.chunks(buffer.len().max(1)) {
                let read =
                    read_full(&mut file, &mut buffer[..piece.len()]).map_err(Error::io("read", path))?;
                if buffer[..read] != *piece {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Content::File(other) => {
            let other: &Path = other;
            if fs::metadata(other).map_err(Error::io("read", other))?.len() != size {
                return Ok(false);
            }
            let mut left = File::open(path).map_err(Error::io("read", path))?;
            let mut right = File::open(other).map_err(Error::io("read", other))?;
            let mut buffers = (vec![0; PIECE], vec![0; PIECE]);
            loop {
                let read = read_full(&mut left, &mut buffers.0).map_err(Error::io("read", path))?;
                let read2 = read_full(&mut right, &mut buffers.1).map_err(Error::io("read", other))?;
                if buffers.0[..read] != buffers.1[..read2] {
                    return Ok(false);
                }
                if read == 0 {
                    return Ok(true);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;

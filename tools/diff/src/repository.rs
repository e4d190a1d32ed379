//! A dump, archive or tree at a revision of the git repository one stands in.

use std::ffi::{OsStr, OsString};
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;

use anyhow::{Context, Result, anyhow, bail};
use cli::{DataWanted, Failure};
use dump::{Dump, ReadOptions};
use scratch::Pipe;

/// The files by which a folder is known for a tree or a directory archive.
const MARKS: [&str; 5] = ["pgdumpkit.json", "toc.dat", "toc.dat.gz", "toc.dat.lz4", "toc.dat.zst"];

/// `REV:PATH`, or `:PATH` for the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spec(OsString);

impl Spec {
    /// Takes what has a `:` in it for a revision and a path.
    pub fn parse(text: &OsStr) -> Option<Spec> {
        text.as_bytes().contains(&b':').then(|| Spec(text.to_owned()))
    }

    fn shown(&self) -> String {
        self.0.to_string_lossy().into_owned()
    }

    /// The path in the index that this names, if it names one there.
    fn path_in_index(&self) -> Option<&[u8]> {
        let path = self.0.as_bytes().strip_prefix(b":")?;
        Some(path.strip_prefix(b"0:").unwrap_or(path))
    }
}

/// A file of a folder at a revision.
struct Blob {
    id: String,
    path: PathBuf,
}

/// Reads what git has under this name.
///
/// # Errors
/// When there is no repository, revision or path, or the dump there cannot be read to its end.
pub(crate) fn read(spec: &Spec, options: ReadOptions, wanted: DataWanted<'_>) -> Result<Dump, Failure> {
    let (id, kind) = match object(spec) {
        Ok(found) => found,
        Err(error) => match files_in_index(spec)? {
            blobs if blobs.is_empty() => return Err(missing(spec, error)),
            blobs => return read_folder(spec, &blobs, options, wanted),
        },
    };
    match kind.as_str() {
        "blob" => {
            let mut command = git();
            command.args(["cat-file", "blob", &id]);
            let pipe = Pipe::open(command, Stdio::null())?;
            let ended = pipe.ended();
            let dump = cli::read_reader(Box::new(pipe), Path::new(&spec.0), options, wanted)?;
            if !ended.load(Ordering::Acquire) {
                return Err(anyhow!("`git cat-file` did not come to its end: {}", spec.shown()).into());
            }
            Ok(dump)
        }
        "tree" => read_folder(spec, &files_of_tree(&id)?, options, wanted),
        _ => Err(anyhow!("neither a file nor a folder but a {kind}: {}", spec.shown()).into()),
    }
}

/// Git, so that it starts nothing that a repository's settings name, and changes nothing.
fn git() -> Command {
    let mut command = Command::new("git");
    command.args(["--no-pager", "--no-optional-locks"]);
    command.args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]);
    command.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0");
    command
}

fn answer(command: &mut Command) -> Result<Vec<u8>> {
    Ok(scratch::run(command)?.stdout)
}

fn line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_owned()
}

/// Returns the number and type of the object that is named.
fn object(spec: &Spec) -> Result<(String, String)> {
    let id = verified(&spec.0)?;
    let kind = line(&answer(git().args(["cat-file", "-t", &id]))?);
    Ok((id, kind))
}

fn verified(name: &OsStr) -> Result<String> {
    // Whatever it begins with, it is no option.
    Ok(line(&answer(git().args(["rev-parse", "--verify", "--end-of-options"]).arg(name))?))
}

/// Says what of a name git does not know; git itself says only that it needs a revision.
fn missing(spec: &Spec, error: anyhow::Error) -> Failure {
    let bytes = spec.0.as_bytes();
    let colon = bytes.iter().position(|byte| *byte == b':').unwrap_or(bytes.len());
    let (revision, path) = (&bytes[..colon], bytes.get(colon + 1..).unwrap_or_default());
    let [name, path] = [revision, path].map(String::from_utf8_lossy);
    let no_file = format!("no such file or folder: {}", spec.shown());
    if answer(git().args(["rev-parse", "--git-dir"])).is_err() {
        // Git's own words: there may be no git, no repository, or one that belongs to somebody else.
        return Failure::from(error.context(no_file));
    }
    let hint =
        "paths are those below the repository's top folder; one below the folder you are in begins with: ./";
    if revision.is_empty() {
        return Failure::from(anyhow!("{no_file}, and no such path in git's index: {path}")).with_hint(hint);
    }
    match verified(OsStr::from_bytes(revision)) {
        Ok(_) => {
            let error = anyhow!("{no_file}, and no such path in git at revision `{name}`: {path}");
            Failure::from(error).with_hint(hint)
        }
        Err(_) => anyhow!("{no_file}, and git knows no such revision: {name}").into(),
    }
}

/// The files below a folder of a revision.
fn files_of_tree(id: &str) -> Result<Vec<Blob>> {
    let list = answer(git().args(["ls-tree", "-r", "-z", "--full-tree", id]))?;
    // `mode type id<tab>path`
    listed(&list, 2, b"")
}

/// The files below a folder of the index, which has no objects for folders.
fn files_in_index(spec: &Spec) -> Result<Vec<Blob>> {
    let Some(path) = spec.path_in_index() else { return Ok(Vec::new()) };
    let mut folder = Vec::new();
    let path = match path.strip_prefix(b"./") {
        Some(below) => {
            let prefix = answer(git().args(["rev-parse", "--show-prefix"]))?;
            folder.extend_from_slice(prefix.strip_suffix(b"\n").unwrap_or(&prefix));
            below
        }
        None => path,
    };
    folder.extend_from_slice(path);
    while folder.last() == Some(&b'/') {
        folder.pop();
    }
    let mut pathspec = b":(top,literal)".to_vec();
    pathspec.extend_from_slice(&folder);
    let mut command = git();
    command.args(["ls-files", "-z", "--cached", "--stage", "--full-name", "--"]);
    let Ok(list) = answer(command.arg(OsString::from_vec(pathspec))) else { return Ok(Vec::new()) };
    if !folder.is_empty() {
        folder.push(b'/');
    }
    // `mode id stage<tab>path`
    listed(&list, 1, &folder)
}

/// Takes the ordinary files out of a list; `id_at` says which word of a line is the object's number.
fn listed(list: &[u8], id_at: usize, folder: &[u8]) -> Result<Vec<Blob>> {
    let mut blobs = Vec::new();
    for line in list.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
        let unknown = || anyhow!("git lists what is not understood: {}", String::from_utf8_lossy(line));
        let tab = line.iter().position(|byte| *byte == b'\t').ok_or_else(unknown)?;
        let words: Vec<&str> = std::str::from_utf8(&line[..tab])?.split(' ').collect();
        let [mode, _, third] = words.as_slice() else { return Err(unknown()) };
        let Some(path) = line[tab + 1..].strip_prefix(folder) else { continue };
        // Links and submodules are no part of a tree, on a disk either; nor is a side of a merge that is not done.
        if !mode.starts_with("100") {
            continue;
        }
        if id_at == 1 && *third != "0" {
            bail!("not merged yet: {}", String::from_utf8_lossy(&line[tab + 1..]));
        }
        blobs.push(Blob { id: words[id_at].to_owned(), path: safe(path)? });
    }
    Ok(blobs)
}

/// A path as git lists it, which leads nowhere but below a folder: repositories are made by others.
fn safe(path: &[u8]) -> Result<PathBuf> {
    let path = PathBuf::from(OsStr::from_bytes(path));
    let below = path.components().all(|component| matches!(component, Component::Normal(_)));
    if !below || path.as_os_str().is_empty() || path.is_absolute() {
        bail!("path leads out of its folder: {}", path.display());
    }
    Ok(path)
}

/// Reads a folder from a copy of it that nobody else can enter.
fn read_folder(
    spec: &Spec,
    blobs: &[Blob],
    options: ReadOptions,
    wanted: DataWanted<'_>,
) -> Result<Dump, Failure> {
    if !blobs.iter().any(|blob| MARKS.iter().any(|mark| blob.path == Path::new(mark))) {
        let error =
            anyhow!("folder is neither a tree of pgdump-split nor a directory archive: {}", spec.shown());
        return Err(error.into());
    }
    let folder = tempfile::Builder::new().prefix("pgdump-diff-").tempdir().context("cannot make a folder")?;
    copy(blobs, folder.path()).with_context(|| format!("cannot copy out of git: {}", spec.shown()))?;
    let dump = cli::read_dump(folder.path(), options, wanted);
    dump.map_err(|failure| failure.replacing(&folder.path().display().to_string(), &spec.shown()))
}

/// Writes the files below a folder that is empty.
fn copy(blobs: &[Blob], folder: &Path) -> Result<()> {
    let mut list = tempfile::tempfile()?;
    let ids: Vec<&str> = blobs.iter().map(|blob| blob.id.as_str()).collect();
    list.write_all(ids.join("\n").as_bytes())?;
    list.rewind()?;
    let mut command = git();
    // No filter and no conversion of line ends is applied to what this prints.
    command.args(["cat-file", "--batch"]);
    let mut contents = BufReader::new(Pipe::open(command, Stdio::from(list))?);
    for blob in blobs {
        let mut heading = String::new();
        contents.read_line(&mut heading)?;
        // `id type size`, or `id missing`
        let size = heading.trim_end().strip_prefix(&format!("{} blob ", blob.id));
        let size: u64 = size.and_then(|size| size.parse().ok()).ok_or_else(|| {
            anyhow!("not in the repository: {}: {}", blob.path.display(), heading.trim_end())
        })?;
        let path = folder.join(&blob.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        // Never a file that is there, nor through a link.
        let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        let copied = io::copy(&mut (&mut contents).take(size), &mut file)?;
        let mut line_break = [0];
        contents.read_exact(&mut line_break)?;
        if copied != size {
            bail!("git ended early: {}", blob.path.display());
        }
    }
    let left = contents.read(&mut [0])?;
    if left > 0 {
        bail!("git printed more than was asked for");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_below_the_folder() {
        for path in ["../a", "a/../../b", "/etc/passwd", "", "./a"] {
            assert!(safe(path.as_bytes()).is_err(), "{path}");
        }
        assert_eq!(safe(b"a/..b/c").unwrap(), Path::new("a/..b/c"));
    }

    #[test]
    fn links_and_submodules_are_left_out() {
        let list = b"100644 blob aa\ta.sql\x00120000 blob bb\tlink.sql\x00160000 commit cc\tmodule\x00";
        let blobs = listed(list, 2, b"").unwrap();
        assert_eq!(blobs.iter().map(|blob| blob.id.as_str()).collect::<Vec<_>>(), ["aa"]);
        assert!(listed(b"100644 aa 2\tx/a.sql\x00", 1, b"x/").is_err());
    }
}

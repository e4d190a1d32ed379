//! A root folder that holds nothing but what a server needs: what is not in it, not even a socket, cannot be reached.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{chdir, chroot};

use crate::fence::Places;

const DEVICES: [&str; 4] = ["/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"];

/// Takes the calling thread into it. The mounts are seen by nobody else and end with the last process in there.
pub(crate) fn enter(places: &Places) -> io::Result<()> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    let nothing = None::<&Path>;
    mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)?;
    let root = places.root.as_path();
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("tmpfs"), root, Some("tmpfs"), flags, Some("size=1m,mode=755"))?;
    let devices = DEVICES.iter().map(Path::new);
    let mut shown: Vec<&Path> = places.read.iter().map(PathBuf::as_path).chain(devices).collect();
    shown.push(&places.write);
    // A folder comes before what is in it, and shows that as well.
    shown.sort();
    for path in shown {
        show(path, root)?;
    }
    mount(nothing, root, nothing, flags | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY, nothing)?;
    chroot(root)?;
    chdir("/")?;
    Ok(())
}

/// Makes a file, folder or link seen under its own name.
fn show(path: &Path, root: &Path) -> io::Result<()> {
    let at = root.join(path.strip_prefix("/").unwrap_or(path));
    if fs::symlink_metadata(&at).is_ok() {
        return Ok(());
    }
    let metadata = fs::symlink_metadata(path)?;
    if let Some(parent) = at.parent() {
        fs::create_dir_all(parent)?;
    }
    if metadata.is_symlink() {
        return symlink(fs::read_link(path)?, at);
    }
    match metadata.is_dir() {
        true => fs::create_dir_all(&at)?,
        false => drop(File::create(&at)?),
    }
    let nothing = None::<&Path>;
    mount(Some(path), &at, nothing, MsFlags::MS_BIND | MsFlags::MS_REC, nothing)?;
    Ok(())
}

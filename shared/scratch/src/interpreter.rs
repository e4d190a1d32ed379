//! The dynamic loader that a program names.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Reads the loader's path out of a program of 64 bits; none if the program needs none. Fields as in elf(5).
///
/// # Errors
/// When the file cannot be read or is no such program.
pub(crate) fn interpreter(program: &Path) -> io::Result<Option<PathBuf>> {
    const PT_INTERP: u32 = 3;
    let file = File::open(program)?;
    let mut header = [0; 64];
    file.read_exact_at(&mut header, 0)?;
    // Class 2 is 64 bits.
    if !header.starts_with(b"\x7fELF\x02") {
        return Err(io::Error::other(format!("no ELF program of 64 bits: {}", program.display())));
    }
    let (table, size, count) = (long(&header, 32), short(&header, 54), short(&header, 56));
    for number in 0..count {
        let mut entry = [0; 56];
        file.read_exact_at(&mut entry, table + u64::from(number) * u64::from(size))?;
        let kind = u32::from_ne_bytes([entry[0], entry[1], entry[2], entry[3]]);
        if kind == PT_INTERP {
            let mut path = vec![0; usize::try_from(long(&entry, 32)).unwrap_or(0).min(4096)];
            file.read_exact_at(&mut path, long(&entry, 8))?;
            path.retain(|byte| *byte != 0);
            return Ok(Some(PathBuf::from(OsStr::from_bytes(&path))));
        }
    }
    Ok(None)
}

fn long(bytes: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[at..at + 8]);
    u64::from_ne_bytes(number)
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_ne_bytes([bytes[at], bytes[at + 1]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_name_their_loader() {
        let loader = interpreter(&std::env::current_exe().unwrap()).unwrap();
        assert!(loader.is_none_or(|path| path.is_file()));
        assert!(interpreter(Path::new(file!())).is_err() || !Path::new(file!()).exists());
    }
}

//! Where the dumps to test against are.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The corpus, or `None` (with the reason printed) where it is absent.
#[allow(dead_code, reason = "each test program uses its share")]
pub fn corpus() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let folder = std::env::var_os("PGDUMPKIT_CORPUS").map_or(here, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no corpus at {}", folder.display());
    None
}

/// The program of another tool of this workspace, which lies beside our own.
#[allow(dead_code, reason = "each test program uses its share")]
pub fn beside(own: &str, name: &str) -> PathBuf {
    let program = Path::new(own).with_file_name(name);
    assert!(program.is_file(), "build the whole workspace first: {}", program.display());
    program
}

/// Runs a program to its end.
#[allow(dead_code, reason = "each test program uses its share")]
pub fn run(program: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // A program that refuses its input closes the pipe early.
        let _ = std::io::Write::write_all(&mut stdin, &input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

/// The text of a dump of the corpus, decompressed where its name ends in `.zst`.
#[allow(dead_code, reason = "each test program uses its share")]
pub fn text(path: &Path) -> Vec<u8> {
    if path.extension().is_some_and(|extension| extension == "zst") {
        let mut decoder = zstd::Decoder::new(std::fs::File::open(path).unwrap()).unwrap();
        // What `zstd --long=27` wrote.
        decoder.window_log_max(27).unwrap();
        let mut text = Vec::new();
        std::io::Read::read_to_end(&mut decoder, &mut text).unwrap();
        return text;
    }
    std::fs::read(path).unwrap()
}

/// Unpacks a `.tar.zst` of the corpus.
#[allow(dead_code, reason = "each test program uses its share")]
pub fn unpacked(path: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    tar::Archive::new(text(path).as_slice()).unpack(folder.path()).unwrap();
    folder
}

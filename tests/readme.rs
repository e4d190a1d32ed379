//! The examples of the README and what people see of messages are what the programs do.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "corpus.rs"]
mod corpus;
#[path = "transcript.rs"]
mod transcript;

use std::path::{Path, PathBuf};
use std::process::Command;

use scratch::{Cluster, Programs};

const JOIN: &str = env!("CARGO_BIN_EXE_pgdump-join");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A folder with the fixtures in it.
fn folder_with_fixtures() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(root().join("tests/fixtures")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    folder
}

/// Lets a shell find our programs first.
fn prepare(command: &mut Command, folder: &Path, bindir: Option<&Path>) {
    for name in ["pgdump-split", "pgdump-normalize", "pgdump-inspect", "pgdump-diff"] {
        corpus::beside(JOIN, name);
    }
    let ours = Path::new(JOIN).parent();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = ours.into_iter().chain(bindir).map(Path::to_owned).chain(std::env::split_paths(&path));
    command.current_dir(folder).env("PATH", std::env::join_paths(folders).unwrap());
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null").env_remove("GIT_DIR");
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), "test").env(format!("GIT_{role}_EMAIL"), "test@example.org");
    }
    command.env("LC_ALL", "C").env("COLUMNS", "100");
}

#[test]
fn the_examples_of_the_readme_run() {
    let Some(programs) = Programs::find_optional().unwrap() else {
        eprintln!("skipped: no PostgreSQL server programs");
        return;
    };
    let cluster = Cluster::start(&programs).unwrap();
    cluster.create_database("mydb").unwrap();
    cluster.psql_script("mydb", &std::fs::read(root().join("xtask/demo/shop.sql")).unwrap()).unwrap();
    let folder = folder_with_fixtures();
    std::fs::rename(folder.path().join("shop.dump"), folder.path().join("backup.dump")).unwrap();
    let git = Command::new("git").args(["init", "--quiet"]).current_dir(folder.path()).status().unwrap();
    assert!(git.success());
    transcript::check(&root().join("README.md"), &|command| {
        prepare(command, folder.path(), Some(programs.bindir()));
        command.env("PGHOST", cluster.socket_dir()).env("PGPORT", cluster.port().to_string());
        command.env("PGUSER", "postgres");
    });
}

#[test]
fn messages_are_as_written_down() {
    let folder = folder_with_fixtures();
    transcript::check(&root().join("tests/messages.md"), &|command| prepare(command, folder.path(), None));
}

//! `pgdump-take` and the others on a store that speaks the protocol of S3.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "corpus.rs"]
mod corpus;
#[path = "take/source.rs"]
mod source;
#[path = "take/store.rs"]
mod store;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use manifest::{File, Manifest};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use source::{PROGRAM, Source};
use store::{SECRET, TestStore, Way};

const PLACE: &str = "s3://backups/nightly";

/// A server, a store, and a folder for what is temporary.
struct World {
    source: Source,
    store: TestStore,
    tmp: PathBuf,
}

impl World {
    fn start() -> Option<World> {
        let source = Source::start()?;
        let tmp = source.folder.path().join("tmp");
        fs::create_dir(&tmp).unwrap();
        Some(World { source, store: TestStore::start(), tmp })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).args(["--dir", PLACE]).stdin(Stdio::null());
        let cluster = &self.source.cluster;
        command.env("PGHOST", cluster.socket_dir()).env("PGPORT", cluster.port().to_string());
        command.env("PGUSER", "postgres").env("PGDATABASE", "shop").env("TMPDIR", &self.tmp);
        self.store.tell(&mut command);
        command
    }

    fn take(&self, arguments: &[&str]) -> (i32, Value, String) {
        let output = self.command(&[arguments, &["--json"]].concat()).output().unwrap();
        for text in [&output.stdout, &output.stderr] {
            assert!(memchr::memmem::find(text, SECRET.as_bytes()).is_none());
        }
        source::outcome(output)
    }

    /// Runs another program of ours.
    fn run(&self, name: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(corpus::beside(PROGRAM, name));
        command.args(arguments).env("TMPDIR", &self.tmp).stdin(Stdio::null());
        self.store.tell(&mut command).output().unwrap()
    }

    fn list(&self) -> Vec<Value> {
        let output = self.run("pgdump-take", &["list", PLACE, "--json"]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let list: Value = serde_json::from_slice(&output.stdout).unwrap();
        list["backups"].as_array().unwrap().clone()
    }

    /// What lies where temporary files are, locks left out.
    fn kept(&self) -> Vec<String> {
        let mut kept = Vec::new();
        for folder in fs::read_dir(&self.tmp).unwrap().map(|entry| entry.unwrap().path()) {
            let entries = fs::read_dir(folder).unwrap();
            kept.extend(entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()));
        }
        kept.retain(|name| !name.ends_with(".lock"));
        kept.sort();
        kept
    }
}

fn only(result: &Value) -> &Value {
    &result["backups"][0]
}

/// Rows that nothing packs: enough for several parts.
const BIG: &str = "CREATE TABLE shop.big AS SELECT n, repeat(md5(n::text) || md5((n + 1)::text), 8) AS x \
    FROM generate_series(1, 50000) n";

#[test]
fn backups_go_to_a_store_and_are_read_there() {
    let Some(world) = World::start() else { return };
    world.source.psql(BIG);
    let mut paths = Vec::new();
    for format in ["-Fp", "-Fc", "-Ft", "-Fd"] {
        let (code, result, stderr) = world.take(&[format, "--content"]);
        assert_eq!(code, 0, "{format}: {stderr}{result:#}");
        paths.push(only(&result)["path"].as_str().unwrap().to_owned());
    }
    assert_eq!((world.kept(), world.store.parts()), (Vec::<String>::new(), 0));

    // What the store has is what the manifests say.
    for path in &paths {
        let name = path.strip_prefix("s3://backups/").unwrap();
        let beside = world.store.file(&format!("{name}.manifest.json"));
        let manifest = Manifest::read(&mut fs::File::open(beside).unwrap()).unwrap();
        for file in &manifest.files {
            let folder = world.store.file(name);
            let at = if folder.is_dir() { folder.join(&file.name) } else { folder };
            assert_eq!(&File::of(&file.name, &mut fs::File::open(at).unwrap()).unwrap(), file, "{path}");
        }
    }
    let complete = |backup: &Value| backup["complete"] == true && backup["verified_at"].is_null();
    let listed = world.list();
    assert_eq!((listed.len(), listed.iter().all(complete)), (4, true), "{listed:#?}");

    for path in &paths {
        let inspected = world.run("pgdump-inspect", &[path]);
        assert_eq!(inspected.status.code(), Some(0), "{}", String::from_utf8_lossy(&inspected.stderr));
        let compared = world.run("pgdump-diff", &["--rows", &paths[0], path]);
        assert_eq!(compared.status.code(), Some(0), "{}", String::from_utf8_lossy(&compared.stdout));
        let verified = world.run("pgdump-verify", &[path]);
        let text = String::from_utf8_lossy(&verified.stdout);
        assert_eq!(verified.status.code(), Some(0), "{text}");
        assert!(text.contains(&format!("by the manifest {path}.manifest.json")), "{text}");
    }
    assert!(world.list().iter().all(|backup| backup["verified_at"].is_string()));

    // One that is bad by now loses the record, and is named as what it is.
    let bad = world.store.file(paths[3].strip_prefix("s3://backups/").unwrap()).join("toc.dat");
    let text = fs::read(&bad).unwrap();
    let middle = text.len() / 2;
    fs::write(&bad, [&text[..middle], b"\0", &text[middle + 1..]].concat()).unwrap();
    let all = world.run("pgdump-verify", &["--dir", PLACE, "--max-age", "1h", "--level", "file"]);
    let text = String::from_utf8_lossy(&all.stdout);
    assert_eq!(all.status.code(), Some(1), "{text}{}", String::from_utf8_lossy(&all.stderr));
    assert!(paths.iter().all(|path| text.contains(&format!("backup    {path}\n"))), "{text}");
    assert!(text.contains("expected SHA-256"), "{text}");
    assert!(!text.contains(world.tmp.to_str().unwrap()), "{text}");
    let verified = |backup: &Value| backup["verified_at"].is_string();
    assert_eq!(world.list().iter().map(verified).collect::<Vec<_>>(), [true, true, true, false]);

    let arguments = ["--dir", PLACE, "--newest", "--max-age", "1h", "--level", "file"];
    let text = String::from_utf8_lossy(&world.run("pgdump-verify", &arguments).stdout).into_owned();
    assert_eq!(text.matches("not the newest backup").count(), 3, "{text}");
}

#[test]
fn only_what_is_ours_is_removed_from_a_store() {
    let Some(world) = World::start() else { return };
    // Of two within a second, the later one is called after the next, and does not count before that.
    let take = |arguments: &[&str]| {
        thread::sleep(Duration::from_millis(1100));
        world.take(arguments)
    };
    fs::create_dir(world.store.file("nightly")).unwrap();
    let foreign = ["nightly/shop-20240101T000000Z.dump", "nightly/notes.txt", "nightlyx"];
    for name in foreign {
        fs::write(world.store.file(name), "mine").unwrap();
    }
    for format in ["-Fd", "-Fc", "-Fc"] {
        let (code, result, stderr) = take(&[format, "--keep-last", "2"]);
        assert_eq!(code, 0, "{stderr}{result:#}");
    }
    assert_eq!(world.list().len(), 2);
    let mut names = world.store.names();
    names.retain(|name| !name.contains("shop-2026") && !name.contains(".dump."));
    assert!(foreign.iter().all(|name| names.contains(&(*name).to_owned())), "{names:?}");
    assert!(!world.store.names().iter().any(|name| name.contains(".dir/")), "{:?}", world.store.names());

    // A removal that was killed is brought to its end, and is no backup meanwhile.
    let name = world.list()[0]["name"].as_str().unwrap().to_owned();
    fs::write(world.store.file(&format!("nightly/.{name}.partial")), "leaving\n").unwrap();
    assert_eq!(world.list().len(), 1);
    let (code, result, stderr) = take(&["-Fc"]);
    assert_eq!(code, 0, "{stderr}{result:#}");
    assert!(only(&result)["notes"].to_string().contains(&name), "{result:#}");
    assert!(!world.store.names().iter().any(|left| left.contains(&name)), "{:?}", world.store.names());

    // What another machine may be sending is left alone.
    let coming = "nightly/.shop-20250101T000000Z.dump.partial";
    fs::write(world.store.file(coming), "coming\n").unwrap();
    assert_eq!(take(&["-Fc", "--keep-last", "1"]).0, 0);
    assert!(world.store.names().contains(&coming.to_owned()));
    assert_eq!(world.list().len(), 1);
}

#[test]
fn what_could_not_be_sent_is_kept_and_sent_by_the_next_run() {
    let Some(world) = World::start() else { return };
    world.source.psql(BIG);
    for arguments in [["-Fp"], ["-Fd"]] {
        let before = world.list().len();
        world.store.set(Way::Ends(600 << 10));
        let (code, result, stderr) = world.take(&arguments);
        assert_eq!(code, 2, "{stderr}{result:#}");
        assert!(only(&result)["path"].is_null() && stderr.contains("the next run sends it"), "{stderr}");
        world.store.set(Way::Free);
        assert_eq!(world.list().len(), before, "{:?}", world.store.names());
        assert!(!world.kept().is_empty());

        let (code, result, stderr) = world.take(&arguments);
        assert_eq!(code, 0, "{stderr}{result:#}");
        assert!(only(&result)["notes"].to_string().contains("could not send"), "{result:#}");
        let listed = world.list();
        assert_eq!(listed.len(), before + 2, "{:?}", world.store.names());
        assert!(listed.iter().all(|backup| backup["complete"] == true));
        assert_eq!(world.kept(), Vec::<String>::new());
        assert!(!world.store.names().iter().any(|name| name.ends_with(".partial")));
    }
}

#[test]
fn a_store_that_gives_back_something_else_has_no_backup() {
    let Some(world) = World::start() else { return };
    world.store.set(Way::Alters(b"CREATE SCHEMA shop;", b"CREATE SCHEMA shup;"));
    let (code, result, stderr) = world.take(&["-Fp"]);
    assert_eq!(code, 2, "{stderr}{result:#}");
    assert!(stderr.contains("the store does not have what was sent"), "{stderr}");
    world.store.set(Way::Free);
    assert_eq!(world.store.names(), Vec::<String>::new());
}

#[test]
fn one_that_is_ended_leaves_no_backup_behind() {
    let Some(world) = World::start() else { return };
    world.source.psql(BIG);
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        let before = world.list().len();
        world.store.set(Way::Slow(Duration::from_millis(20)));
        let mut child = world.command(&["-Fp"]).stdout(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        let sending = || world.store.names().iter().any(|name| name.ends_with(".partial"));
        while !sending() || world.store.parts() == 0 {
            assert!(begun.elapsed() < Duration::from_secs(60) && child.try_wait().unwrap().is_none());
            thread::sleep(Duration::from_millis(5));
        }
        kill(Pid::from_raw(child.id().cast_signed()), signal).unwrap();
        child.wait().unwrap();
        world.store.set(Way::Free);
        assert_eq!(world.list().len(), before, "{signal}");
        if signal == Signal::SIGTERM {
            assert_eq!(world.store.parts(), 0, "the store was not told that the rest does not come");
        }
        let (code, result, stderr) = world.take(&["-Fc"]);
        assert_eq!(code, 0, "{stderr}{result:#}");
        // What was made was complete.
        assert_eq!(world.list().len(), before + 2, "{:?}", world.store.names());
        assert!(!world.store.names().iter().any(|name| name.ends_with(".partial")));
        assert_eq!(world.kept(), Vec::<String>::new());
    }
}

#[test]
fn a_store_that_cannot_be_reached_is_told_before_anything_is_taken() {
    let Some(world) = World::start() else { return };
    world.store.set(Way::Ends(0));
    let (code, result, stderr) = world.take(&["-Fc"]);
    assert_eq!(code, 2, "{stderr}{result:#}");
    assert!(stderr.contains("cannot clear: s3://backups/nightly"), "{stderr}");
    assert_eq!(world.kept(), Vec::<String>::new());

    // Anybody may have made the folder that backups are made in.
    world.store.set(Way::Free);
    let made = fs::read_dir(&world.tmp).unwrap().next().unwrap().unwrap().path();
    fs::remove_dir_all(&made).unwrap();
    std::os::unix::fs::symlink(Path::new("/tmp"), &made).unwrap();
    let (code, _, stderr) = world.take(&["-Fc"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("not a folder that only you enter"), "{stderr}");
}

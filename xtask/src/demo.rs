//! `cargo xtask demo`: the tools at work on a small database, shown like a transcript.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use scratch::Cluster;

use crate::{process, workspace};

const SHOP: &str = include_str!("../demo/shop.sql");
const TUESDAY: &str = include_str!("../demo/tuesday.sql");

/// Builds the tools, then shows them: take, verify, split, commit, change, take, split, diff, join, restore, compare.
pub fn run() -> Result<()> {
    let programs = scratch::ensure()?;
    let bin = workspace::build_release()?;
    for tool in ["pgdump-take", "pgdump-verify", "pgdump-split", "pgdump-diff", "pgdump-join"] {
        if !bin.join(tool).is_file() {
            bail!("the demo needs a program that the workspace does not build: `{tool}`");
        }
    }
    let root = workspace::root();
    let folder = root.join("demo");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let stage = Stage { cluster: Cluster::start(&programs)?, bin, root, folder };
    stage.play()
}

struct Stage {
    cluster: Cluster,
    bin: PathBuf,
    root: PathBuf,
    folder: PathBuf,
}

impl Stage {
    fn play(&self) -> Result<()> {
        say("A small shop, in a throw-away PostgreSQL that only the demo uses.");
        self.cluster.create_database("shop")?;
        self.script("shop", "xtask/demo/shop.sql", SHOP.as_bytes())?;
        let monday = self.take()?;

        say("The backup restores, and holds what the shop held at that moment.");
        self.show(Command::new(self.bin.join("pgdump-verify")).arg(&monday))?;

        say(
            "The backup becomes one file per object. The rows of shop.country are reference data: they come along.",
        );
        self.split(&monday)?;
        self.show(&mut git(&["init", "--quiet", "--initial-branch=main"]))?;
        self.show(&mut git(&["add", "tree"]))?;
        self.show(&mut git(&["commit", "--quiet", "-m", "The shop on Monday"]))?;
        self.show(&mut git(&["ls-files"]))?;

        say("Somebody changes one function. The next backup is split into the same tree.");
        self.script("shop", "xtask/demo/tuesday.sql", TUESDAY.as_bytes())?;
        let tuesday = self.take()?;
        self.split(&tuesday)?;
        self.show(&mut git(&["status", "--short", "tree"]))?;
        self.show(&mut git(&["--no-pager", "diff", "--no-color"]))?;

        say("What changed between the two backups, object by object.");
        let mut diff = Command::new(self.bin.join("pgdump-diff"));
        self.show_differing(diff.arg(&monday).arg(&tuesday))?;

        say("The tree becomes a dump again, and that dump restores.");
        let mut join = Command::new(self.bin.join("pgdump-join"));
        self.show_into(join.arg("demo/tree"), "joined.sql")?;
        self.cluster.create_database("restored")?;
        let joined = self.folder.join("joined.sql");
        let joined = fs::read(&joined).with_context(|| format!("cannot read {}", joined.display()))?;
        self.script("restored", "demo/joined.sql", &joined)?;

        say("Both databases, asked for their schema, answer the same.");
        let original = self.dump("shop", &["-s"], "shop.schema.sql")?;
        let restored = self.dump("restored", &["-s"], "restored.schema.sql")?;
        let differing = differing_lines(&original, &restored);
        println!("{differing} differing lines");
        if differing > 0 {
            bail!("the restored schema differs, compare: demo/shop.schema.sql demo/restored.schema.sql");
        }
        Ok(())
    }

    fn split(&self, dump: &str) -> Result<()> {
        let mut split = Command::new(self.bin.join("pgdump-split"));
        split.arg(dump).args(["--out", "demo/tree", "--data", "shop.country"]);
        self.show(&mut split)
    }

    /// Takes a backup, and returns where it is.
    fn take(&self) -> Result<String> {
        let backups = self.folder.join("backups");
        fs::create_dir_all(&backups).with_context(|| format!("cannot create {}", backups.display()))?;
        let mut take = Command::new(self.bin.join("pgdump-take"));
        // What leads to the cluster is in the environment of its own programs.
        for (name, value) in self.cluster.command("psql").get_envs() {
            match value {
                Some(value) => take.env(name, value),
                None => take.env_remove(name),
            };
        }
        self.show(take.args(["shop", "--content", "--dir", "demo/backups"]))?;
        let mut names = Vec::new();
        for entry in fs::read_dir(&backups).with_context(|| format!("cannot read {}", backups.display()))? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        let newest = names.into_iter().filter(|name| name.ends_with(".sql")).max();
        Ok(format!("demo/backups/{}", newest.context("no backup was taken")?))
    }

    /// Runs a script of our own through psql.
    fn script(&self, database: &str, name: &str, text: &[u8]) -> Result<()> {
        println!("$ psql -X -q -v ON_ERROR_STOP=1 -d {database} -f {name}");
        Ok(self.cluster.psql_script(database, text)?)
    }

    fn dump(&self, database: &str, arguments: &[&str], name: &str) -> Result<Vec<u8>> {
        let words: Vec<&str> = ["pg_dump"].into_iter().chain(arguments.iter().copied()).collect();
        println!("$ {} {database} > demo/{name}", words.join(" "));
        let bytes = self.cluster.pg_dump(database, arguments)?;
        let path = self.folder.join(name);
        fs::write(&path, &bytes).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(bytes)
    }

    fn show(&self, command: &mut Command) -> Result<()> {
        println!("$ {}", process::line(command));
        process::run(command.current_dir(&self.root))
    }

    /// Shows a program that ends with 1 where things differ.
    fn show_differing(&self, command: &mut Command) -> Result<()> {
        println!("$ {}", process::line(command));
        let status = command.current_dir(&self.root).status().context("cannot run it")?;
        match status.code() {
            Some(1) => Ok(()),
            _ => bail!("expected to find a difference: {status}"),
        }
    }

    fn show_into(&self, command: &mut Command, name: &str) -> Result<()> {
        println!("$ {} > demo/{name}", process::line(command));
        let path = self.folder.join(name);
        let file = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
        process::run(command.current_dir(&self.root).stdout(file))
    }
}

fn say(text: &str) {
    println!("\n# {text}");
}

/// Git on the demo's own repository, as nobody in particular, whatever the user's own settings.
fn git(arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.args(["-C", "demo"]).args(arguments);
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), "demo").env(format!("GIT_{role}_EMAIL"), "demo@example.org");
    }
    // Signing, hooks, line endings, aliases: nothing of it belongs here.
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null").env_remove("GIT_DIR");
    command
}

/// Counts the lines that one text has and the other has not at that place.
///
/// The keys of `\restrict` and `\unrestrict` are new in every dump.
fn differing_lines(a: &[u8], b: &[u8]) -> usize {
    let lines = |text: &[u8]| -> Vec<Vec<u8>> {
        text.split(|byte| *byte == b'\n')
            .filter(|line| !line.starts_with(b"\\restrict ") && !line.starts_with(b"\\unrestrict "))
            .map(<[u8]>::to_vec)
            .collect()
    };
    let (a, b) = (lines(a), lines(b));
    let same = a.iter().zip(&b).filter(|(a, b)| a == b).count();
    a.len().max(b.len()) - same
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_restrict_are_no_difference() {
        assert_eq!(differing_lines(b"\\restrict a\nx\ny\n", b"\\restrict b\nx\ny\n"), 0);
        assert_eq!(differing_lines(b"x\ny\n", b"x\nz\n"), 1);
        assert_eq!(differing_lines(b"x\n", b"x\ny\n"), 2);
    }

    /// The demo's scripts must run on every supported server, even while the tools change.
    #[test]
    fn scripts_run() {
        let Some(programs) = scratch::Programs::find_optional().unwrap() else {
            println!("skipped: no PostgreSQL server found");
            return;
        };
        let cluster = Cluster::start(&programs).unwrap();
        cluster.create_database("shop").unwrap();
        cluster.psql_script("shop", SHOP.as_bytes()).unwrap();
        let monday = cluster.pg_dump("shop", &[]).unwrap();
        cluster.psql_script("shop", TUESDAY.as_bytes()).unwrap();
        assert!(differing_lines(&monday, &cluster.pg_dump("shop", &[]).unwrap()) > 0);
    }
}

//! `pgdump-diff` inside git: the recipes of docs/git.md, revisions, hooks, the GitHub Action.
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

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use yaml_rust2::{Yaml, YamlLoader};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-diff");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Lets a program run in a folder as on any machine: our programs first, no settings of git but the repository's.
fn prepare(command: &mut Command, folder: &Path) {
    for name in ["pgdump-split", "pgdump-normalize"] {
        corpus::beside(PROGRAM, name);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        Path::new(PROGRAM).parent().map(Path::to_owned).into_iter().chain(std::env::split_paths(&path));
    command.current_dir(folder).env("PATH", std::env::join_paths(folders).unwrap());
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    for variable in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_EXTERNAL_DIFF", "GIT_WORK_TREE"] {
        command.env_remove(variable);
    }
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), "test").env(format!("GIT_{role}_EMAIL"), "test@example.org");
    }
    command.env("LC_ALL", "C").env("COLUMNS", "100").env("PGDUMPKIT", root());
}

fn run(folder: &Path, program: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    prepare(&mut command, folder);
    command.args(arguments).output().unwrap()
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, "git", arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The exit code, stdout and stderr.
fn diff(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    told(run(folder, PROGRAM, arguments))
}

fn told(output: Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

const TABLE: &str = "CREATE TABLE a.t (\n    x integer\n);\n";
const OTHER: &str = "CREATE TABLE a.t (\n    x bigint\n);\n";

/// A repository with these files in its first commit.
fn repository(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "--quiet", "--initial-branch=main"]);
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    git(folder.path(), &["add", "--all"]);
    git(folder.path(), &["commit", "--quiet", "--allow-empty", "-m", "mydb"]);
    folder
}

fn shop() -> String {
    fs::read_to_string(root().join("tests/fixtures/shop.sql")).unwrap()
}

/// A repository with `mydb.sql` and its tree `schema`, in which a column of `mydb.sql` has gone.
fn repository_with_a_change() -> tempfile::TempDir {
    let folder = repository(&[]);
    let sql = shop();
    fs::write(folder.path().join("mydb.sql"), &sql).unwrap();
    let split = corpus::beside(PROGRAM, "pgdump-split");
    let done = run(folder.path(), split.to_str().unwrap(), &["mydb.sql", "--out", "schema"]);
    assert!(done.status.success());
    git(folder.path(), &["add", "--all"]);
    git(folder.path(), &["commit", "--quiet", "--amend", "-m", "mydb"]);
    let changed = sql.replacen("    details jsonb,\n", "", 1);
    assert_ne!(changed, sql);
    fs::write(folder.path().join("mydb.sql"), changed).unwrap();
    folder
}

#[test]
fn the_recipes_work() {
    let folder = repository_with_a_change();
    transcript::check(&root().join("docs/git.md"), &|command| prepare(command, folder.path()));
}

#[test]
fn steps_of_a_real_history_are_compared_as_their_files_are() {
    let Some(corpus) = corpus::corpus() else { return };
    let unpacked = corpus::unpacked(&corpus.join("history/feedbin.tar.zst"));
    let steps = unpacked.path().join("feedbin__feedbin");
    let mut files: Vec<PathBuf> = fs::read_dir(&steps).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "sql"));
    files.sort();
    let repository = repository(&[]);
    let (folder, mut compared) = (repository.path(), 0);
    for (at, file) in files.iter().enumerate().take(24) {
        fs::copy(file, folder.join("structure.sql")).unwrap();
        git(folder, &["add", "structure.sql"]);
        git(folder, &["commit", "--quiet", "--allow-empty", "-m", "step"]);
        if at > 0 {
            let before = files[at - 1].to_str().unwrap();
            let by_files = diff(folder, &[before, file.to_str().unwrap()]);
            let by_revisions = diff(folder, &["HEAD~1:structure.sql", "HEAD:structure.sql"]);
            assert_eq!((by_files.0, &by_files.1), (by_revisions.0, &by_revisions.1), "{}", file.display());
            assert!(by_files.0 < 2, "{by_files:?}");
            compared += 1;
        }
    }
    assert_eq!(compared, 23);
}

#[test]
fn any_form_of_a_dump_is_read_out_of_git() {
    let archive = fs::read(root().join("tests/fixtures/shop.dump")).unwrap();
    let packed = zstd::encode_all(shop().as_bytes(), 1).unwrap();
    let repository =
        repository(&[("a b.dump", &archive), ("sub/packed", &packed), ("a:b.sql", TABLE.as_bytes())]);
    let folder = repository.path();
    assert_eq!(diff(folder, &["HEAD:a b.dump", "HEAD:sub/packed"]).1, "no differences\n");
    assert_eq!(diff(&folder.join("sub"), &["HEAD:./packed", ":./packed"]).1, "no differences\n");
    assert_eq!(diff(folder, &["a:b.sql", "HEAD:a:b.sql"]).1, "no differences\n");
    // What is on the disk goes first.
    fs::write(folder.join("HEAD:x.sql"), OTHER).unwrap();
    assert_eq!(diff(folder, &["HEAD:x.sql", "HEAD:a:b.sql"]).0, 1);
    let Some(corpus) = corpus::corpus() else { return };
    let formats = corpus.join("formats/hard.server18");
    fs::create_dir(folder.join("dir")).unwrap();
    for entry in fs::read_dir(formats.join("dir-zstd")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.join("dir").join(entry.file_name())).unwrap();
    }
    git(folder, &["add", "dir"]);
    let (code, stdout, stderr) =
        diff(folder, &[":dir", formats.join("custom-gzip.dump").to_str().unwrap(), "--rows"]);
    assert_eq!((code, stdout.as_str()), (0, "no differences\n"), "{stderr}");
}

#[test]
fn what_git_cannot_give_is_trouble() {
    let sql = shop();
    let cut = &sql.as_bytes()[..sql.len() / 2];
    let repository =
        repository(&[("t.sql", TABLE.as_bytes()), ("cut.sql", cut), ("empty.sql", b""), ("f/x", b"x")]);
    let folder = repository.path();
    let cases = [
        ("HEAD:cut.sql", "HEAD:cut.sql: truncated dump"),
        ("HEAD:empty.sql", "empty input: HEAD:empty.sql"),
        ("HEAD:missing.sql", "no such path in git at revision `HEAD`: missing.sql"),
        ("HEAD:f", "neither a tree of pgdump-split nor a directory archive: HEAD:f"),
        (":f", "neither a tree of pgdump-split nor a directory archive: :f"),
        (":missing.sql", "no such path in git's index: missing.sql"),
        ("v1:t.sql", "git knows no such revision: v1"),
        (":/mydb", "neither a file nor a folder but a commit"),
        ("missing.sql", "no such file or folder: missing.sql"),
    ];
    for (side, complaint) in cases {
        for pair in [["t.sql", side], [side, "t.sql"]] {
            let (code, _, stderr) = diff(folder, &pair);
            assert!(code == 2 && stderr.contains(complaint), "{pair:?}: {code}: {stderr}");
        }
    }
    let (code, _, stderr) = diff(folder, &["--", "--output=x:t.sql", "t.sql"]);
    assert!(code == 2 && stderr.contains("git knows no such revision: --output=x"), "{stderr}");
    assert!(!folder.join("x").exists() && !folder.join("x:t.sql").exists());
    let outside = tempfile::tempdir().unwrap();
    let (code, _, stderr) = diff(outside.path(), &["HEAD:t.sql", "HEAD:t.sql"]);
    assert!(code == 2 && stderr.contains("not a git repository"), "{stderr}");
    // A damaged repository.
    let id = git(folder, &["rev-parse", "HEAD:t.sql"]);
    let object = folder.join(".git/objects").join(&id[..2]).join(id[2..].trim_end());
    fs::set_permissions(&object, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&object, b"damaged").unwrap();
    assert_eq!(diff(folder, &["HEAD:t.sql", "t.sql"]).0, 2);
}

/// Guards against a repository that runs programs of its own, or leads out of the folder a tree is copied to.
#[test]
fn a_repository_runs_nothing() {
    let repository = repository_with_a_change();
    let folder = repository.path();
    let mark = folder.join("ran");
    let script = folder.join("script");
    fs::write(&script, format!("#!/bin/sh\ntouch '{}'\ncat\n", mark.display())).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let script = script.to_str().unwrap();
    let settings = [
        "core.fsmonitor",
        "core.pager",
        "diff.x.textconv",
        "diff.x.command",
        "filter.x.smudge",
        "filter.x.clean",
        "filter.x.process",
        "diff.external",
    ];
    for setting in settings {
        git(folder, &["config", setting, script]);
    }
    fs::write(folder.join(".gitattributes"), "* diff=x filter=x\n").unwrap();
    for old in ["HEAD:mydb.sql", "HEAD:schema", ":mydb.sql", ":schema"] {
        assert_eq!(diff(folder, &[old, "mydb.sql"]).0, 1);
    }
    assert!(!mark.exists());
}

#[test]
fn git_is_given_what_it_wants_of_an_external_diff() {
    let repository = repository(&[
        ("gone.sql", TABLE.as_bytes()),
        ("kept.sql", TABLE.as_bytes()),
        ("empty.sql", b""),
        ("cut.sql", b"COPY a.t (x) FROM stdin;\n"),
        ("two words.sql", TABLE.as_bytes()),
    ]);
    let folder = repository.path();
    git(folder, &["config", "diff.pgdump.command", "pgdump-diff --git"]);
    fs::write(folder.join(".git/info/attributes"), "*.sql diff=pgdump\n").unwrap();
    fs::remove_file(folder.join("gone.sql")).unwrap();
    for name in ["new.sql", "empty.sql", "two words.sql"] {
        fs::write(folder.join(name), OTHER).unwrap();
    }
    git(folder, &["add", "--all"]);
    let totals = |added, changed, dropped, breaking, destructive| {
        format!(
            "changes: {added} added, {changed} changed, {dropped} dropped; {breaking} breaking, {destructive} destructive\n"
        )
    };
    let shown = |name: &str| git(folder, &["diff", "--cached", "--", name]);
    for (name, sign) in [("new.sql", '+'), ("empty.sql", '+'), ("gone.sql", '-')] {
        let report = shown(name);
        assert!(
            report.starts_with(&format!("diff --pgdump a/{name} b/{name}\nschema a\n  {sign} table a.t")),
            "{report}"
        );
    }
    let report = shown("two words.sql");
    assert!(report.ends_with(&totals(0, 1, 0, 0, 0)), "{report}");
    // A renamed file has both its names.
    git(folder, &["mv", "kept.sql", "moved.sql"]);
    fs::write(folder.join("moved.sql"), format!("{TABLE}CREATE SCHEMA a;\n")).unwrap();
    git(folder, &["add", "--all"]);
    let report = git(folder, &["diff", "--cached", "-M30", "HEAD", "--", "kept.sql", "moved.sql"]);
    assert!(report.starts_with("diff --pgdump a/kept.sql b/moved.sql\nschema a\n  + schema a\n"), "{report}");
    // Trouble ends the diff.
    fs::write(folder.join("cut.sql"), OTHER).unwrap();
    let (code, _, stderr) = told(run(folder, "git", &["diff", "--", "cut.sql"]));
    assert!(code == 128 && stderr.contains("external diff died"), "{stderr}");
}

#[test]
fn a_file_that_is_not_merged_is_named() {
    let repository = repository(&[("mydb.sql", TABLE.as_bytes())]);
    let folder = repository.path();
    git(folder, &["config", "diff.external", "pgdump-diff --git"]);
    git(folder, &["checkout", "--quiet", "-b", "other"]);
    for (branch, sql) in [("other", OTHER), ("main", "CREATE TABLE a.t (\n    x text\n);\n")] {
        git(folder, &["checkout", "--quiet", branch]);
        fs::write(folder.join("mydb.sql"), sql).unwrap();
        git(folder, &["commit", "--quiet", "--all", "-m", "change"]);
    }
    assert!(!run(folder, "git", &["merge", "--quiet", "other"]).status.success());
    let shown = git(folder, &["diff", "--cached", "--", "mydb.sql"]);
    assert!(shown.starts_with("* Unmerged path mydb.sql\n"), "{shown}");
}

fn hook() -> String {
    root().join("integration/git/pre-commit").to_str().unwrap().to_owned()
}

#[test]
fn the_hook_looks_at_what_is_committed() {
    let repository = repository(&[("a.sql", TABLE.as_bytes()), ("b.sql", TABLE.as_bytes())]);
    let folder = repository.path();
    let code = |dumps: &[&str]| told(run(folder, &hook(), dumps)).0;
    // Changed on the disk, and not to be committed.
    fs::write(folder.join("a.sql"), OTHER).unwrap();
    assert_eq!(code(&["a.sql", "b.sql", "missing.sql"]), 0);
    git(folder, &["add", "a.sql"]);
    assert_eq!(code(&["b.sql"]), 0);
    let (one, stdout, _) = told(run(folder, &hook(), &["--stat", "a.sql", "b.sql"]));
    assert!(
        one == 1 && stdout.starts_with("a.sql:\ntable") && stdout.contains("changes: 0 added"),
        "{stdout}"
    );
    // Deleted; then cut, which is worse.
    git(folder, &["rm", "--quiet", "b.sql"]);
    assert_eq!(code(&["b.sql"]), 1);
    fs::write(folder.join("a.sql"), "COPY a.t (x) FROM stdin;\n").unwrap();
    git(folder, &["add", "a.sql"]);
    assert_eq!(code(&["a.sql", "b.sql"]), 2);
}

#[test]
fn the_hook_allows_a_first_commit_to_be_seen() {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "--quiet", "--initial-branch=main"]);
    fs::write(folder.path().join("a.sql"), TABLE).unwrap();
    git(folder.path(), &["add", "a.sql"]);
    let (code, stdout, stderr) = told(run(folder.path(), &hook(), &["a.sql"]));
    assert!(code == 1 && stdout.contains("+ table a.t"), "{stdout} {stderr}");
}

fn yaml(path: &str) -> Yaml {
    let text = fs::read_to_string(root().join(path)).unwrap();
    YamlLoader::load_from_str(&text).unwrap().remove(0)
}

/// The YAML blocks of docs/git.md.
fn examples() -> Vec<Yaml> {
    let text = fs::read_to_string(root().join("docs/git.md")).unwrap();
    let blocks = text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    blocks.map(|block| YamlLoader::load_from_str(&block).unwrap().remove(0)).collect()
}

#[test]
fn the_examples_name_what_there_is() {
    let hooks = yaml(".pre-commit-hooks.yaml");
    let [pre_commit, workflow] = examples().try_into().unwrap();
    assert_eq!(pre_commit["repos"][0]["hooks"][0]["id"], hooks[0]["id"]);
    let entry = root().join(hooks[0]["entry"].as_str().unwrap());
    assert_eq!(fs::metadata(entry).unwrap().permissions().mode() & 0o111, 0o111);
    let action = yaml("action.yml");
    let steps = &workflow["jobs"]["schema"]["steps"];
    for name in steps[1]["with"].as_hash().unwrap().keys() {
        assert!(!action["inputs"][name.as_str().unwrap()].is_badvalue(), "{name:?}");
    }
}

/// Runs the steps of the action as a runner does, but for the first, which builds, and the last, which needs GitHub.
#[test]
fn the_action_tells_what_a_pull_request_changes() {
    let action = yaml("action.yml");
    let steps = action["runs"]["steps"].as_vec().unwrap();
    let step = steps.iter().find(|step| step["name"].as_str() == Some("Compare")).unwrap();
    let repository = repository_with_a_change();
    let folder = repository.path();
    git(folder, &["branch", "base"]);
    git(folder, &["commit", "--quiet", "--all", "-m", "no more details"]);
    let runner = tempfile::tempdir().unwrap();
    let compare = |dumps: &str, fail_on: &str| {
        let mut shell = Command::new("sh");
        prepare(&mut shell, folder);
        shell.args(["-e", "-c", step["run"].as_str().unwrap()]);
        shell.env("DUMPS", dumps).env("FAIL_ON", fail_on).env("BASE", "base").env("HEAD", "HEAD");
        shell.env("GITHUB_ACTION_PATH", root()).env("RUNNER_TEMP", runner.path());
        shell.env("GITHUB_STEP_SUMMARY", runner.path().join("summary"));
        let told = told(shell.output().unwrap());
        (told, fs::read_to_string(runner.path().join("pgdump-diff.md")).unwrap_or_default())
    };
    let ((code, stdout, stderr), report) = compare("mydb.sql\nschema\n", "");
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("file=mydb.sql,") && stdout.contains("details"), "{stdout}");
    assert!(report.contains("details"), "{report}");
    assert_eq!(compare("mydb.sql\nschema", "destructive").0.0, 1);
    let ((code, stdout, _), report) = compare("schema", "");
    assert_eq!((code, stdout.as_str(), report.as_str()), (0, "", ""));
    assert_eq!(compare("missing.sql", "").0.0, 2);
}

/// Tries the example with the framework itself where it is installed.
#[test]
fn the_framework_for_hooks_runs_ours() {
    let folder = repository_with_a_change();
    let found = Command::new("pre-commit").arg("--version").output();
    if !found.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no pre-commit framework");
        return;
    }
    // A commit of ours with what the framework takes from it.
    let files = [".pre-commit-hooks.yaml", "integration/git/pre-commit"];
    let ours = repository(&[]);
    fs::create_dir_all(ours.path().join("integration/git")).unwrap();
    for name in files {
        fs::copy(root().join(name), ours.path().join(name)).unwrap();
    }
    git(ours.path(), &["add", "--all"]);
    git(ours.path(), &["commit", "--quiet", "-m", "hooks"]);
    let text = fs::read_to_string(root().join("docs/git.md")).unwrap();
    let example = text.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let example = example
        .replace("https://github.com/pgdumpkit/pgdumpkit", ours.path().to_str().unwrap())
        .replace("rev: main", &format!("rev: {}", git(ours.path(), &["rev-parse", "HEAD"]).trim_end()));
    let folder = folder.path();
    fs::write(folder.join(".pre-commit-config.yaml"), example).unwrap();
    git(folder, &["add", "--all"]);
    let home = tempfile::tempdir().unwrap();
    let framework = |arguments: &[&str]| {
        let mut command = Command::new("pre-commit");
        prepare(&mut command, folder);
        told(command.args(arguments).env("PRE_COMMIT_HOME", home.path()).output().unwrap())
    };
    let (code, stdout, stderr) = framework(&["install"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    let mut command = Command::new("git");
    prepare(&mut command, folder);
    command.args(["commit", "-m", "no more details"]).env("PRE_COMMIT_HOME", home.path());
    let (code, stdout, stderr) = told(command.output().unwrap());
    assert!(code == 1 && format!("{stdout}{stderr}").contains("column details"), "{stdout}{stderr}");
    git(folder, &["reset", "--quiet", "mydb.sql"]);
    assert_eq!(framework(&["run"]).0, 0);
}

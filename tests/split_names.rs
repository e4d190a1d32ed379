//! `pgdump-split` with names, files and disks that nobody wishes for.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "corpus.rs"]
mod corpus;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-split");

/// `nobody` wherever there is one.
const NOBODY: u32 = 65534;

fn split(tree: &Path, dump: &[u8], more: &[&str]) -> Output {
    let arguments = [&["-", "--out", tree.to_str().unwrap()], more].concat();
    corpus::run(Path::new(PROGRAM), &arguments, dump)
}

fn good(output: &Output) {
    assert!(output.status.success(), "{}", stderr(output));
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Everything below a folder: files with their bytes, links with where they lead, folders with nothing.
fn everything(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fn visit(root: &Path, folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let file_type = fs::symlink_metadata(&path).unwrap().file_type();
            let content = if file_type.is_symlink() {
                fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
            } else if file_type.is_dir() {
                visit(root, &path, found);
                Vec::new()
            } else {
                fs::read(&path).unwrap()
            };
            found.insert(path.strip_prefix(root).unwrap().to_owned(), content);
        }
    }
    let mut found = BTreeMap::new();
    visit(root, root, &mut found);
    found
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Names that trouble a disk, a shell, git, or a tree that somebody copies to another system.
fn names() -> Vec<String> {
    let mut names: Vec<String> = [
        "users",
        "Users",
        "USERS",
        "con",
        "CON",
        "nul.x",
        "trail.",
        "trail",
        "trail ",
        " lead",
        ".git",
        "..",
        ".",
        "-rf",
        "new\nline",
        "new\r\nline",
        "quo\"te",
        "it's",
        "semi;colon",
        "../../../escape",
        "/etc/x",
        "C:\\x",
        "a/b",
        "a%2Fb",
        "a*b?",
        "tab\tname",
        "esc\u{1b}[31m",
        "right\u{202e}left",
        "git~1",
        "x:y",
        "<x>",
        "a|b",
        "a+1",
        "$HOME",
        "`id`",
    ]
    .map(str::to_owned)
    .into();
    // One word for people and for some disks, three for PostgreSQL: composed, decomposed, upper case.
    names.extend(["naïve_таблица", "nai\u{308}ve_таблица", "NAÏVE_ТАБЛИЦА"].map(str::to_owned));
    // Letters that fold to ASCII ones or to several.
    names.extend(
        ["\u{212a}elvin", "kelvin", "\u{17f}ize", "size", "stra\u{df}e", "strasse", "\u{fb01}le", "file"]
            .map(str::to_owned),
    );
    // As long as PostgreSQL lets them be.
    names.push("a".repeat(63));
    names.push(format!("{}B", "a".repeat(62)));
    names.push(format!("x{}", "я".repeat(31)));
    names.push("\u{1}".repeat(63));
    names
}

#[test]
fn every_name_has_a_file_of_its_own_on_every_disk() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("deep/er/tree");
    let mut dump = String::from("CREATE SCHEMA app;\n");
    for name in names() {
        let name = quoted(&name);
        dump += &format!("CREATE SCHEMA {name};\nCREATE TABLE {name}.t (a integer);\n");
        dump +=
            &format!("CREATE TABLE app.{name} (a integer);\nCOMMENT ON TABLE app.{name} IS 'the table';\n");
        dump += &format!("CREATE FUNCTION app.{name}() RETURNS integer LANGUAGE sql AS 'select 1';\n");
    }
    good(&split(&tree, dump.as_bytes(), &[]));
    let all = everything(folder.path());
    let paths: Vec<&str> = all.keys().map(|path| path.to_str().unwrap()).collect();
    // Pure ASCII without letters that only case tells apart: no folding of Unicode can bring two together.
    assert!(paths.iter().all(|path| path.is_ascii()), "{paths:?}");
    let folded: BTreeSet<String> = paths.iter().map(|path| path.to_ascii_lowercase()).collect();
    assert_eq!(folded.len(), paths.len());
    assert!(paths.iter().all(|path| "deep/er/tree".starts_with(path) || path.starts_with("deep/er/tree/")));
    assert!(paths.iter().all(|path| path.split('/').all(|part| part.len() <= 255)));
    let count =
        |folder: &str| paths.iter().filter(|path| path.contains(folder) && path.ends_with(".sql")).count();
    assert_eq!(count("/schemas/app/tables/"), names().len());
    assert_eq!(count("/schemas/app/functions/"), names().len());
    assert_eq!(count("/schema.sql"), names().len() + 1);
    for (path, text) in all.iter().filter(|(path, _)| path.extension().is_some_and(|e| e == "sql")) {
        // A line break in a name must not end the comment that names the object.
        let mut lines = text.split(|byte| *byte == b'\n');
        assert!(lines.next().unwrap().starts_with(b"-- pgdumpkit: "), "{}", path.display());
        assert_eq!(lines.next(), Some(&b""[..]), "{}", path.display());
    }
    // What is in the tree is what was in the dump.
    assert_eq!(split(&tree, dump.as_bytes(), &["--check"]).status.code(), Some(0));
}

#[test]
fn overloads_share_a_file_in_the_order_of_their_signatures() {
    let types = [
        "integer",
        "text",
        "bigint",
        "boolean",
        "numeric",
        "date",
        "uuid",
        "json",
        "jsonb",
        "bytea",
        "inet",
        "point",
        "xml",
        "real",
        "double precision",
        "character varying",
        "timestamp with time zone",
        "integer[]",
        "app.mood",
        "\"App\".\"T\"",
    ];
    let dump = |types: &[&str]| -> Vec<u8> {
        let statement = |argument: &&str| {
            format!(
                "CREATE FUNCTION app.f({argument}) RETURNS integer LANGUAGE sql AS 'select 1';\nCOMMENT ON FUNCTION app.f({argument}) IS '{argument}';\n"
            )
        };
        types.iter().map(statement).collect::<String>().into_bytes()
    };
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    good(&split(&one, &dump(&types), &[]));
    let mut reversed = types;
    reversed.reverse();
    good(&split(&two, &dump(&reversed), &[]));
    assert_eq!(everything(&one), everything(&two));
    let file = fs::read_to_string(one.join("schemas/app/functions/f.sql")).unwrap();
    let heads = file.lines().filter_map(|line| line.strip_prefix("CREATE FUNCTION app.f("));
    let signatures: Vec<&str> = heads.map(|line| line.split(") RETURNS").next().unwrap()).collect();
    let mut sorted = signatures.clone();
    sorted.sort_unstable();
    assert_eq!((signatures.len(), &signatures), (types.len(), &sorted));
}

const SHOP: &[u8] =
    b"CREATE SCHEMA shop;\nCREATE TABLE shop.item (id integer);\nCREATE TABLE shop.gone (id integer);\n";
const LESS: &[u8] = b"CREATE SCHEMA shop;\nCREATE TABLE shop.item (id bigint);\n";

#[test]
fn no_link_inside_the_tree_is_followed() {
    // What becomes a link, and what lies outside at its end.
    for link in
        ["schemas", "schemas/shop", "schemas/shop/tables", "schemas/shop/tables/item.sql", "pgdumpkit.json"]
    {
        let folder = tempfile::tempdir().unwrap();
        let (tree, outside) = (folder.path().join("tree"), folder.path().join("outside"));
        good(&split(&tree, SHOP, &[]));
        fs::rename(tree.join(link), &outside).unwrap();
        symlink(&outside, tree.join(link)).unwrap();
        let before = everything(folder.path());
        for more in [&[][..], &["--check"], &["--dry-run"]] {
            let output = split(&tree, LESS, more);
            assert_eq!(output.status.code(), Some(2), "{link} {more:?}: {}", stderr(&output));
            assert!(stderr(&output).contains("link"), "{link}: {}", stderr(&output));
            assert_eq!(everything(folder.path()), before, "{link} {more:?}");
        }
    }
    // The tree itself may be one.
    let folder = tempfile::tempdir().unwrap();
    let (tree, real) = (folder.path().join("tree"), folder.path().join("real"));
    fs::create_dir(&real).unwrap();
    symlink(&real, &tree).unwrap();
    good(&split(&tree, SHOP, &[]));
    assert!(real.join("schemas/shop/tables/item.sql").is_file());
}

#[test]
fn a_link_where_nothing_is_wanted_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (tree, outside) = (folder.path().join("tree"), folder.path().join("outside"));
    good(&split(&tree, SHOP, &[]));
    // Files that look like ours, but lie outside: what is no longer wanted is not removed by way of a link.
    fs::create_dir(&outside).unwrap();
    fs::copy(tree.join("schemas/shop/tables/gone.sql"), outside.join("gone.sql")).unwrap();
    symlink(&outside, tree.join("schemas/shop/views")).unwrap();
    let before = everything(&outside);
    good(&split(&tree, LESS, &[]));
    assert_eq!(everything(&outside), before);
    assert!(fs::symlink_metadata(tree.join("schemas/shop/views")).unwrap().is_symlink());
    assert!(!tree.join("schemas/shop/tables/gone.sql").exists());
}

fn is_root(folder: &Path) -> bool {
    fs::metadata(folder).unwrap().uid() == 0
}

/// By `cp`, never by this process: a program that is open for writing here would be so too in whatever another test
/// starts at that moment, and could not be run until that has gone on to its own program ("Text file busy").
fn copy_program(to: &Path) {
    assert!(Command::new("cp").arg(PROGRAM).arg(to).status().unwrap().success());
}

/// Runs the program as somebody who may not do everything.
fn unprivileged(folder: &Path, arguments: &[&str]) -> Output {
    let mut command;
    if is_root(folder) {
        // A copy: the build's own folder may be closed to others.
        let program = folder.join("program");
        if !program.exists() {
            copy_program(&program);
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        command = Command::new(program);
        command.uid(NOBODY).gid(NOBODY);
    } else {
        command = Command::new(PROGRAM);
    }
    command.args(arguments).output().unwrap()
}

#[test]
fn a_dump_that_cannot_be_read_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    good(&split(&tree, SHOP, &[]));
    let secret = folder.path().join("secret.sql");
    fs::write(&secret, LESS).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
    let before = everything(&tree);
    let missing = folder.path().join("missing.sql");
    for (dump, reason) in [
        (missing.as_path(), "No such file"),
        (folder.path(), "directory"),
        (secret.as_path(), "Permission denied"),
    ] {
        let output = unprivileged(folder.path(), &[dump.to_str().unwrap(), "--out", tree.to_str().unwrap()]);
        let stderr = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        let named = stderr.contains(dump.to_str().unwrap());
        assert!(named && stderr.to_lowercase().contains(&reason.to_lowercase()), "{reason}: {stderr}");
        assert!(output.stdout.is_empty());
        assert_eq!(everything(&tree), before);
    }
}

#[test]
fn a_tree_that_cannot_be_written_stays_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    good(&split(&tree, SHOP, &[]));
    let dump = folder.path().join("less.sql");
    fs::write(&dump, LESS).unwrap();
    let before = everything(&tree);
    let restrict = |mode| fs::set_permissions(&tree, fs::Permissions::from_mode(mode)).unwrap();
    restrict(0o555);
    let output = unprivileged(folder.path(), &[dump.to_str().unwrap(), "--out", tree.to_str().unwrap()]);
    restrict(0o755);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("ermission denied"), "{}", stderr(&output));
    assert_eq!(everything(&tree), before);
}

/// A small disk of its own, gone when it is dropped.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path) -> Option<Disk> {
        fs::create_dir(at).unwrap();
        let mut mount = Command::new("mount");
        let output = mount.args(["-t", "tmpfs", "-o", "size=512k", "tmpfs"]).arg(at).output();
        match output {
            Ok(output) if output.status.success() => Some(Disk(at.to_owned())),
            Ok(output) => {
                eprintln!("skipped: no disk can be mounted: {}", stderr(&output).trim_end());
                None
            }
            Err(error) => {
                eprintln!("skipped: no disk can be mounted: {error}");
                None
            }
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(&self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "still mounted: {}", self.0.display());
    }
}

#[test]
fn a_full_disk_leaves_the_tree_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    if !is_root(folder.path()) {
        eprintln!("skipped: only root can mount a small disk");
        return;
    }
    let at = folder.path().join("disk");
    let Some(disk) = Disk::mount(&at) else { return };
    let tree = disk.0.join("tree");
    good(&split(&tree, SHOP, &[]));
    let before = everything(&disk.0);
    // One file that does not fit, and many small ones of which the last does not.
    let big = format!("COMMENT ON TABLE shop.item IS '{}';\n", "x".repeat(1 << 20));
    let many: String =
        (0..400).map(|n| format!("CREATE TABLE shop.t{n} (c{} integer);\n", "x".repeat(50))).collect();
    for more in [big, many] {
        let dump = [LESS, more.as_bytes()].concat();
        let output = split(&tree, &dump, &[]);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains("No space left"), "{}", stderr(&output));
        assert_eq!(everything(&disk.0), before);
    }
    // With room again, all is well.
    good(&split(&tree, LESS, &[]));
}

/// The paths of files that only one of two trees has, or that differ.
fn differences(one: &BTreeMap<PathBuf, Vec<u8>>, other: &BTreeMap<PathBuf, Vec<u8>>) -> Vec<PathBuf> {
    let paths: BTreeSet<&PathBuf> = one.keys().chain(other.keys()).collect();
    paths.into_iter().filter(|path| one.get(*path) != other.get(*path)).cloned().collect()
}

#[test]
fn one_change_of_a_large_schema_is_one_file() {
    let Some(corpus) = corpus::corpus() else { return };
    let dump = corpus::text(&corpus.join("versions/regression.server15.pg_dump15.sql.zst"));
    let dump = String::from_utf8(dump).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    good(&split(&tree, dump.as_bytes(), &[]));
    let before = everything(&tree);
    assert!(before.len() > 1000, "{}", before.len());

    // A function that takes rows of a table has its own file, and changes nothing of the table's.
    let end = "--\n-- PostgreSQL database dump complete\n";
    assert!(dump.contains(end) && dump.contains("CREATE TABLE public.onek "));
    let function = "CREATE FUNCTION public.takes_a_row(public.onek) RETURNS integer\n    LANGUAGE sql\n    AS $_$select $1.unique1$_$;\n\n\n";
    let more = dump.replace(end, &format!("{function}{end}"));
    good(&split(&tree, more.as_bytes(), &[]));
    let after = everything(&tree);
    assert_eq!(differences(&before, &after), [Path::new("schemas/public/functions/takes_a_row.sql")]);

    // Another body of it, and of one that was there before.
    good(&split(&tree, more.replace("select $1.unique1", "select $1.unique2").as_bytes(), &[]));
    assert_eq!(
        differences(&after, &everything(&tree)),
        [Path::new("schemas/public/functions/takes_a_row.sql")]
    );
    let head = dump.find("CREATE FUNCTION public.").unwrap();
    let body = head + dump[head..].find("$$").unwrap() + 2;
    let name = dump[head..].split(['.', '(']).nth(1).unwrap();
    let changed = format!("{} -- changed\n{}", &dump[..body], &dump[body..]);
    good(&split(&tree, changed.as_bytes(), &[]));
    let path = format!("schemas/public/functions/{name}.sql");
    assert_eq!(differences(&before, &everything(&tree)), [PathBuf::from(path)]);

    // Back to where it began.
    good(&split(&tree, dump.as_bytes(), &[]));
    assert!(differences(&before, &everything(&tree)).is_empty());
}

use serde_json::json;
use tempfile::TempDir;

use super::stage::LOCK_NAME;
use super::*;

type Wanted = BTreeMap<String, Content>;

fn wanted(files: &[(&str, &str)]) -> Wanted {
    let content = |text: &str| Content::Bytes(format!("-- pgdumpkit: {text}\n").into_bytes());
    files.iter().map(|&(path, text)| (path.to_owned(), content(text))).collect()
}

fn mark() -> Mark {
    Mark::new(json!({}))
}

fn compare(root: &Path, wanted: &Wanted) -> Result<Changes, Error> {
    Folder::open(root)?.compare(wanted, &mark(), |_| false, |_, _| false)
}

fn write(root: &Path, wanted: &Wanted) -> Result<Changes, Error> {
    let changes = compare(root, wanted)?;
    Folder::open(root)?.apply(wanted, &mark(), &changes)?;
    Ok(changes)
}

/// Lists everything below a folder, folders with a `/` at the end.
fn list(root: &Path) -> Vec<String> {
    let entries = WalkDir::new(root).min_depth(1).sort_by_file_name().into_iter().map(Result::unwrap);
    entries
        .map(|entry| {
            let path = entry.path().strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            path + if entry.file_type().is_dir() { "/" } else { "" }
        })
        .collect()
}

fn two_files() -> (TempDir, Wanted) {
    let root = tempfile::tempdir().unwrap();
    let wanted = wanted(&[("schemas/a/tables/t.sql", "one"), ("schemas/b/schema.sql", "two")]);
    write(root.path(), &wanted).unwrap();
    (root, wanted)
}

#[test]
fn a_missing_folder_is_made_with_its_parents() {
    let parent = tempfile::tempdir().unwrap();
    let root = parent.path().join("x/y");
    let wanted = wanted(&[("extensions/e.sql", "e")]);
    let changes = write(&root, &wanted).unwrap();
    assert_eq!(changes.added, ["extensions/e.sql", "pgdumpkit.json"]);
    assert_eq!(list(&root), ["extensions/", "extensions/e.sql", "pgdumpkit.json"]);
    assert_eq!(Folder::open(&root).unwrap().mark(), Some(&mark()));
}

#[test]
fn a_second_run_writes_nothing() {
    let (root, wanted) = two_files();
    let before: Vec<_> =
        WalkDir::new(&root).into_iter().map(|e| e.unwrap().metadata().unwrap().modified().unwrap()).collect();
    let changes = write(root.path(), &wanted).unwrap();
    assert_eq!(changes, Changes { unchanged: 3, ..Changes::default() });
    let after: Vec<_> =
        WalkDir::new(&root).into_iter().map(|e| e.unwrap().metadata().unwrap().modified().unwrap()).collect();
    assert_eq!(before, after);
}

#[test]
fn files_are_added_changed_and_removed_with_their_empty_folders() {
    let (root, _) = two_files();
    let wanted = wanted(&[("schemas/b/schema.sql", "TWO"), ("schemas/c/schema.sql", "three")]);
    let changes = write(root.path(), &wanted).unwrap();
    assert_eq!(changes.added, ["schemas/c/schema.sql"]);
    assert_eq!(changes.changed, ["schemas/b/schema.sql"]);
    assert_eq!(changes.removed, ["schemas/a/tables/t.sql"]);
    assert_eq!(changes.unchanged, 1);
    let expected = [
        "pgdumpkit.json",
        "schemas/",
        "schemas/b/",
        "schemas/b/schema.sql",
        "schemas/c/",
        "schemas/c/schema.sql",
    ];
    assert_eq!(list(root.path()), expected);
    assert_eq!(fs::read(root.path().join("schemas/b/schema.sql")).unwrap(), b"-- pgdumpkit: TWO\n");
    assert!(compare(root.path(), &wanted).unwrap().is_empty());
}

#[test]
fn only_our_own_files_are_removed() {
    let (root, _) = two_files();
    fs::write(root.path().join("schemas/a/tables/hand.sql"), "select 1;").unwrap();
    fs::write(root.path().join("schemas/a/notes.md"), "-- pgdumpkit: quoted").unwrap();
    fs::create_dir(root.path().join(".git")).unwrap();
    fs::write(root.path().join(".git/x.sql"), "-- pgdumpkit: x").unwrap();
    fs::write(root.path().join("short.sql"), "-- pg").unwrap();
    let changes = write(root.path(), &wanted(&[])).unwrap();
    assert_eq!(changes.removed, ["schemas/a/tables/t.sql", "schemas/b/schema.sql"]);
    for kept in ["schemas/a/tables/hand.sql", "schemas/a/notes.md", ".git/x.sql", "short.sql"] {
        assert!(root.path().join(kept).exists(), "{kept}");
    }
    assert!(!root.path().join("schemas/b").exists());
}

#[test]
fn the_caller_may_keep_files() {
    let (root, _) = two_files();
    let folder = Folder::open(root.path()).unwrap();
    let keep = |path: &str| path.starts_with("schemas/a/");
    let changes = folder.compare(&wanted(&[]), &mark(), keep, |_, _| false).unwrap();
    assert_eq!(changes.removed, ["schemas/b/schema.sql"]);
}

#[test]
fn a_foreign_file_is_replaced_only_if_the_caller_agrees() {
    let (root, wanted) = two_files();
    let path = root.path().join("schemas/b/schema.sql");
    fs::write(&path, "by hand").unwrap();
    assert!(matches!(compare(root.path(), &wanted), Err(Error::Foreign { path: named }) if named == path));
    let folder = Folder::open(root.path()).unwrap();
    let adopt = |path: &str, bytes: &[u8]| path == "schemas/b/schema.sql" && bytes == b"by hand";
    let changes = folder.compare(&wanted, &mark(), |_| false, adopt).unwrap();
    assert_eq!(changes.changed, ["schemas/b/schema.sql"]);
    folder.apply(&wanted, &mark(), &changes).unwrap();
    assert!(compare(root.path(), &wanted).unwrap().is_empty());
}

#[test]
fn a_list_of_changes_cannot_remove_a_foreign_file() {
    let (root, wanted) = two_files();
    fs::write(root.path().join("x.sql"), "by hand").unwrap();
    let folder = Folder::open(root.path()).unwrap();
    let remove = |path: &str| Changes { removed: vec![path.to_owned()], ..Changes::default() };
    assert!(matches!(folder.apply(&wanted, &mark(), &remove("x.sql")), Err(Error::Foreign { .. })));
    assert!(matches!(folder.apply(&wanted, &mark(), &remove("../x.sql")), Err(Error::BadPath { .. })));
    assert!(matches!(folder.apply(&wanted, &mark(), &remove("pgdumpkit.json")), Err(Error::Foreign { .. })));
    let unknown = Changes { added: vec!["y.sql".to_owned()], ..Changes::default() };
    assert!(matches!(folder.apply(&wanted, &mark(), &unknown), Err(Error::BadPath { .. })));
}

#[test]
fn large_files_are_compared_to_their_last_byte() {
    let (root, _) = two_files();
    let with_file = |last: u8| {
        let mut bytes = [HEADER, &[b'x'; 200_000]].concat();
        bytes.push(last);
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), &bytes).unwrap();
        BTreeMap::from([
            ("data/a/b.copy".to_owned(), Content::Bytes(bytes)),
            ("data/a/t.copy".to_owned(), Content::File(file.into_temp_path())),
        ])
    };
    assert_eq!(write(root.path(), &with_file(b'1')).unwrap().added, ["data/a/b.copy", "data/a/t.copy"]);
    assert!(compare(root.path(), &with_file(b'1')).unwrap().is_empty());
    assert_eq!(write(root.path(), &with_file(b'2')).unwrap().changed, ["data/a/b.copy", "data/a/t.copy"]);
    assert!(compare(root.path(), &with_file(b'2')).unwrap().is_empty());
}

#[test]
fn a_changed_option_changes_the_mark_alone() {
    let (root, wanted) = two_files();
    let folder = Folder::open(root.path()).unwrap();
    let mark = Mark::new(json!({"owner": true}));
    let changes = folder.compare(&wanted, &mark, |_| false, |_, _| false).unwrap();
    assert_eq!((&changes.changed[..], changes.unchanged), (&["pgdumpkit.json".to_owned()][..], 2));
    folder.apply(&wanted, &mark, &changes).unwrap();
    assert_eq!(Folder::open(root.path()).unwrap().mark(), Some(&mark));
}

#[test]
fn folders_of_others_are_refused() {
    let root = tempfile::tempdir().unwrap();
    let open = || Folder::open(root.path());
    fs::create_dir(root.path().join(".git")).unwrap();
    assert!(open().is_ok());
    fs::write(root.path().join("README"), "").unwrap();
    assert!(matches!(open(), Err(Error::NotOurs { .. })));
    let file = root.path().join("README");
    assert!(matches!(Folder::open(&file), Err(Error::NotAFolder { .. })));
    let mark = |text: &str| fs::write(root.path().join(MARK_NAME), text).unwrap();
    mark("{\"format\": 2, \"more\": 1}");
    assert!(matches!(open(), Err(Error::NewerFormat { found: 2, .. })));
    for text in ["", "[]", "{\"format\": 0}", "{\"format\": \"1\"}", "{\"format\": -1}"] {
        mark(text);
        assert!(matches!(open(), Err(Error::BadMark { .. })), "{text}");
    }
    mark("{\r\n  \"format\": 1\r\n}\r\n");
    assert!(open().is_ok());
}

#[test]
fn paths_that_lead_out_of_the_tree_are_refused() {
    let (root, _) = two_files();
    let long = "a".repeat(256);
    for path in [
        "",
        "/a.sql",
        "a//b.sql",
        "a/",
        "../a.sql",
        "a/../b.sql",
        "./a.sql",
        "a\\b.sql",
        "c:a.sql",
        "a\0.sql",
        ".git/a.sql",
        "a/.GIT/b.sql",
        ".pgdumpkit-stage-1/0",
        "a /b.sql",
        "a./b.sql",
        &long,
    ] {
        let result = write(root.path(), &wanted(&[(path, "")]));
        assert!(matches!(result, Err(Error::BadPath { .. })), "{path:?}: {result:?}");
    }
}

#[test]
fn paths_that_collide_are_refused() {
    let (root, _) = two_files();
    for paths in
        [["a.sql", "A.sql"], ["a", "A/b.sql"], ["x.sql", "pgdumpkit.json"], ["x.sql", "PGDUMPKIT.JSON/a"]]
    {
        let result = write(root.path(), &wanted(&paths.map(|path| (path, ""))));
        assert!(matches!(result, Err(Error::Collision { .. })), "{paths:?}: {result:?}");
    }
}

#[test]
fn files_and_folders_in_the_way_are_named() {
    let (root, _) = two_files();
    let result = compare(root.path(), &wanted(&[("schemas/a", "")]));
    assert!(matches!(result, Err(Error::NotAFile { path }) if path.ends_with("schemas/a")));
    let result = compare(root.path(), &wanted(&[("schemas/b/schema.sql/x.sql", "")]));
    assert!(matches!(result, Err(Error::NotAFolder { path }) if path.ends_with("schema.sql")));
}

#[test]
fn a_failure_while_staging_leaves_the_tree_as_it_was() {
    let (root, mut wanted) = two_files();
    let before = list(root.path());
    let gone = tempfile::NamedTempFile::new().unwrap().into_temp_path();
    fs::remove_file(&gone).unwrap();
    wanted.insert("data/a/t.copy".to_owned(), Content::File(gone));
    wanted.remove("schemas/b/schema.sql");
    assert!(matches!(write(root.path(), &wanted), Err(Error::Io { .. })));
    assert_eq!(list(root.path()), before);

    let missing = root.path().join("new");
    assert!(matches!(write(&missing, &wanted), Err(Error::Io { .. })));
    assert!(!missing.exists());
}

#[test]
fn the_stage_of_a_killed_run_is_removed_and_that_of_a_living_one_is_not() {
    let root = tempfile::tempdir().unwrap();
    let stage = root.path().join(".pgdumpkit-stage-1");
    fs::create_dir_all(&stage).unwrap();
    let lock = File::create(stage.join(LOCK_NAME)).unwrap();
    fs::write(stage.join("0.sql"), "-- pgdumpkit: staged").unwrap();
    let wanted = wanted(&[("a.sql", "a")]);

    lock.lock().unwrap();
    assert!(matches!(write(root.path(), &wanted), Err(Error::Busy { path }) if path == stage));
    assert!(stage.join("0.sql").exists());
    drop(lock);
    assert_eq!(write(root.path(), &wanted).unwrap().removed, Vec::<String>::new());
    assert_eq!(list(root.path()), ["a.sql", "pgdumpkit.json"]);

    // A file of that name is no stage.
    fs::write(root.path().join(".pgdumpkit-stage-2"), "").unwrap();
    write(root.path(), &self::wanted(&[])).unwrap();
    assert_eq!(list(root.path()), [".pgdumpkit-stage-2", "pgdumpkit.json"]);
}

#[test]
fn a_file_that_differs_only_by_case_does_not_take_the_new_one_with_it() {
    let (root, _) = two_files();
    write(root.path(), &wanted(&[("a/users+1.sql", "old")])).unwrap();
    let wanted = wanted(&[("a/Users+1.sql", "new")]);
    write(root.path(), &wanted).unwrap();
    assert_eq!(list(root.path()), ["a/", "a/Users+1.sql", "pgdumpkit.json"]);
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn the_folder_itself_may_be_a_link() {
        let (root, wanted) = two_files();
        let place = tempfile::tempdir().unwrap();
        let link = place.path().join("link");
        symlink(root.path(), &link).unwrap();
        assert!(compare(&link, &wanted).unwrap().is_empty());
        assert_eq!(write(&link, &self::wanted(&[])).unwrap().removed.len(), 2);
        fs::remove_file(&link).unwrap();
        symlink("nowhere", &link).unwrap();
        assert!(matches!(Folder::open(&link), Err(Error::NotAFolder { .. })));
    }

    #[test]
    fn links_inside_are_never_followed() {
        let outside = tempfile::tempdir().unwrap();
        let victim = outside.path().join("t.sql");
        fs::write(&victim, "-- pgdumpkit: victim").unwrap();
        let is_link = |result: Result<Changes, Error>, end: &str| {
            assert!(matches!(&result, Err(Error::Symlink { path }) if path.ends_with(end)), "{result:?}");
        };

        let (root, _) = two_files();
        symlink(outside.path(), root.path().join("schemas/link")).unwrap();
        symlink(&victim, root.path().join("schemas/t.sql")).unwrap();
        // Not wanted: neither followed nor removed.
        let wanted_before = wanted(&[("schemas/b/schema.sql", "two")]);
        assert_eq!(write(root.path(), &wanted_before).unwrap().removed, ["schemas/a/tables/t.sql"]);
        is_link(compare(root.path(), &wanted(&[("schemas/link/t.sql", "")])), "schemas/link");
        is_link(compare(root.path(), &wanted(&[("schemas/link/new/t.sql", "")])), "schemas/link");
        is_link(compare(root.path(), &wanted(&[("schemas/t.sql", "")])), "schemas/t.sql");

        // A link that appears after the comparison.
        let folder = Folder::open(root.path()).unwrap();
        let changes = |added: &[&str], removed: &[&str]| Changes {
            added: added.iter().map(|&path| path.to_owned()).collect(),
            removed: removed.iter().map(|&path| path.to_owned()).collect(),
            ..Changes::default()
        };
        let late = wanted(&[("schemas/link/new.sql", "")]);
        let result = folder.apply(&late, &mark(), &changes(&["schemas/link/new.sql"], &[]));
        is_link(result.map(|()| Changes::default()), "schemas/link");
        let result = folder.apply(&wanted(&[]), &mark(), &changes(&[], &["schemas/link/t.sql"]));
        is_link(result.map(|()| Changes::default()), "schemas/link");
        let result = folder.apply(&wanted(&[]), &mark(), &changes(&[], &["schemas/t.sql"]));
        is_link(result.map(|()| Changes::default()), "schemas/t.sql");

        assert_eq!(list(outside.path()), ["t.sql"]);
        assert_eq!(fs::read(&victim).unwrap(), b"-- pgdumpkit: victim");

        let path = root.path().join(MARK_NAME);
        fs::rename(&path, outside.path().join("mark")).unwrap();
        symlink(outside.path().join("mark"), &path).unwrap();
        is_link(compare(root.path(), &wanted(&[])), MARK_NAME);
    }
}

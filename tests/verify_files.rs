//! Files that are no backups, and backups that hold less than one would think.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

mod verdict;

use std::path::{Path, PathBuf};

use verdict::{Case, assert_all};

/// The level that needs no server.
const FILE: [(&str, &str); 1] = [("file", "1")];
/// Every level, for what does not get as far as a server.
const EVERY: [(&str, &str); 3] = [("file", "1"), ("restore", "1"), ("full", "4")];

fn reported(name: &str) -> Option<PathBuf> {
    let corpus = std::env::var_os("PGDUMPKIT_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"), PathBuf::from);
    let path = corpus.join("reported").join(name);
    if !path.exists() {
        eprintln!("skipped: no such file of the corpus: {name}");
    }
    path.exists().then_some(path)
}

#[test]
fn what_is_no_dump_is_called_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let table: &[(&str, &[u8], &str)] = &[
        ("mysqldump", b"-- MySQL dump 10.13  Distrib 8.0.36\n--\nDROP TABLE IF EXISTS `t`;\nCREATE TABLE `t` (a int);\n\
            INSERT INTO `t` VALUES (1);\n", "looks like a MySQL or MariaDB dump"),
        ("mariadb", b"/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n", "looks like a MySQL or MariaDB dump"),
        ("mysql without comments", b"SET NAMES utf8;\nCREATE TABLE `t` (a int);\n", "looks like a MySQL or MariaDB dump"),
        ("sqlite text", b"PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE t(a int);\nCOMMIT;\n", "SQLite's `.dump`"),
        ("sqlite", b"SQLite format 3\0\x10\0\x01\x01\0", "looks like a SQLite database"),
        ("csv", b"id,name\n1,one\n2,two\n", "looks like CSV"),
        ("csv with semicolons", b"id;name;\n1;one;\n2;two;\n", "looks like CSV"),
        ("zip", b"PK\x03\x04\x14\0\0\0", "looks like a zip file"),
        ("html", b"<!DOCTYPE html>\n<html><body>502 Bad Gateway;</body></html>\n", "looks like HTML"),
        ("xml", b"<?xml version=\"1.0\"?>\n<Error><Code>NoSuchKey</Code></Error>\n", "looks like XML"),
        ("json", b"{\"error\": \"not found\"};\n", "looks like JSON"),
        ("shell script", b"#!/bin/sh\nset -e;\npg_dump shop > shop.sql;\n", "looks like a shell script"),
        ("error text", b"pg_dump: error: connection to server failed: FATAL:  database \"x\" does not exist;\n", "looks like error messages"),
        ("no pg_dump", b"sh: 1: pg_dump: not found\n", "looks like error messages"),
        ("openssl", b"Salted__\x1f\x8b\x9c\x00\x01rest", "encrypted by openssl"),
        ("gpg", b"\x8c\x0d\x04\x09\x03\x02\x5a\xe1\0\0", "encrypted by gpg"),
        ("gpg text", b"-----BEGIN PGP MESSAGE-----\n\nhQEMA1\n", "encrypted by gpg"),
        ("age", b"age-encryption.org/v1\n-> X25519 abc\n", "encrypted by age"),
        ("utf-16", b"\xff\xfe-\0-\0\r\0\n\0S\0E\0T\0", "looks like UTF-16LE text"),
        ("archive as utf-16", b"\xff\xfeP\0G\0D\0M\0P\0\x01\0", "`>` of PowerShell"),
        ("lfs", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "pointer of Git LFS"),
        ("prose", b"The backup is in the other folder;\n", "is not a PostgreSQL dump"),
        ("binary", b"\x7fELF\x02\x01\0\0\0\0", "looks like binary data"),
        ("empty", b"", "empty input"),
        ("blank", b"\n\n-- \n", "nothing but comments and blanks"),
    ];
    let mut cases: Vec<Case> = table
        .iter()
        .map(|(name, bytes, says)| Case::bytes(folder, name, bytes, 1).says(says).at(&EVERY))
        .collect();
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(5);
    header.set_cksum();
    tar.append_data(&mut header, "backup_label", &b"START"[..]).unwrap();
    let tar = tar.into_inner().unwrap();
    cases.push(Case::bytes(folder, "base", &tar, 1).says("a physical backup by pg_basebackup").at(&EVERY));
    for (name, says) in [
        ("error-text-only.sql", "looks like error messages"),
        ("archive-crlf.dump", "each line feed became CR LF"),
    ] {
        cases.extend(reported(name).map(|path| Case::of(name, path, 1).says(says).at(&EVERY)));
    }
    assert_all(&cases);
}

#[test]
fn what_is_not_understood_is_no_proof() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert_all(&[
        Case::plain(folder, "a statement", "CREATE TABLE public.t (a integer);\nFROBNICATE everything;", 3)
            .says("FROBNICATE everything;")
            .says("is not understood")
            .at(&FILE),
        // pg_dump's own messages stand in front of the dump, as of `2>&1`.
        Case::bytes(
            folder,
            "messages in front",
            b"pg_dump: warning: circular foreign keys;\n--\n-- PostgreSQL database dump\n--\n\
              CREATE TABLE public.t (a integer);\n--\n-- PostgreSQL database dump complete\n--\n",
            3,
        )
        .at(&FILE),
        // Without a `;`, it takes the first setting with it.
        Case::bytes(
            folder,
            "messages in front without a semicolon",
            b"pg_dump: warning: circular foreign keys\n--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n\
              CREATE TABLE public.t (a integer);\n--\n-- PostgreSQL database dump complete\n--\n",
            1,
        )
        .says("the dump, which begins at line 2")
        .says("pg_dump: warning: circular foreign keys")
        .at(&EVERY),
        Case::bytes(
            folder,
            "messages within",
            b"CREATE TABLE public.t (\n    a integer,\nNOTICE:  x\n    b integer\n);\n",
            1,
        )
        .says("line of a program")
        .says("line 3")
        .at(&EVERY),
        Case::plain(folder, "nothing but a setting", "SET statement_timeout = 0;", 0).at(&FILE),
    ]);
}

#[test]
fn merge_conflicts_are_trouble() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let conflict =
        "CREATE TABLE public.t (\n<<<<<<< HEAD\n    a integer\n=======\n    a bigint\n>>>>>>> feature\n);";
    let between = "CREATE TABLE public.t (a integer);\n<<<<<<< HEAD\nCREATE TABLE public.u (a integer);\n=======\n>>>>>>> f\n";
    let body = "CREATE FUNCTION public.f() RETURNS integer LANGUAGE sql AS $$\n<<<<<<< HEAD\nSELECT 1\n=======\nSELECT 2\n\
                >>>>>>> feature\n$$;";
    let unbalanced = "CREATE TABLE public.t (\n    a integer,\n<<<<<<< HEAD\n    b integer);\n=======\n    b bigint\n>>>>>>> f\n";
    let text =
        "CREATE TABLE public.t (a text DEFAULT '\n=======\n');\nCOMMENT ON TABLE public.t IS 'a\n<<<<<<< b';";
    let mut cases = vec![
        Case::plain(folder, "within a statement", conflict, 2)
            .says("merge conflict marker")
            .says("line 6")
            .at(&EVERY),
        Case::plain(folder, "between statements", between, 2)
            .says("merge conflict marker")
            .says("line 6")
            .at(&EVERY),
        Case::plain(folder, "in a body", body, 2).says("merge conflict marker").says("line 6").at(&EVERY),
        Case::plain(folder, "one half", unbalanced, 2)
            .says("merge conflict marker")
            .says("line 7")
            .at(&EVERY),
        Case::plain(folder, "in literals", text, 0).never("merge conflict").at(&FILE),
    ];
    cases.extend(
        reported("conf.sql").map(|path| {
            Case::of("conf.sql", path, 2).says("merge conflict marker").says("line 54").at(&EVERY)
        }),
    );
    assert_all(&cases);
}

#[test]
fn a_cut_dump_of_another_product_is_cut() {
    let mut cases = Vec::new();
    cases.extend(
        reported("enterprisedb-cut.sql")
            .map(|path| Case::of("edb", path, 1).says("truncated dump").at(&EVERY)),
    );
    let folder = tempfile::tempdir().unwrap();
    let cut = |product: &str, version: &str| {
        format!(
            "--\n-- {product} database dump\n--\n\n{version}SET statement_timeout = 0;\nCREATE TABLE public.t (a integer);\n"
        )
    };
    let version = "-- Dumped from database version 11.2-YB-2.18\n";
    for (name, text, code) in [
        ("yugabyte", cut("YSQL", version), 1),
        ("greenplum", cut("Greenplum Database", ""), 1),
        ("unheard of", cut("Some Other", version), 1),
        ("somebody's comment", cut("Our nightly", ""), 0),
    ] {
        let case = Case::bytes(folder.path(), name, text.as_bytes(), code).at(&FILE);
        cases.push(if code == 1 { case.says("truncated dump") } else { case.never("truncated dump") });
    }
    assert_all(&cases);
}

#[test]
fn dumps_older_than_8_0_are_no_cut_ones() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let begin = "--\n-- PostgreSQL database dump\n--\n\n";
    let entry = "--\n-- TOC entry 3 (OID 1234)\n-- Name: t; Type: TABLE; Schema: public; Owner: joe\n--\n\n\
                 CREATE TABLE t (\n    a integer\n);\n\n\n";
    let v74 = format!(
        "{begin}SET client_encoding = 'UNICODE';\nSET check_function_bodies = false;\n\nSET SESSION AUTHORIZATION 'joe';\n\n\
         SET search_path = public, pg_catalog;\n\n{entry}COPY t (a) FROM stdin;\n1\n\\.\n\n\n"
    );
    let bare = v74.replace("-- TOC entry 3 (OID 1234)\n", "");
    let v73 = format!("{begin}\\connect - joe\n\nSET search_path = public, pg_catalog;\n\n{entry}");
    let named = v73.replace("\\connect - joe", "\\connect shop joe");
    let cut = v74.replace("\\.\n\n\n", "");
    let new = v74.replace(
        "SET check_function_bodies",
        "SET standard_conforming_strings = on;\nSET check_function_bodies",
    );
    let old = "older than 8.0";
    assert_all(&[
        Case::bytes(folder, "7.4", v74.as_bytes(), 3).says(old).never("truncated").at(&EVERY),
        Case::bytes(folder, "7.4 without comments", bare.as_bytes(), 3)
            .says(old)
            .never("truncated")
            .at(&EVERY),
        Case::bytes(folder, "7.3", v73.as_bytes(), 3).says(old).never("meta-command").at(&EVERY),
        Case::bytes(folder, "7.3 with a database", named.as_bytes(), 3)
            .says(old)
            .never("meta-command")
            .at(&EVERY),
        Case::bytes(folder, "7.4 cut", cut.as_bytes(), 1).says("truncated dump").at(&EVERY),
        Case::bytes(folder, "new and cut", new.as_bytes(), 1).says("truncated dump").at(&EVERY),
    ]);
}

#[test]
fn a_backup_without_rows_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let by = "-- Dumped by pg_dump version 15.1\n";
    let table = "CREATE TABLE public.t (a integer NOT NULL);\n";
    let key = "ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (a);\n";
    let rows = "COPY public.t (a) FROM stdin;\n1\n2\n\\.\n";
    let none = "COPY public.t (a) FROM stdin;\n\\.\n";
    let case = |name: &str, parts: &[&str], code| Case::plain(folder, name, &parts.concat(), code);
    let mut cases = vec![
        case("schema only", &[by, table, key], 0).says("holds no rows: no data of any of its 1 table"),
        case("pre-data", &[by, table], 3).says("holds no rows").says("pre-data section"),
        case("pre-data at level file", &[by, table], 3).says("pre-data section").at(&FILE),
        case("written by hand", &[table], 0).says("holds no rows").never("pre-data section"),
        case("empty table", &[by, table, none, key], 0).says("holds no rows: 1 table is empty"),
        case("rows", &[by, table, rows, key], 0).never("holds no rows"),
        case("no tables", &[by, "CREATE SCHEMA s;\n"], 0).says("holds no rows: it has no tables"),
        case(
            "statistics",
            &[by, "SELECT * FROM pg_catalog.pg_restore_relation_stats('version', '180000'::integer);\n"],
            3,
        )
        .says("holds no rows")
        .says("--statistics-only")
        .at(&FILE),
        case("enough rows", &[by, table, rows], 0).with("--min-rows=2"),
        case("too few rows", &[by, table, rows], 1)
            .with("--min-rows=3")
            .says("expected at least 3 (`--min-rows`); actual 2"),
        case("too few at level file", &[by, table, key], 1).with("--min-rows=1").says("actual 0").at(&FILE),
    ];
    cases.extend(
        reported("empty-database.sql")
            .map(|path| Case::of("empty database", path, 0).says("no tables at all: an empty database")),
    );
    assert_all(&cases);
}

/// A manifest of a database that held so many rows in `public.t`.
fn manifest(backup: &Path, bytes: &[u8], rows: u64, at: &str, database: &str) {
    let name = backup.file_name().unwrap().to_str().unwrap();
    let file = manifest::File::of(name, &mut &*bytes).unwrap();
    let table = manifest::Table {
        schema: "public".to_owned(),
        name: "t".to_owned(),
        kind: manifest::TableKind::Table,
        root: None,
        rows,
        bytes: None,
        hash: None,
    };
    let manifest = manifest::Manifest {
        backup: name.to_owned(),
        backup_format: "plain".to_owned(),
        database: database.to_owned(),
        encoding: "UTF8".to_owned(),
        snapshot_begin: at.to_owned(),
        snapshot_end: at.to_owned(),
        files: vec![file],
        tables: vec![table],
        ..manifest::Manifest::default()
    };
    let mut to = std::fs::File::create(manifest::path_beside(backup)).unwrap();
    manifest.write(&mut to).unwrap();
}

fn dump_with(rows: usize) -> String {
    let rows: String = (0..rows).map(|row| format!("{row}\n")).collect();
    format!(
        "--\n-- PostgreSQL database dump\n--\n\nCREATE TABLE public.t (a integer);\nCOPY public.t (a) FROM stdin;\n{rows}\\.\n\n\
         --\n-- PostgreSQL database dump complete\n--\n"
    )
}

#[test]
fn what_a_manifest_says_is_in_the_table_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("shop.sql");
    let text = dump_with(24);
    std::fs::write(&backup, &text).unwrap();
    manifest(&backup, text.as_bytes(), 25, "2026-11-28T02:00:00Z", "shop");
    let says = "the manifest says so; the backup holds 24 rows";
    assert_all(&[
        Case::of("one number", backup.clone(), 1)
            .says("           25      24")
            .says("bad      public.t")
            .says(says)
            .says("expected 25 rows; actual 24")
            .never("verified  public.t"),
        Case::of("one number at level file", backup, 1).says(says).never("verified  public.t").at(&FILE),
    ]);
}

#[test]
fn the_backup_before_held_more() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, rows: usize, at: &str| {
        let backup = folder.path().join(name);
        let text = dump_with(rows);
        std::fs::write(&backup, &text).unwrap();
        manifest(&backup, text.as_bytes(), rows as u64, at, "shop");
        backup
    };
    let first = put("shop-1.sql", 100, "2026-11-26T02:00:00Z");
    let second = put("shop-2.sql", 60, "2026-11-27T02:00:00Z");
    let third = put("shop-3.sql", 20, "2026-11-28T02:00:00Z");
    let fourth = put("shop-4.sql", 0, "2026-11-29T02:00:00Z");
    assert_all(&[
        Case::of("the first", first, 0).never("the backup before it").at(&FILE),
        Case::of("some less", second, 0).never("the backup before it").at(&FILE),
        Case::of("much less", third, 0)
            .says("shop-2.sql, held 60 rows; this one holds 20, less than half")
            .at(&FILE),
        Case::of("nothing", fourth, 3).says("shop-3.sql, held 20 rows; this one holds none").at(&FILE),
    ]);
}

#[test]
fn a_backup_that_is_replaced_meanwhile_is_trouble() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("shop.sql");
    std::fs::write(&backup, dump_with(400_000)).unwrap();
    let program = env!("CARGO_BIN_EXE_pgdump-verify");
    let mut child = Command::new(program)
        .arg(&backup)
        .args(["--level", "file"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // As soon as it is open.
    let end = Instant::now() + Duration::from_secs(60);
    let opened = |pid: u32| {
        let files = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        files.filter_map(|file| std::fs::read_link(file.path()).ok()).any(|file| file == backup)
    };
    while !opened(child.id()) && Instant::now() < end && child.try_wait().unwrap().is_none() {}
    let other = folder.path().join("other");
    std::fs::write(&other, dump_with(3)).unwrap();
    std::fs::rename(&other, &backup).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("the backup was replaced or changed while it was verified"), "{text}");
}

#[test]
fn the_newest_of_each_database_counts() {
    use std::time::{Duration, SystemTime};

    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str, hours: u64| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let at = SystemTime::now() - Duration::from_secs(hours * 3600);
        std::fs::File::open(&path).unwrap().set_modified(at).unwrap();
        path
    };
    let good = dump_with(3);
    let connecting = good.replacen("CREATE TABLE", "\\connect crm\nCREATE TABLE", 1);
    let bad = good.replacen("0\n", "0\tx\n", 1);
    put("shop-20261126T020000Z.sql", &bad, 60);
    put("shop-20261128T020000Z.sql", &good, 2);
    put("nightly-a.sql", &connecting, 30);
    put("nightly-b.sql", &connecting.replace("\\connect", "\n\\connect"), 3);
    let named = put("b7.sql", &good, 4);
    manifest(&named, good.as_bytes(), 3, "2026-11-28T02:00:00Z", "hr");
    put("b7.sql.verified.json", "{}", 1);
    put(".shop.lock", "", 1);
    put("gone.sql.manifest.json", "{}", 1);
    let dir = folder.path().to_str().unwrap();
    let run = |age: &str| verdict::verify(&["--dir", dir, "--newest", "--max-age", age, "--level", "file"]);
    let (code, text) = run("26h");
    assert_eq!(code, 0, "{text}");
    for name in ["shop-20261128T020000Z.sql", "nightly-b.sql", "b7.sql"] {
        assert!(text.contains(&format!("backup    {dir}/{name}\n")), "{name}: {text}");
    }
    for name in ["shop-20261126T020000Z.sql: not the newest", "nightly-a.sql: not the newest"] {
        assert!(text.contains(&format!("left alone: {dir}/{name}")), "{name}: {text}");
    }
    for ours in ["b7.sql.manifest.json", "b7.sql.verified.json", ".shop.lock"] {
        assert!(!text.contains(&format!("left alone: {dir}/{ours}")), "{ours}: {text}");
    }
    assert!(text.contains("gone.sql.manifest.json"), "{text}");
    let (code, text) = run("210m");
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("the newest backup of `hr` is too old"), "{text}");
    assert!(!text.contains("the newest backup of `crm` is too old"), "{text}");
}

#[test]
fn an_emptied_large_object_is_not_verified() {
    let version = |minor: u8, compression: u8| {
        let mut toc = b"PGDMP\x01".to_vec();
        toc.extend([minor, 0, 4, 8, 3, compression]);
        toc
    };
    let int = |number: u32| [&[0][..], &number.to_le_bytes()].concat();
    let str = |text: &str| [int(text.len() as u32), text.as_bytes().to_vec()].concat();
    let null = || [&[1][..], &1_u32.to_le_bytes()].concat();
    let entry = |minor: u8, id: u32, data: bool, desc: &str, section: u32, definition: &str, file: &str| {
        let mut entry = [int(id), int(u32::from(data)), str("0"), str("0"), str("BLOBS"), str(desc)].concat();
        entry.extend([int(section), str(definition), str(""), null(), null(), null(), null()].concat());
        if minor >= 16 {
            entry.extend(int(0));
        }
        entry.extend([str("joe"), str("false"), null(), str(file)].concat());
        entry
    };
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, minor: u8, compression: u8, suffix: &str, list: &[u8], blob: &[u8]| {
        let dir = folder.path().join(name);
        std::fs::create_dir(&dir).unwrap();
        let mut toc = version(minor, compression);
        (0..7).for_each(|number| toc.extend(int(if number == 3 { 1 } else { number })));
        toc.extend([str("shop"), str("15.1"), str("15.1")].concat());
        let list_name = if minor >= 16 { "blobs_5.toc" } else { "blobs.toc" };
        toc.extend(int(2));
        let make = if minor >= 16 {
            ("BLOB METADATA", "1001\n")
        } else {
            ("BLOB", "SELECT pg_catalog.lo_create('1001');\n")
        };
        let mut first = entry(minor, 4, false, make.0, 2, make.1, "");
        if minor < 16 {
            first = [
                int(4),
                int(0),
                str("0"),
                str("0"),
                str("1001"),
                str("BLOB"),
                int(2),
                str(make.1),
                str(""),
                null(),
                null(),
                null(),
                null(),
                str("joe"),
                str("false"),
                null(),
                str(""),
            ]
            .concat();
        }
        toc.extend(first);
        toc.extend(entry(minor, 5, true, "BLOBS", 3, "", list_name));
        std::fs::write(dir.join("toc.dat"), toc).unwrap();
        std::fs::write(dir.join(format!("{list_name}{suffix}")), list).unwrap();
        std::fs::write(dir.join(format!("blob_1001.dat{suffix}")), blob).unwrap();
        dir
    };
    let list = b"1001 blob_1001.dat\n";
    let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 0).unwrap();
    let nothing = "whether it was emptied cannot be told";
    assert_all(&[
        Case::of("zstd 16", put("zstd16", 15, 3, ".zst", &zstd(list), b""), 1)
            .says("its file is empty, and this pg_dump")
            .at(&FILE),
        Case::of("zstd 18", put("zstd18", 16, 3, ".zst", &zstd(list), b""), 3).says(nothing).at(&FILE),
        Case::of("zstd of nothing", put("frame", 15, 3, ".zst", &zstd(list), &zstd(b"")), 0)
            .never(nothing)
            .at(&FILE),
        Case::of("zstd with content", put("content", 16, 3, ".zst", &zstd(list), &zstd(b"x")), 0)
            .never(nothing)
            .at(&FILE),
        Case::of("nothing", put("bare", 16, 0, "", list, b""), 0).never(nothing).at(&FILE),
    ]);
}

#[test]
fn a_second_dump_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let one = dump_with(3);
    let other = one.replace("public.t", "public.u");
    let shop = one.replacen("CREATE TABLE", "\\connect shop\nCREATE TABLE", 1);
    let crm = one.replacen("CREATE TABLE", "\\connect crm\nCREATE TABLE", 1);
    let case = |name: &str, first: &str, second: &str, code| {
        Case::bytes(folder, name, [first, second].concat().as_bytes(), code)
    };
    let says = "a second dump begins in the same file, at line 16";
    let mut cases = vec![
        case("twice", &one, &one, 3).says(says).says("table public.t (line 16").at(&FILE),
        case("twice, restored", &one, &one, 1).says(says).at(&[("restore", "1")]),
        case("two parts", &one, &other, 0).says(says).at(&FILE),
        case("two databases", &shop, &crm, 0).never("a second dump").at(&FILE),
    ];
    cases.extend(reported("appended-twice.sql").map(|path| {
        Case::of("appended-twice.sql", path, 3)
            .says("a second dump begins in the same file, at line 138")
            .at(&FILE)
    }));
    cases.extend(
        reported("crlf.sql").map(|path| Case::of("crlf.sql", path, 0).says("lines end with CR LF").at(&FILE)),
    );
    assert_all(&cases);
}

#[test]
fn the_words_of_a_server_are_told_once() {
    let Some(programs) = verdict::programs() else { return };
    let cluster = scratch::Cluster::start(&programs).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("shop.sql");
    std::fs::write(&backup, dump_with(3)).unwrap();
    let (host, port) = (cluster.socket_dir(), cluster.port());
    for (to, words) in [
        ("dbname=nosuch user=postgres", "cannot connect to \"nosuch\": database \"nosuch\" does not exist"),
        ("dbname=postgres user=nobody", "cannot connect to \"postgres\": role \"nobody\" does not exist"),
    ] {
        let to = format!("host={} port={port} {to}", host.display());
        for option in ["--against", "--server"] {
            let (code, text) = verdict::verify(&[backup.to_str().unwrap(), option, &to]);
            assert_eq!((code, text.matches(words).count()), (2, 1), "{option} {to}: {text}");
            assert!(!text.contains("unexpected end of file"), "{text}");
        }
    }
}

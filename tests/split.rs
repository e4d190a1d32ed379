//! `pgdump-split` as a user runs it.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "corpus.rs"]
mod corpus;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-split");

fn split(tree: &Path, dump: &[u8], more: &[&str]) -> Output {
    let arguments = [&["-", "--out", tree.to_str().unwrap()], more].concat();
    corpus::run(Path::new(PROGRAM), &arguments, dump)
}

fn good(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Every file below a folder with its bytes.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    fn visit(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                visit(root, &path, found);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    visit(root, root, &mut found);
    found
}

const SHOP: &[u8] = b"CREATE SCHEMA shop;\nCREATE TABLE shop.item (id integer NOT NULL, name text);\n\
    COPY shop.item (id, name) FROM stdin;\n10\tten\n9\tnine\n2\ttwo\n\\.\n\
    ALTER TABLE ONLY shop.item ADD CONSTRAINT item_pkey PRIMARY KEY (id);\n";

#[test]
fn a_second_split_writes_nothing_and_check_tells_what_changed() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    good(&split(&tree, SHOP, &[]));
    let before = files(&tree);
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        ["pgdumpkit.json", "schemas/shop/schema.sql", "schemas/shop/tables/item.sql"]
    );
    let again = split(&tree, SHOP, &[]);
    assert!(String::from_utf8_lossy(&again.stdout).contains("0 added, 0 changed, 0 removed, 3 unchanged"));
    assert_eq!(split(&tree, SHOP, &["--check"]).status.code(), Some(0));
    let more =
        [SHOP, b"CREATE FUNCTION shop.f(shop.item) RETURNS integer LANGUAGE sql AS 'select 1';\n"].concat();
    let check = split(&tree, &more, &["--check"]);
    assert_eq!(check.status.code(), Some(1));
    let said = String::from_utf8_lossy(&check.stdout).into_owned();
    assert!(
        said.starts_with("added\tschemas/shop/functions/f.sql\nfiles: 1 added, 0 changed, 0 removed"),
        "{said}"
    );
    assert_eq!(files(&tree), before, "--check writes nothing");
    good(&split(&tree, &more, &[]));
    good(&split(&tree, SHOP, &[]));
    assert_eq!(files(&tree), before, "the file of an object that is gone goes");
}

#[test]
fn rows_come_in_the_order_of_the_primary_key() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    good(&split(&tree, SHOP, &["--data", "shop.*"]));
    let rows = fs::read_to_string(tree.join("data/shop/item.copy")).unwrap();
    assert!(rows.ends_with("FROM stdin;\n2\ttwo\n9\tnine\n10\tten\n\\.\n"), "{rows}");
}

/// The files of rows and values in a tree of the shop fixture.
fn data_of_shop(arguments: &[&str]) -> Vec<String> {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/shop.sql");
    let folder = tempfile::tempdir().unwrap();
    good(&split(folder.path(), &fs::read(fixture).unwrap(), arguments));
    let files = files(folder.path()).into_keys();
    files.filter_map(|path| Some(path.strip_prefix("data/")?.to_owned())).collect()
}

#[test]
fn what_is_left_out_leaves_no_data_behind() {
    let all = data_of_shop(&["--data", "*"]);
    assert_eq!(all.len(), 10, "{all:?}");
    assert_eq!(data_of_shop(&["--data", "*", "-n", "audit"]), ["audit/event_rest.copy"]);
    assert_eq!(data_of_shop(&["--data", "*", "-t", "shop.country"]), ["shop/country.copy"]);
    assert!(data_of_shop(&["--data", "audit.*", "--partitions", "omit"]).is_empty());
    let without = data_of_shop(&["--data", "*", "-T", "shop.order*", "-T", "turnover", "-T", "audit.*"]);
    let expected =
        ["country.copy", "customer.copy", "customer_id_seq.sql", "product.copy", "product_id_seq.sql"];
    assert_eq!(without, expected.map(|file| format!("shop/{file}")));
}

#[test]
fn values_of_sequences_come_with_the_tables_that_own_them() {
    assert_eq!(data_of_shop(&["--data", "shop.order"]), ["shop/order.copy", "shop/order_id_seq.sql"]);
    assert_eq!(data_of_shop(&["--data", "shop.product"]), ["shop/product.copy", "shop/product_id_seq.sql"]);
}

#[test]
fn hostile_names_and_texts_stay_inside() {
    let Some(corpus) = corpus::corpus() else { return };
    let dump = corpus::text(&corpus.join("versions/hard.server15.pg_dump15.sql"));
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("a/b/c/tree");
    good(&split(&tree, &dump, &[]));
    let written = files(folder.path());
    assert!(written.keys().all(|path| path.starts_with("a/b/c/tree/")), "{:?}", written.keys());
    let mut folded: Vec<String> = written.keys().map(|path| path.to_lowercase()).collect();
    folded.dedup();
    assert_eq!(folded.len(), written.len());
    for name in ["%2E%2E%2F.%2E%2F.%2E%2Fescape", "Users+1", "users", "%63on", "trail%2E", "order%2Fitems"] {
        assert!(written.contains_key(&format!("a/b/c/tree/schemas/app/tables/{name}.sql")), "{name}");
    }
    let nasty = &written["a/b/c/tree/schemas/app/functions/nasty.sql"];
    assert!(nasty.windows(13).any(|window| window == b"\\connect evil"));
}

#[test]
fn trouble_leaves_the_tree_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    good(&split(&tree, SHOP, &[]));
    let before = files(&tree);
    let cut = &SHOP[..SHOP.len() - 100];
    for bad in [cut, b"", b"\x1f\x8b\x08\0\0\0\0\0"] {
        let output = split(&tree, bad, &[]);
        assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
        assert_eq!(files(&tree), before);
    }
    let foreign = folder.path().join("foreign");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("README"), "mine").unwrap();
    assert_eq!(split(&foreign, SHOP, &[]).status.code(), Some(2));
    assert_eq!(files(&foreign).len(), 1);
}

#[test]
fn a_shuffled_dump_gives_the_same_tree() {
    let folder = tempfile::tempdir().unwrap();
    let statements: [&[u8]; 5] = [
        b"CREATE TABLE a.t (x integer);\n",
        b"COMMENT ON TABLE a.t IS 'one';\n",
        b"CREATE INDEX i ON a.t USING btree (x);\n",
        b"GRANT SELECT ON TABLE a.t TO r;\n",
        b"CREATE VIEW a.v AS\n SELECT t.x\n   FROM a.t;\n",
    ];
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    good(&split(&one, &statements.concat(), &[]));
    let mut shuffled = statements;
    shuffled.reverse();
    good(&split(&two, &shuffled.concat(), &[]));
    assert_eq!(files(&one), files(&two));
}

#[test]
fn nothing_of_any_dump_is_lost() {
    let Some(corpus) = corpus::corpus() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut seen = 0;
    for part in ["real", "versions", "formats/hard.server18", "formats/pgdump_objects.server18", "regression"]
    {
        for entry in fs::read_dir(corpus.join(part)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if !name.ends_with(".sql") && !name.ends_with(".sql.zst") {
                continue;
            }
            // --check reads back what it would write and compares the bytes read with those accounted for.
            let tree = folder.path().join(seen.to_string());
            let output = split(&tree, &corpus::text(&path), &["--check"]);
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(1), "{name}: {stderr}");
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn a_tree_with_a_statement_that_postgresql_refuses_is_joined_with_3() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    good(&split(&tree, b"CREATE TABLE public.t (\n    a integer\n    b text\n);\nCREATE SCHEMA s;\n", &[]));
    let join = corpus::beside(PROGRAM, "pgdump-join");
    let output = corpus::run(&join, &[tree.to_str().unwrap()], b"");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("other.sql") && said.contains("`b`, at line 5"), "{said}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("a integer\n    b text"));
    // A file by hand.
    fs::write(tree.join("other.sql"), "NOTICE: x\nCREATE SCHEMA b;\n").unwrap();
    let output = corpus::run(&join, &[tree.to_str().unwrap()], b"");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(2) && said.contains("other.sql") && said.contains("line 1"),
        "{said}"
    );
}

/// Guards against trees that go in silence.
#[test]
fn a_tree_of_something_else_does_not_go_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    let table = |number: u32| format!("CREATE TABLE shop.t{number} (id integer);\n");
    let all: String = (0..9).map(table).collect();
    good(&split(&tree, all.as_bytes(), &[]));
    let before = files(&tree);
    // Another selection, another database, and what is left of a table that was cut.
    for (dump, more, said) in [
        (&all, &["-t", "t1"][..], "remove 8 of the 9 files of the tree, which was made with other options"),
        (&all, &["-T", "t1"], "remove 1 of the 9 files of the tree, which was made with other options"),
        (&all.replace("shop.", "bar."), &[], "remove 9 of the 9 files of the tree: "),
    ] {
        let output = split(&tree, dump.as_bytes(), more);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(said) && stderr.contains("--force"), "{stderr}");
        assert_eq!(files(&tree), before);
        for look in ["--check", "--dry-run"] {
            let output = split(&tree, dump.as_bytes(), &[more, &[look]].concat());
            assert!(String::from_utf8_lossy(&output.stdout).contains("removed\tschemas/shop/tables/t"));
        }
    }
    // Options by which nothing goes, and a few tables that went.
    good(&split(&tree, all.as_bytes(), &["-O"]));
    let fewer: String = (3..9).map(table).collect();
    good(&split(&tree, fewer.as_bytes(), &["-O"]));
    assert_eq!(files(&tree).len(), 7);
    good(&split(&tree, all.as_bytes(), &["-t", "t4", "--force"]));
    assert_eq!(files(&tree).len(), 2);
}

#[test]
fn files_of_others_that_are_read_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    good(&split(&tree, SHOP, &[]));
    fs::write(tree.join("schemas/shop/mine.sql"), "CREATE TABLE shop.mine ();\n").unwrap();
    fs::write(tree.join(".hidden.sql"), "CREATE TABLE shop.hidden ();\n").unwrap();
    fs::write(tree.join("README.md"), "CREATE TABLE shop.none ();\n").unwrap();
    for look in ["--check", "--dry-run"] {
        let output = split(&tree, SHOP, &[look]);
        good(&output);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(stderr.ends_with("read as a part of the tree: schemas/shop/mine.sql\n"), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
    let json = split(&tree, SHOP, &["--check", "--json"]);
    assert!(
        String::from_utf8_lossy(&json.stdout).contains("\"foreign\": [\n    \"schemas/shop/mine.sql\"\n  ]")
    );
}

/// Guards against the name of the file of what follows a dump's end.
#[test]
fn a_table_may_be_called_trailer() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    let dump = b"CREATE TABLE a.trailer (id integer);\n";
    good(&split(&tree, dump, &[]));
    good(&split(&tree, dump, &["--check"]));
}

#[test]
fn what_is_made_twice_is_an_error_with_both_lines() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    let refused = |dump: &[u8], words: &[&str]| {
        for more in [&[][..], &["--check"], &["--data", "*"]] {
            let output = split(&tree, dump, more);
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{stderr}");
            assert!(words.iter().all(|word| stderr.contains(word)), "{stderr}");
            assert!(!tree.exists());
        }
    };
    // Without pg_dump's comments nothing but that tells two dumps from one.
    refused(&[SHOP, SHOP].concat(), &["made at line 1, ", "and again at line ", "schema shop"]);
    let frame = |dump: &[u8]| {
        let begin = &b"--\n-- PostgreSQL database dump\n--\n"[..];
        [begin, dump, b"--\n-- PostgreSQL database dump complete\n--\n"].concat()
    };
    refused(&[frame(SHOP), frame(SHOP)].concat(), &["a second dump begins at line 16", "schema shop"]);
    // Only one of them drops.
    let clean = [b"DROP TABLE shop.item;\nDROP SCHEMA shop;\n", SHOP].concat();
    refused(&[frame(&clean), frame(SHOP)].concat(), &["a second dump begins at line 18"]);

    // What is dropped before counts as it was made last.
    let newer = String::from_utf8(clean).unwrap().replace("name text", "name varchar(9)");
    let twice = [SHOP, newer.as_bytes()].concat();
    good(&split(&tree, &twice, &[]));
    let table = String::from_utf8(files(&tree)["schemas/shop/tables/item.sql"].clone()).unwrap();
    assert!(table.contains("character varying(9)") && table.matches("CREATE TABLE").count() == 1, "{table}");
    good(&split(&tree, newer.as_bytes(), &["--check"]));
}

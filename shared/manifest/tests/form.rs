//! What is written is of the published form and can be read again; what is not, is refused.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test that cannot go on panics")]

use manifest::{
    Assertion, Error, Extension, File, Hash, LargeObjects, LeftOut, Manifest, Sequence, Table, TableKind,
};
use serde_json::Value;

fn example() -> Manifest {
    let table = |name: &str, kind, rows| Table {
        schema: "shop".to_owned(),
        name: name.to_owned(),
        kind,
        root: (kind == TableKind::Partition).then(|| ("shop".to_owned(), "days".to_owned())),
        rows,
        bytes: Some(17),
        hash: Some(Hash(u128::MAX - 1)),
    };
    Manifest {
        tool_version: "0.1.0".to_owned(),
        backup: "shop.dump".to_owned(),
        backup_format: "custom".to_owned(),
        options: vec!["--format=custom".to_owned()],
        files: vec![File::of("shop.dump", &mut &b"abc"[..]).unwrap()],
        server_version: "15.8".to_owned(),
        system_identifier: Some("7421".to_owned()),
        database: "shop".to_owned(),
        lsn: Some("0/1A2B3C4".to_owned()),
        snapshot_begin: "2026-01-02T03:04:05Z".to_owned(),
        snapshot_end: "2026-01-02T03:04:06Z".to_owned(),
        encoding: "UTF8".to_owned(),
        locale: Some("C.UTF-8".to_owned()),
        time_zone: "UTC".to_owned(),
        date_style: "ISO, MDY".to_owned(),
        extensions: vec![Extension { name: "citext".to_owned(), version: "1.6".to_owned() }],
        roles: vec!["shopkeeper".to_owned()],
        tables: vec![
            table("goods", TableKind::Table, 3),
            table("days", TableKind::PartitionedTable, 0),
            table("days_1", TableKind::Partition, 1),
        ],
        sequences: vec![Sequence {
            schema: "shop".to_owned(),
            name: "numbers".to_owned(),
            last_value: i64::MIN,
            is_called: true,
        }],
        large_objects: LargeObjects { count: 2, bytes: None, hash: None },
        left_out: vec![LeftOut {
            what: "rows of shop.log".to_owned(),
            why: "--exclude-table-data".to_owned(),
        }],
        assertions: vec![Assertion { sql: "SELECT NULL".to_owned(), value: None }],
        ..Manifest::default()
    }
}

fn text(manifest: &Manifest) -> String {
    let mut bytes = Vec::new();
    manifest.write(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn read(text: &str) -> Result<Manifest, Error> {
    Manifest::read(&mut text.as_bytes())
}

#[test]
fn what_is_written_is_read_again() {
    let written = example();
    let text = text(&written);
    assert_eq!(read(&text).unwrap(), written);
    assert!(text.starts_with("{\n  \"format\": \"pgdumpkit-manifest\",\n  \"version\": 1,\n"), "{text}");
    assert!(text.contains("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"), "{text}");
    assert_eq!(read(&self::text(&Manifest::default())).unwrap(), Manifest::default());
}

/// The schema refuses what the crate does not write, so it names every field.
#[test]
fn the_published_schema_fits_what_is_written() {
    let schema = include_str!("../../../docs/schemas/pgdumpkit-manifest.schema.json");
    let schema = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    let mut value: Value = serde_json::from_str(&text(&example())).unwrap();
    let errors: Vec<String> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    assert!(schema.is_valid(&serde_json::from_str(&text(&Manifest::default())).unwrap()));
    for field in value.as_object().unwrap().keys().cloned().collect::<Vec<_>>() {
        let mut without = value.clone();
        without.as_object_mut().unwrap().remove(&field);
        assert!(!schema.is_valid(&without), "{field}");
    }
    value["tables"][0]["colour"] = "red".into();
    assert!(!schema.is_valid(&value));
}

#[test]
fn what_is_no_manifest_of_ours_is_refused() {
    let good = text(&example());
    let changed = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replacen(from, to, 1)
    };
    for (manifest, expected) in [
        (String::new(), "not of a manifest's form"),
        ("[]".to_owned(), "not a manifest"),
        ("{}".to_owned(), "not a manifest"),
        (changed("pgdumpkit-manifest", "something"), "not a manifest"),
        (changed("\"version\": 1", "\"version\": 2"), "the manifest is of version 2, and only"),
        (
            changed("\"version\": 1", "\"version\": 2, \"later\": []"),
            "the manifest is of version 2, and only",
        ),
        (changed("\"rows\": 3", "\"rows\": 3, \"colour\": 1"), "unknown field `colour`"),
        (changed("\"rows\": 3", "\"rows\": -3"), "not of a manifest's form"),
        (changed("days_1", "goods"), "tells of one table twice"),
        (changed("\"name\": \"shop.dump\"", "\"name\": \"../shop.dump\""), "leads elsewhere"),
        (changed("\"name\": \"shop.dump\"", "\"name\": \"/etc/passwd\""), "leads elsewhere"),
        (changed("\"backup\"", "\"backup\": \"x\", \"backup\""), "duplicate field"),
        (changed("ba7816bf", "ba7816b"), "64 hexadecimal digits"),
        (good[..good.len() / 2].to_owned(), "not of a manifest's form"),
        ("[".repeat(100_000), "not "),
    ] {
        let error = read(&manifest).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let mut endless = std::io::repeat(b' ');
    assert!(matches!(Manifest::read(&mut endless), Err(Error::TooLong(_))));
}

//! The record that a backup was verified is of the published form and can be read again; what is not, is refused.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test that cannot go on panics")]

use std::path::Path;

use manifest::{Level, Sha256, Verified, VerifiedFormat, Version, path_beside, verified_path_beside};
use serde_json::Value;

fn text(level: Level) -> (Verified, String) {
    let verified = Verified {
        format: VerifiedFormat,
        version: Version,
        tool_version: "0.1.0".to_owned(),
        level,
        verified_at: "2026-01-02T03:04:05Z".to_owned(),
        manifest_sha256: Sha256::of(b"abc"),
    };
    let mut bytes = Vec::new();
    verified.write(&mut bytes).unwrap();
    (verified, String::from_utf8(bytes).unwrap())
}

#[test]
fn what_is_written_is_of_the_published_form_and_read_again() {
    let schema = include_str!("../../../docs/schemas/pgdumpkit-verified.schema.json");
    let schema = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    for level in [Level::Restore, Level::Full] {
        let (verified, text) = text(level);
        assert_eq!(Verified::read(&mut text.as_bytes()).unwrap(), verified);
        assert!(text.contains("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"), "{text}");
        let value: Value = serde_json::from_str(&text).unwrap();
        let errors: Vec<String> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
        for field in value.as_object().unwrap().keys() {
            let mut without = value.clone();
            without.as_object_mut().unwrap().remove(field);
            assert!(!schema.is_valid(&without), "{field}");
            assert!(Verified::read(&mut without.to_string().as_bytes()).is_err(), "{field}");
        }
    }
}

#[test]
fn what_is_no_such_record_is_refused() {
    let (_, good) = text(Level::Full);
    for (from, to) in [
        ("pgdumpkit-verified", "pgdumpkit-manifest"),
        ("\"version\": 1", "\"version\": 2"),
        ("full", "file"),
        ("ba7816bf", "ba7816b"),
        ("\"level\"", "\"colour\": 1, \"level\""),
        ("}\n", ""),
        ("}\n", "} {}"),
    ] {
        assert!(good.contains(from), "{from}");
        let error = Verified::read(&mut good.replacen(from, to, 1).as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("not of the form of a record that a backup was verified"), "{error}");
    }
    assert!(Verified::read(&mut std::io::repeat(b' ')).is_err());
}

#[test]
fn both_lie_beside_the_backup() {
    for (backup, manifest, verified) in [
        ("shop.dump", "shop.dump.manifest.json", "shop.dump.verified.json"),
        ("/backups/shop.dir/", "/backups/shop.dir.manifest.json", "/backups/shop.dir.verified.json"),
        ("./a/shop", "./a/shop.manifest.json", "./a/shop.verified.json"),
    ] {
        assert_eq!(path_beside(Path::new(backup)), Path::new(manifest));
        assert_eq!(verified_path_beside(Path::new(backup)), Path::new(verified));
    }
}

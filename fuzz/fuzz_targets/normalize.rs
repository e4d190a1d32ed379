//! Every byte of a dump is accounted for, its script can be read, and canonical form is its own form.
#![no_main]

use std::collections::HashMap;

use dump::{Dump, Name, NoData, ReadOptions, Stream};
use libfuzzer_sys::fuzz_target;

/// Statements as pg_dump writes them, with `@…@` where names and literals go; see the tests of the dump crate.
const TEMPLATES: &str = include_str!("../../shared/dump/tests/properties/statements.sql");

/// A script does not say which pg_dump and server its dump came from, so that `ALL` and options of subscriptions would
/// be taken for older ones than they are.
const ORIGIN: &[u8] = b"SET transaction_timeout = 0;\n-- Dumped from database version 18.0\n";

fn read(text: &[u8]) -> Result<Dump, dump::Error> {
    dump::read(Stream(text), ReadOptions::default(), &mut NoData)
}

fn script(dump: &Dump) -> Vec<u8> {
    let mut script = ORIGIN.to_vec();
    dump::write_script(dump, None, &mut script, |_, _| Ok(())).unwrap();
    script
}

/// Any bytes: no panic, nothing lost. What is no SQL need not have a form that stays, or that can be read.
fn any_bytes(text: &[u8]) {
    let Ok(dump) = read(text) else { return };
    assert_eq!((dump.ledger.total(), dump.bytes), (text.len() as u64, text.len() as u64));
    let written = dump::write_script(&dump, None, &mut Vec::new(), |_, _| Ok(()));
    // `\connect` has no way to say a line break.
    assert!(
        written.is_ok()
            || text.starts_with(b"\\connect")
            || text.windows(9).any(|word| word == b"\n\\connect")
    );
}

/// Statements chosen by the bytes, each once, with names and literals made of them.
fn statements(mut bytes: &[u8]) -> Vec<u8> {
    let groups = TEMPLATES.split("\n== ").enumerate();
    let mut lines: Vec<(usize, &str)> =
        groups.flat_map(|(number, group)| group.lines().skip(1).map(move |line| (number, line))).collect();
    lines.retain(|(_, line)| !line.is_empty());
    let mut take = |most: usize| {
        let (piece, rest) = bytes.split_at(most.min(bytes.len()));
        bytes = rest;
        piece
    };
    let mut text = ORIGIN.to_vec();
    let mut names: HashMap<(usize, &str), Vec<u8>> = HashMap::new();
    while let ([line], false) = (take(1), lines.is_empty()) {
        let (group, line) = lines.swap_remove(usize::from(*line) % lines.len());
        for (at, piece) in line.split('@').enumerate() {
            let mut chosen = || {
                let len = take(1).first().map_or(0, |len| usize::from(*len) % 12);
                take(len).iter().copied().filter(|byte| !b"\0'".contains(byte)).collect::<Vec<u8>>()
            };
            match piece {
                _ if at % 2 == 0 => text.extend_from_slice(piece.as_bytes()),
                "l" | "b" => text.extend([b"'", chosen().as_slice(), b"'"].concat()),
                "s" => text.extend_from_slice(b"\"a.b\""),
                // Two things never have one name: no dump describes a thing twice.
                digit => {
                    let name = names.entry((group, digit)).or_insert_with(|| {
                        [chosen().as_slice(), digit.as_bytes(), group.to_string().as_bytes()].concat()
                    });
                    text.extend(Name::from(name.as_slice()).to_sql());
                }
            }
        }
        text.push(b'\n');
    }
    text
}

fn settles(text: &[u8]) {
    let dump = read(text).unwrap_or_else(|error| panic!("{error}\n{}", text.escape_ascii()));
    assert_eq!(dump.ledger.total(), text.len() as u64);
    let once = script(&dump);
    let twice = script(&read(&once).unwrap());
    assert!(once == twice, "{}\n{}", once.escape_ascii(), twice.escape_ascii());
}

fuzz_target!(|input: &[u8]| {
    match input {
        [0, bytes @ ..] => settles(&statements(bytes)),
        bytes => any_bytes(bytes),
    }
});

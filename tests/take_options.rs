//! Backups with options of pg_dump at random: each is taken, and verified at level `full`, whatever was combined.
//!
//! `cargo xtask options` runs this at its full size, with the server and the pg_dump that `PGDUMPKIT_PG_BINDIR` names,
//! through the variables of the environment below.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "verify_mutation/random.rs"]
#[allow(dead_code, reason = "each test program uses its share")]
mod random;
#[path = "take/source.rs"]
mod source;

use std::fs;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, thread};

use random::Random;
use source::{PROGRAM, Source, complaints, outcome, path, verify};

/// Which options are combined follows from it alone; `PGDUMPKIT_OPTIONS_SEED` is another.
const SEED: u64 = 1;

/// How many backups are taken where nobody asks for more.
const SMALL: usize = 8;

/// What a backup is said to be.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Holds {
    /// Everything: it is verified.
    All,
    /// Some of it: verified, or not judged completely.
    Part,
}

/// What is asked of pg_dump.
struct Asked {
    arguments: Vec<&'static str>,
    /// Settings of pg_dump's session, of those that a database, a role or the environment may bring.
    settings: &'static str,
    holds: Holds,
}

/// Options of which pg_dump takes one, with the oldest version that has it.
type Choice = &'static [(&'static [&'static str], u32)];

const FORMATS: Choice = &[
    (&["-Fp"], 0),
    (&["-Fp", "-Zgzip"], 0),
    (&["-Fp", "-Zzstd"], 0),
    (&["-Fc"], 0),
    (&["-Fc", "-Z0"], 0),
    (&["-Fc", "-Z9"], 0),
    (&["-Ft"], 0),
    (&["-Fd", "-j2"], 0),
    (&["-Fd", "-Z0", "-j1"], 0),
];

const ROWS: Choice = &[
    (&[], 0),
    (&[], 0),
    (&["--inserts"], 0),
    (&["--column-inserts"], 0),
    (&["--rows-per-insert=3"], 0),
    (&["--inserts", "--on-conflict-do-nothing"], 0),
];

const PARTS: Choice = &[
    (&["--data-only"], 0),
    (&["--data-only", "--disable-triggers"], 0),
    (&["--schema-only"], 0),
    (&["--schema-only", "--sequence-data"], 18),
    (&["--statistics-only"], 18),
    (&["--no-data"], 18),
    (&["--no-schema"], 18),
    (&["--table-and-children=shop.measured"], 16),
    (&["--section=pre-data"], 0),
    (&["--section=data"], 0),
    (&["--section=post-data"], 0),
    (&["--section=pre-data", "--section=data"], 0),
    (&["--schema=shop"], 0),
    (&["--exclude-schema=shop"], 0),
    (&["--table=shop.goods"], 0),
    (&["--table=shop.*"], 0),
    (&["--exclude-table=shop.sold"], 0),
    (&["--exclude-table-data=shop.*"], 0),
    (&["--extension=citext"], 0),
    (&["--exclude-extension=citext"], 17),
    (&["--exclude-table-and-children=shop.measured"], 16),
    (&["--no-large-objects"], 16),
    (&["--no-blobs"], 0),
    (&["--no-policies"], 18),
];

/// Options that go with all others.
const ANY: Choice = &[
    (&["--no-owner"], 0),
    (&["--no-privileges"], 0),
    (&["--no-comments"], 0),
    (&["--no-security-labels"], 0),
    (&["--no-publications"], 0),
    (&["--no-subscriptions"], 0),
    (&["--no-tablespaces"], 0),
    (&["--no-toast-compression"], 0),
    (&["--no-table-access-method"], 15),
    (&["--no-unlogged-table-data"], 0),
    (&["--load-via-partition-root"], 0),
    (&["--quote-all-identifiers"], 0),
    (&["--disable-dollar-quoting"], 0),
    (&["--use-set-session-authorization"], 0),
    (&["--extra-float-digits=0"], 0),
    (&["--extra-float-digits=3"], 0),
    (&["--encoding=UTF8"], 0),
    (&["--statistics"], 18),
    (&["--no-statistics"], 18),
    (&["--strict-names"], 0),
    (&["--lock-wait-timeout=10s"], 0),
    (&["--large-objects"], 16),
    (&["--blobs"], 0),
];

const SETTINGS: &[&str] = &[
    "",
    "",
    "-c bytea_output=escape",
    "-c timezone=Asia/Tokyo",
    "-c datestyle=German",
    "-c intervalstyle=iso_8601",
    "-c extra_float_digits=-3",
    "-c quote_all_identifiers=on",
    "-c standard_conforming_strings=off",
    "-c lc_messages=C -c bytea_output=escape -c timezone=America/St_Johns",
];

/// Chooses one of those that the version has.
fn one(random: &mut Random, of: Choice, major: u32) -> &'static [&'static str] {
    let had: Vec<_> = of.iter().filter(|(_, since)| *since <= major).collect();
    random.one(&had).map_or(&[], |(arguments, _)| *arguments)
}

/// Returns what is asked by chance, and is no contradiction to pg_dump.
fn asked(random: &mut Random, major: u32) -> Asked {
    let mut arguments = one(random, FORMATS, major).to_vec();
    let mut holds = Holds::All;
    if random.below(2) == 0 {
        arguments.extend(one(random, PARTS, major));
        holds = Holds::Part;
    }
    let schema_only =
        ["--schema-only", "--statistics-only", "--no-data"].iter().any(|one| arguments.contains(one));
    let data_only =
        ["--data-only", "--no-schema", "--statistics-only"].iter().any(|one| arguments.contains(one));
    if !schema_only {
        arguments.extend(one(random, ROWS, major));
    }
    if !data_only && random.below(3) == 0 {
        arguments.push("--clean");
        if random.below(2) == 0 {
            arguments.push("--if-exists");
        }
    }
    if !data_only && random.below(3) == 0 {
        arguments.push("--create");
    }
    for _ in 0..random.below(5) {
        let more = one(random, ANY, major);
        let name = |argument: &str| {
            argument.trim_start_matches("--no-").trim_start_matches("--").split('=').next().map(str::to_owned)
        };
        if more.iter().all(|one| arguments.iter().all(|other| name(one) != name(other))) {
            arguments.extend(more);
        }
    }
    let settings = random.one(SETTINGS).copied().unwrap_or_default();
    Asked { arguments, settings, holds }
}

fn number(name: &str) -> Option<u64> {
    env::var(format!("PGDUMPKIT_OPTIONS_{name}")).ok().filter(|text| !text.is_empty())?.parse().ok()
}

#[test]
fn whatever_options_are_combined_a_backup_is_taken_and_verified() {
    let Some(source) = Source::start() else { return };
    let major = source.cluster.programs().major();
    for role in ["reader", "keeper"] {
        source.psql(&format!("CREATE ROLE {role}"));
    }
    source.cluster.create_database("odds").unwrap();
    source.cluster.psql_script("odds", include_bytes!("verify_judge/base.sql")).unwrap();

    let seed = number("SEED").unwrap_or(SEED);
    let count = number("COUNT").map_or(SMALL, |count| usize::try_from(count).unwrap());
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    let refused = AtomicUsize::new(0);
    let judge = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                return;
            }
            let asked = asked(&mut Random(seed << 32 | u64::try_from(at).unwrap()), major);
            match take_and_verify(&source, at, &asked) {
                Outcome::Right => {}
                Outcome::Refused(words) => {
                    eprintln!("{at}: pg_dump refuses {:?}: {words}", asked.arguments);
                    refused.fetch_add(1, Ordering::Relaxed);
                }
                Outcome::Wrong(words) => {
                    let said = format!("{at}: {:?} {}: {words}", asked.arguments, asked.settings);
                    eprintln!("{said}");
                    wrong.lock().unwrap().push(said);
                }
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(judge);
        judge();
    });
    let refused = refused.into_inner();
    let wrong = wrong.into_inner().unwrap();
    eprintln!(
        "pg_dump {major}, seed {seed}: {count} backups, {refused} refused by pg_dump, {} wrong",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(refused * 4 <= count, "most combinations are pg_dump's: {refused} of {count} refused");
}

/// What came of a combination.
enum Outcome {
    Right,
    /// pg_dump does not take these options together, in its words.
    Refused(String),
    Wrong(String),
}

fn take_and_verify(source: &Source, at: usize, asked: &Asked) -> Outcome {
    let backups = source.folder.path().join(format!("options-{at}"));
    fs::create_dir(&backups).unwrap();
    let database = if at.is_multiple_of(2) { "odds" } else { "shop" };
    let mut command = Command::new(PROGRAM);
    command.arg("--json").arg("--content").arg("--dir").arg(&backups).args(&asked.arguments).arg(database);
    command.env("PGHOST", source.cluster.socket_dir()).env("PGPORT", source.cluster.port().to_string());
    command.env("PGUSER", "postgres").env("PGOPTIONS", asked.settings);
    let (code, result, stderr) = outcome(command.output().unwrap());
    let outcome = if code == 0 {
        let (code, text) = verify(&path(&result), &["--level", "full"]);
        match (code, asked.holds) {
            (0, _) | (3, Holds::Part) => Outcome::Right,
            _ => Outcome::Wrong(format!("verified with exit code {code}: {text}")),
        }
    } else {
        let words = format!("{} {stderr}", complaints(&result));
        let of_options = [
            "cannot be used together",
            "requires option",
            "no matching",
            "unrecognized option",
            "illegal option",
        ];
        if of_options.iter().any(|one| words.contains(one)) {
            Outcome::Refused(words)
        } else {
            Outcome::Wrong(format!("taken with exit code {code}: {words}"))
        }
    };
    fs::remove_dir_all(&backups).unwrap();
    outcome
}

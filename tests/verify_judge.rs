//! Dumps that were tampered with, and what psql leaves of each: `pgdump-verify` says *verified* of none that psql
//! leaves something else of, and *bad* of none that psql leaves all of.
//!
//! No list says what is right. A dump is restored with psql into a fresh database, and what `pg_dump` writes of that is
//! compared with what the healthy dump says: where a part of an object, a row, a value of a sequence or a large object is
//! missing, something was lost. Where a statement was taken out, what is left of the text says what must be there.
//! Where psql leaves all and complains of a statement, *bad* is no false alarm: whoever stops at errors has less. Where
//! two statements of a text say different things in words of pg_dump's, it is not judged which of them counts.
//!
//! `cargo xtask judge` runs this at its full size, with the dumps of the corpus, through the variables of the environment
//! below.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "corpus.rs"]
mod corpus;
#[path = "verify_judge/court.rs"]
mod court;
#[path = "verify_judge/given.rs"]
mod given;
#[path = "verify_judge/kinds.rs"]
mod kinds;
#[path = "verify_mutation/random.rs"]
mod random;
#[path = "verify_judge/state.rs"]
mod state;
#[path = "verify_judge/tally.rs"]
mod tally;
#[path = "verify_judge/text.rs"]
mod text;
#[path = "verify_judge/truth.rs"]
mod truth;
#[path = "verify_judge/verdicts.rs"]
mod verdicts;
#[path = "verify_judge/ways.rs"]
mod ways;

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, thread};

use scratch::{Cluster, Programs};

use court::{Case, Court, Dump};
use random::Random;
use text::Text;
use ways::{Made, Way};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-verify");

/// What is done to the dump follows from it alone; `PGDUMPKIT_JUDGE_SEED` is another.
const SEED: u64 = 1;

/// Dumps that are made where nobody asks for more.
const SMALL: usize = 24;

/// Dumps that one run of the tool is asked of.
const TOGETHER: usize = 6;

/// How much is to be done.
struct Size {
    seed: u64,
    count: usize,
    threads: usize,
    /// Only what has this in its name.
    only: Option<String>,
    /// Where what was judged wrong is kept.
    keep: Option<PathBuf>,
    /// Whether the dumps of the corpus are judged as well.
    corpus: bool,
}

impl Size {
    fn asked() -> Size {
        let asked = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let number = |name: &str| asked(name).map(|value| value.parse().unwrap());
        Size {
            seed: asked("PGDUMPKIT_JUDGE_SEED").map_or(SEED, |seed| seed.parse().unwrap()),
            count: number("PGDUMPKIT_JUDGE_COUNT").unwrap_or(SMALL),
            threads: number("PGDUMPKIT_JUDGE_THREADS").unwrap_or(2),
            only: asked("PGDUMPKIT_JUDGE_ONLY"),
            keep: asked("PGDUMPKIT_JUDGE_KEEP").map(PathBuf::from),
            corpus: asked("PGDUMPKIT_JUDGE_COUNT").is_some(),
        }
    }
}

/// Makes the dumps; each follows from the seed and its number alone.
fn cases(text: &Text, size: &Size) -> Vec<Case> {
    let mut ways = ways::ways();
    let mut random = Random(size.seed);
    for at in (1..ways.len()).rev() {
        ways.swap(at, random.below(at + 1));
    }
    let mut cases =
        vec![Case { name: format!("made {} untouched", size.seed), dump: Dump::Made(Made::untouched(text)) }];
    for number in 0..size.count {
        let way = &ways[number % ways.len()];
        let mut random = Random(size.seed.wrapping_mul(1_000_003).wrapping_add(number as u64));
        let made = (0..100).find_map(|_| way.make(text, &mut random));
        let Some(mut made) = made else { panic!("{}: it leads nowhere", Way::name(way)) };
        // Dumps of older versions of pg_dump have no key, behind which psql obeys no meta-command.
        if random.below(2) == 0 {
            made = without_key(made);
        }
        let name = format!("made {}-{number} {}", size.seed, made.way);
        cases.push(Case { name, dump: Dump::Made(made) });
    }
    if size.corpus {
        let given = given::all().into_iter();
        cases.extend(given.map(|given| Case { name: given.name.clone(), dump: Dump::Given(given) }));
    }
    cases.retain(|case| size.only.as_ref().is_none_or(|only| case.name.contains(only.as_str())));
    cases
}

/// The dump with lines of the same length in place of its key's, so that all else is where it was.
fn without_key(made: Made) -> Made {
    let mut bytes = made.bytes;
    for word in [&b"\n\\restrict "[..], b"\n\\unrestrict "] {
        let at = bytes.windows(word.len()).position(|part| part == word);
        // Not what was put in.
        if let Some(at) = at.filter(|at| !made.own.contains(at)) {
            let end = bytes[at + 1..]
                .iter()
                .position(|byte| *byte == b'\n')
                .map_or(bytes.len(), |end| at + 1 + end);
            bytes[at + 1..end].fill(b'-');
        }
    }
    Made { bytes, ..made }
}

#[test]
fn verdicts_are_right_on_what_psql_leaves() {
    let Some(programs) = Programs::find_optional().unwrap() else {
        eprintln!("skipped: no PostgreSQL server programs");
        return;
    };
    let size = Size::asked();
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(&programs).unwrap();
    let (text, healthy) = truth::base(&cluster);
    let cases = cases(&text, &size);
    let court = Court {
        programs: &programs,
        cluster: &cluster,
        healthy: &healthy,
        folder: folder.path(),
        keep: size.keep.as_deref(),
        tally: Mutex::default(),
    };
    let next = AtomicUsize::new(0);
    let runs: Vec<&[Case]> = cases.chunks(TOGETHER).collect();
    thread::scope(|scope| {
        for _ in 0..size.threads {
            scope.spawn(|| {
                while let Some(run) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    court.judge(run);
                }
            });
        }
    });
    let tally = court.tally.into_inner().unwrap();
    eprintln!("\nseed {}\n{}", size.seed, tally.table());
    assert!(!cases.is_empty(), "nothing has such a name");
    assert!(tally.faults.is_empty(), "{} wrong:\n{}", tally.faults.len(), tally.faults.join("\n"));
}

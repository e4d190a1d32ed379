//! Statements that take something away, that stand in odd places, or that psql would do otherwise.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

mod verdict;

use scratch::Programs;
use verdict::{Case, assert_all};

fn is_skipped() -> bool {
    let none = Programs::find_optional().unwrap().is_none();
    if none {
        eprintln!("skipped: no PostgreSQL server programs");
    }
    none
}

#[test]
fn transactions_count() {
    if is_skipped() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let table = "CREATE TABLE public.t (a integer);\nCOPY public.t (a) FROM stdin;\n1\n\\.\n";
    assert_all(&[Case::plain(folder, "whole", &format!("BEGIN;\n{table}COMMIT;"), 0)]);
}

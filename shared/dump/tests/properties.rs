//! The invariants of ARCHITECTURE.md on generated input.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test that cannot go on panics")]

#[path = "properties/canonical.rs"]
mod canonical;
#[path = "properties/events.rs"]
mod events;
#[path = "properties/names.rs"]
mod names;
#[path = "properties/pieces.rs"]
mod pieces;
#[path = "properties/schemas.rs"]
mod schemas;

/// Failures are to become tests of their own, not a file of seeds.
fn config() -> proptest::test_runner::Config {
    proptest::test_runner::Config { failure_persistence: None, ..Default::default() }
}

//! The tools, listed once for everything that goes through all of them.

use clap::Command;

/// Returns the command line definition of every tool, in alphabetical order.
pub fn commands() -> Vec<Command> {
    vec![
        pgdump_diff::command(),
        pgdump_inspect::command(),
        pgdump_join::command(),
        pgdump_normalize::command(),
        pgdump_split::command(),
        pgdump_take::command(),
        pgdump_verify::command(),
    ]
}

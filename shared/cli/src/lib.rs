//! The edge that all tools share: arguments, exit codes, messages and inputs.

mod arguments;
mod failure;
mod input;
mod message;

pub use arguments::{DataArguments, DumpArguments, OmitArguments, SelectArguments};
pub use failure::{Failure, Outcome, run};
pub use input::{DataWanted, open, read_dump, read_input, read_reader};
pub use message::{escape, report_reading, report_unknown, warn};

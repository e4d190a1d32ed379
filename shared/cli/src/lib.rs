//! The edge that all tools share: arguments, exit codes, messages, progress, inputs, and what reports are made of.

mod arguments;
mod colour;
mod comment;
mod escape;
mod failure;
mod foreign;
mod input;
mod message;
mod progress;
mod sink;

pub use arguments::{DataArguments, DumpArguments, OmitArguments, SelectArguments};
pub use colour::ColorArgument;
pub use comment::Comment;
pub use escape::{escape, escape_lines, escape_xml, markdown_code};
pub use failure::{Failure, Outcome, run};
pub use input::{DataWanted, Input, one_dump, open, read_dump, read_input, read_reader};
pub use message::{
    ESCAPES_IN_LITERALS, place_and_text, report_failure, report_reading, report_unknown, warn,
};
pub use progress::Progress;
pub use sink::{Sink, open_all};

//! Whether to use colours.

use std::io;

use clap::{Args, ColorChoice};

/// When to use colours.
#[derive(Args, Clone, Copy, Debug)]
pub struct ColorArgument {
    /// Whether to use colours
    #[arg(long, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    color: ColorChoice,
}

impl ColorArgument {
    /// Says whether standard output gets colours: on a terminal, unless `NO_COLOR` is set, if nothing else was asked for.
    pub fn on_stdout(self) -> bool {
        self.wanted()
            .unwrap_or_else(|| anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never)
    }

    /// Says whether they were asked for or forbidden.
    pub fn wanted(self) -> Option<bool> {
        match self.color {
            ColorChoice::Auto => None,
            ColorChoice::Always => Some(true),
            ColorChoice::Never => Some(false),
        }
    }
}

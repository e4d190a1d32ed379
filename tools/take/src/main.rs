//! `pgdump-take`; everything it does is in the library beside it.

fn main() -> std::process::ExitCode {
    cli::run(pgdump_take::run)
}

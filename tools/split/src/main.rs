//! The program; everything it does is in the library.
fn main() -> std::process::ExitCode {
    cli::run(pgdump_split::run)
}

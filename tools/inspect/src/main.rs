//! Says what is in a backup.
fn main() -> std::process::ExitCode {
    cli::run(pgdump_inspect::run)
}

//! Proves a backup.
fn main() -> std::process::ExitCode {
    cli::run(pgdump_verify::run)
}

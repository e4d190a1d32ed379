//! Prints a dump's schema in one canonical form.
fn main() -> std::process::ExitCode {
    cli::run(pgdump_normalize::run)
}

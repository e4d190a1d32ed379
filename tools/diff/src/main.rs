//! Says what changed between the schemas of two dumps.
fn main() -> std::process::ExitCode {
    cli::run(pgdump_diff::run)
}

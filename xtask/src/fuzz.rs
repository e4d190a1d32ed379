//! `cargo xtask fuzz`: runs the targets of `fuzz/`; see its README.

use anyhow::{Result, bail};

use crate::{process, workspace};

/// Fuzzes one target, or each, for so many seconds; fails at the first finding.
pub fn run(target: Option<&str>, seconds: u64) -> Result<()> {
    let command = |arguments: &[&str]| {
        let mut command = process::cargo();
        command.arg("fuzz").args(arguments).current_dir(workspace::root().join("fuzz"));
        command
    };
    if process::output(&mut command(&["--version"])).is_err() {
        bail!(
            "cargo-fuzz is not there (install it: `cargo install cargo-fuzz`; it also needs a C++ compiler)"
        );
    }
    let listed = String::from_utf8(process::output(&mut command(&["list"]))?)?;
    let targets: Vec<&str> =
        listed.lines().filter(|name| target.is_none_or(|target| target == *name)).collect();
    if targets.is_empty() {
        bail!("no such target; there are: {}", listed.lines().collect::<Vec<_>>().join(", "));
    }
    let time = format!("-max_total_time={seconds}");
    for name in targets {
        println!("== {name}");
        // Without the address sanitizer, which only nightly Rust has.
        let arguments =
            ["run", "-s", "none", name, "--", &time, "-max_len=1200", "-rss_limit_mb=2048", "-timeout=20"];
        process::run(&mut command(&arguments))?;
    }
    Ok(())
}

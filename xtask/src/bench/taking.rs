//! `pgdump-take` beside a bare `pg_dump` with the same options, of the same database.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use scratch::{Cluster, Programs};

use super::measure::{Sample, measure};
use super::{restoring, table};

/// The formats that are taken, by pg_dump's options.
const FORMATS: [(&str, &[&str]); 3] =
    [("plain", &["-Fp"]), ("custom", &["-Fc"]), ("directory, two at once", &["-Fd", "-j2"])];

/// Runs all in turn, again and again, and prints a table for each format.
pub fn run(dump: &Path, bin: &Path, out: &Path, runs: u32) -> Result<()> {
    let programs = Programs::find()?;
    let cluster = Cluster::start(&programs)?;
    measure(
        restoring::shell(&cluster, "createdb x && psql -qX -o /dev/null -d x -f \"$1\"").arg(dump),
        &[0],
    )?;
    cluster.psql("x", "VACUUM ANALYZE")?;
    for (name, options) in FORMATS {
        let (mut bare, mut taken, mut content) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..runs {
            bare.push(sample(
                &cluster,
                &cluster.programs().program("pg_dump"),
                &[options, &["-f"]].concat(),
                out,
            )?);
            let take = bin.join("pgdump-take");
            taken.push(sample(&cluster, &take, &[options, &["--dir"]].concat(), out)?);
            content.push(sample(&cluster, &take, &[options, &["--content", "--dir"]].concat(), out)?);
        }
        println!("{name}:\n");
        let rows: [(&str, &[Sample]); 3] =
            [("pg_dump", &bare), ("take", &taken), ("take --content", &content)];
        println!("{}", table::render(&rows));
    }
    Ok(())
}

/// Measures a program that writes into a fresh folder, of which the last option wants the name.
fn sample(cluster: &Cluster, program: &Path, options: &[&str], out: &Path) -> Result<Sample> {
    let folder = out.join("taken");
    super::remove(&folder)?;
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let bare = options.last() == Some(&"-f");
    let target = if bare { folder.join("backup") } else { folder };
    let mut command: Command = restoring::shell(cluster, "exec \"$@\"");
    command.arg(program).args(["-d", "x"]).args(options).arg(target);
    measure(&mut command, &[0])
}

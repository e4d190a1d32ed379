//! `pgdump-join`: turns a tree written by `pgdump-split` back into a dump that restores.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::{CommandFactory, Parser};
use cli::{Failure, Outcome};
use dump::Kind;
use tree::reader::{Error, Tree};

#[derive(Debug, Parser)]
#[command(name = "pgdump-join", version, about)]
struct Arguments {
    /// The tree
    #[arg(value_name = "DIR")]
    tree: PathBuf,

    /// Leave out `\restrict` and `\unrestrict`, which drivers and older psqls do not know
    #[arg(long)]
    no_restrict: bool,
}

/// Returns the command line, for man pages and completions.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs the tool on the process's arguments.
///
/// # Errors
/// When the tree cannot be read, holds a psql meta-command, or the output cannot be written.
pub fn run() -> Result<Outcome, Failure> {
    let arguments = Arguments::parse();
    // All of the tree is read before the first byte is written.
    let Tree { mut dump, rows, not_understood } =
        tree::reader::read(&arguments.tree, None).map_err(|error| {
            let is_tree = !matches!(error, Error::NotATree { .. });
            let failure = Failure::from(error);
            if is_tree { failure } else { failure.with_hint("make one with: pgdump-split DUMP --out DIR") }
        })?;
    for (unknown, path) in dump.unknown.iter().zip(&not_understood) {
        let what = cli::place_and_text(unknown);
        cli::warn(&format!("not understood, kept at the end: {}: {what}", path.display()));
    }
    let refused = dump.unknown.iter().any(|unknown| unknown.refusal.is_some());
    let mut out = BufWriter::with_capacity(256 * 1024, std::io::stdout().lock());
    let key = if arguments.no_restrict { None } else { Some(restrict_key()?) };
    if let ([database], true) = (dump.databases.as_mut_slice(), dump.cluster.objects.is_empty()) {
        // The database itself is made by whoever restores, as with a dump without --create.
        database.schema.objects.retain(|address, _| address.kind != Kind::Database);
    }
    let circular = dump::write_script(&dump, key.as_deref(), &mut out, |index, out| {
        for path in &rows[index] {
            out.write_all(b"\n")?;
            tree::reader::copy_data(path, out).map_err(std::io::Error::other)?;
        }
        Ok(())
    })?;
    for address in circular {
        cli::warn(&format!("needs something that needs it, its place is a guess: {address}"));
    }
    out.flush()?;
    // What PostgreSQL refuses is in the dump as it is in the tree, and no restore makes it.
    Ok(if refused { Outcome::Unclear } else { Outcome::Good })
}

/// A fresh key as pg_dump makes it: 63 letters and digits that nobody can foresee (`generate_restrict_key` in
/// dumputils.c).
fn restrict_key() -> Result<String, Failure> {
    const ALPHABET: &[u8; 64] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0a";
    let mut bytes = [0_u8; 63];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
    Ok(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 64)])).collect())
}

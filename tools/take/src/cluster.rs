//! A whole server: its databases one by one, and what belongs to none of them.

use std::process::Command;
use std::sync::Arc;

use cli::Failure;
use connect::Client;
use jiff::Timestamp;
use manifest::{LeftOut, Manifest};

use crate::backup_name::{BackupName, Form, Target};
use crate::connection::Connection;
use crate::packing::Packing;
use crate::pg_dump;
use crate::proof::Proof;
use crate::stop::Stop;
use crate::taking::{Taken, Wish, finish, program, whole_second};
use crate::unfinished::Unfinished;

/// The databases that pg_dumpall takes.
const DATABASES: &str = "SELECT d.datname FROM pg_catalog.pg_database d WHERE d.datallowconn AND d.datconnlimit OPERATOR(pg_catalog.<>) '-2' ORDER BY 1";

/// Lists the databases of a server.
///
/// # Errors
/// When the server refuses.
pub fn databases(client: &mut Client) -> Result<Vec<String>, Failure> {
    let rows = client.query(DATABASES.as_bytes())?;
    let name = |row: connect::Row| row.into_iter().next().flatten().unwrap_or_default();
    rows.into_iter()
        .map(|row| {
            String::from_utf8(name(row))
                .map_err(|_| anyhow::anyhow!("the name of a database is no UTF-8").into())
        })
        .collect()
}

/// Takes what pg_dumpall writes: roles, tablespaces and settings, or everything. It takes no snapshot that others could
/// read, and so nothing is compared but that the file is complete.
///
/// # Errors
/// When pg_dumpall fails, or what it writes is not complete.
pub fn take(
    target: &Target,
    connection: &Connection,
    role_passwords: bool,
    wish: &Wish<'_>,
    taken: &mut Taken,
) -> Result<(), Failure> {
    let client = Client::connect(connection.parameters())?;
    let program = program("pg_dumpall", &client)?;
    let server_version = client.parameter("server_version").unwrap_or_default().to_owned();
    let encoding = client.parameter("server_encoding").unwrap_or_default().to_owned();
    drop(client);
    let globals = *target == Target::Globals;
    // Roles are few, and read by people in need.
    let packing = if globals { Packing::None } else { wish.packing };
    let form = match packing {
        Packing::None => Form::Plain,
        Packing::Gzip(_) => Form::PlainGzip,
        Packing::Zstd(_) => Form::PlainZstd,
    };
    let name = BackupName { target: target.clone(), taken: whole_second(), form };
    let name = wish.destination.free_name(name)?;
    let name = name.to_string();
    let mut command = Command::new(program.path());
    let mut options: Vec<String> = Vec::new();
    if globals {
        options.push("--globals-only".to_owned());
    } else {
        options.extend(wish.options.arguments().map(|word| word.to_string_lossy().into_owned()));
    }
    options.extend((!role_passwords).then(|| "--no-role-passwords".to_owned()));
    command.args(&options);
    connection.tell(&mut command);
    wish.progress.begin("pg_dumpall", None);
    let begin = Timestamp::now();
    let (unfinished, file) = Unfinished::file(wish.folder(), &name)?;
    let stop = Arc::new(Stop::default());
    let written = pg_dump::plain(command, packing, file, &name, &stop)?;
    let mut proof = Proof::default();
    if !written.dump.end_is_marked {
        proof.findings.push("pg_dumpall's closing comment is missing: the file is not complete".to_owned());
    }
    let why = "pg_dumpall takes no snapshot that others could read".to_owned();
    proof.notes.push(format!("not compared with the source: {why}"));
    let manifest = Manifest {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        backup: name.clone(),
        backup_format: "plain".to_owned(),
        options,
        files: written.files,
        server_version,
        encoding,
        snapshot_begin: begin.to_string(),
        snapshot_end: Timestamp::now().to_string(),
        left_out: vec![LeftOut { what: "what the source held".to_owned(), why }],
        ..Manifest::default()
    };
    finish(unfinished, &name, &manifest, proof, wish, taken)
}

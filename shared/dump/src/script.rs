//! A dump as a script that psql can run.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::identify::DataForm;
use crate::object::{Address, Kind};
use crate::schema::{Object, Part, PartWriter, Schema};
use crate::{Database, Dump, Name, Ordered, order, trailer};

/// Writes a dump as a plain script, in an order in which it can be run; `data` is called with the index of each
/// database where its rows belong.
///
/// Databases that have a definition are created and connected to, as `pg_dump --create` and `pg_dumpall` do. With a key,
/// psql is kept from running meta-commands in between (`\restrict`).
///
/// Returns the objects whose order is a guess because they need each other in a circle.
///
/// # Errors
/// Those of `out` and `data`, and [`io::ErrorKind::InvalidData`] for the name of a database that `\connect` cannot say.
pub fn write_script<W: Write>(
    dump: &Dump,
    restrict: Option<&str>,
    out: &mut W,
    mut data: impl FnMut(usize, &mut W) -> io::Result<()>,
) -> io::Result<Vec<Address>> {
    let meta = |out: &mut W, command: &str| match restrict {
        Some(key) => writeln!(out, "\\{command} {key}"),
        None => Ok(()),
    };
    let several = dump.is_of_several();
    let mut begun = !dump.cluster.objects.is_empty();
    // What follows an end needs one that is known again, as that of every other database then does.
    let framed = dump.databases.iter().any(|database| !database.schema.trailer.is_empty());
    let mut circular = Vec::new();
    meta(out, "restrict")?;
    if restrict.is_some() {
        writeln!(out)?;
    }
    if !dump.cluster.objects.is_empty() {
        preamble(&dump.cluster, out)?;
        let Ordered { pre_data, post_data, circular: guesses } = order(&dump.cluster);
        circular.extend(guesses);
        write_all(&pre_data, out)?;
        write_all(&post_data, out)?;
        writeln!(out)?;
    }
    for (index, database) in dump.databases.iter().enumerate() {
        if dump.databases.len() > 1 && database.is_empty() {
            continue;
        }
        if framed {
            out.write_all(trailer::BEGIN)?;
        }
        let is_database = |object: &&Object| object.address.kind == Kind::Database;
        let own: Vec<&Object> = database.schema.objects.values().filter(is_database).collect();
        if !own.is_empty() {
            if !begun {
                preamble(&database.schema, out)?;
            }
            let parts: Vec<&Part> = own.iter().flat_map(|object| &object.parts).collect();
            write_all(&parts, out)?;
        }
        let name = own.first().map(|object| &object.address.name);
        if let Some(name) = database.name.as_ref().or(name).filter(|_| several || !own.is_empty()) {
            writeln!(out)?;
            meta(out, "unrestrict")?;
            connect(name, out)?;
            meta(out, "restrict")?;
            writeln!(out)?;
        }
        begun = true;
        circular.extend(write_database(database, framed, out, |out| data(index, out))?);
    }
    if restrict.is_some() {
        writeln!(out)?;
    }
    meta(out, "unrestrict")?;
    Ok(circular)
}

/// Writes what is in a database, without the database itself.
fn write_database<W: Write>(
    database: &Database,
    framed: bool,
    out: &mut W,
    data: impl FnOnce(&mut W) -> io::Result<()>,
) -> io::Result<Vec<Address>> {
    let schema = &database.schema;
    preamble(schema, out)?;
    let Ordered { mut pre_data, mut post_data, circular } = order(schema);
    for parts in [&mut pre_data, &mut post_data] {
        parts.retain(|part| part.address.kind != Kind::Database);
    }
    write_all(&pre_data, out)?;
    data(out)?;
    let statements = |form: DataForm| {
        let found = database.data.statements.iter().filter(move |statement| statement.form == form);
        found.map(|statement| (&statement.address, &statement.text)).collect::<BTreeMap<_, _>>()
    };
    write_lines(statements(DataForm::SequenceValue).into_values(), out)?;
    write_all(&post_data, out)?;
    let mut refreshes = statements(DataForm::Refresh);
    // A matview may read another, which then is made and filled before it.
    let made = pre_data.iter().chain(&post_data).filter_map(|part| refreshes.remove(&part.address));
    let mut in_order: Vec<&Vec<u8>> = made.collect();
    in_order.extend(refreshes.into_values());
    write_lines(in_order.into_iter(), out)?;
    if framed {
        out.write_all(trailer::END)?;
        out.write_all(&schema.trailer)?;
    }
    Ok(circular)
}

fn write_lines<'l>(lines: impl Iterator<Item = &'l Vec<u8>>, out: &mut impl Write) -> io::Result<()> {
    for (number, line) in lines.enumerate() {
        if number == 0 {
            out.write_all(b"\n")?;
        }
        out.write_all(line)?;
    }
    Ok(())
}

/// `\connect` to a database (`appendPsqlMetaConnect` in string_utils.c).
fn connect(name: &Name, out: &mut impl Write) -> io::Result<()> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    if name.bytes().iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
        let message = format!("database name contains a line break: {name}");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    if name.bytes().iter().all(plain) {
        out.write_all(b"\\connect ")?;
        out.write_all(&name.to_sql())?;
    } else {
        let mut value = b"dbname='".to_vec();
        for byte in name.bytes() {
            if matches!(byte, b'\'' | b'\\') {
                value.push(b'\\');
            }
            value.push(*byte);
        }
        value.push(b'\'');
        // The name's bytes are to reach the server as they are.
        out.write_all(b"\\encoding SQL_ASCII\n\\connect -reuse-previous=on ")?;
        out.write_all(&Name::from(value.as_slice()).to_sql())?;
    }
    out.write_all(b"\n")
}

/// The session that a restore needs (`_doSetFixedOutputState` in pg_backup_archiver.c), without what is a matter of
/// taste or not known to every server.
fn preamble(schema: &Schema, out: &mut impl Write) -> io::Result<()> {
    let encoding = if schema.encoding.is_empty() { "UTF8" } else { &schema.encoding };
    writeln!(out, "SET client_encoding = '{}';", encoding.replace('\'', ""))?;
    out.write_all(
        b"SET standard_conforming_strings = on;\n\
          SELECT pg_catalog.set_config('search_path', '', false);\n\
          SET check_function_bodies = false;\n\
          SET xmloption = content;\n\
          SET client_min_messages = warning;\n\
          SET row_security = off;\n\
          SET default_tablespace = '';\n\
          SET default_table_access_method = heap;\n",
    )
}

fn write_all(parts: &[&Part], out: &mut impl Write) -> io::Result<()> {
    let mut writer = PartWriter::default();
    let mut text = Vec::new();
    for part in parts {
        if text.is_empty() {
            text.push(b'\n');
        }
        writer.write(part, &mut text);
        if text.len() > 64 * 1024 {
            out.write_all(&text)?;
            text.clear();
        }
    }
    writer.finish(&mut text);
    out.write_all(&text)
}

//! A schema as a script that psql can run.

use std::io::{self, Write};

use crate::schema::{PartWriter, Schema};
use crate::{Ordered, Part, order};

/// Writes a schema as a plain dump, in an order in which it can be run; `data` is called where rows belong.
///
/// Returns the objects whose order is a guess because they need each other in a circle.
///
/// # Errors
/// Those of `out` and `data`.
pub fn write_script<W: Write>(
    schema: &Schema,
    out: &mut W,
    data: impl FnOnce(&mut W) -> io::Result<()>,
) -> io::Result<Vec<crate::Address>> {
    preamble(schema, out)?;
    let Ordered { pre_data, post_data, circular } = order(schema);
    write_all(&pre_data, out)?;
    data(out)?;
    write_all(&post_data, out)?;
    if !schema.trailer.is_empty() {
        out.write_all(b"\n")?;
        out.write_all(&schema.trailer)?;
        out.write_all(if schema.trailer.ends_with(b"\n") { b"" } else { b"\n" })?;
    }
    Ok(circular)
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

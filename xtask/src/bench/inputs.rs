//! The inputs: generated once, kept between runs, the same bytes on every machine.

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use scratch::{Cluster, Programs};

use super::random::Random;
use crate::{corpus, process};

/// Rows of the dump that is nearly all COPY data, about 2 GB.
const COPY_ROWS: u64 = 15_000_000;

/// Size of the single INSERT statement, in bytes.
const INSERT_BYTES: u64 = 1 << 30;

const HEADER: &str = "--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 15.0\n\
    -- Dumped by pg_dump version 15.0\n\nSET statement_timeout = 0;\nSET lock_timeout = 0;\n\
    SET idle_in_transaction_session_timeout = 0;\nSET client_encoding = 'UTF8';\n\
    SET standard_conforming_strings = on;\nSELECT pg_catalog.set_config('search_path', '', false);\n\
    SET check_function_bodies = false;\nSET xmloption = content;\nSET client_min_messages = warning;\n\
    SET row_security = off;\n\n";

const TABLE_SETTINGS: &str = "SET default_tablespace = '';\n\nSET default_table_access_method = heap;\n\n";

const FOOTER: &str = "--\n-- PostgreSQL database dump complete\n--\n\n";

const WORDS: [&str; 16] = [
    "amber", "basalt", "cedar", "delta", "ember", "fjord", "granite", "harbour", "indigo", "juniper", "kelp",
    "lagoon", "meadow", "nettle", "osier", "pebble",
];

/// What a dump can be packed as.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Packing {
    /// `gzip` with its own level.
    Gzip,
    /// `zstd` with its own level.
    Zstd,
    /// `pg_dump -Fc` of the restored dump.
    Custom,
}

impl Packing {
    fn extension(self) -> &'static str {
        match self {
            Packing::Gzip => "sql.gz",
            Packing::Zstd => "sql.zst",
            Packing::Custom => "dump",
        }
    }
}

/// The folder of inputs.
pub struct Inputs {
    folder: PathBuf,
    scale: f64,
}

impl Inputs {
    /// Opens the folder, creating it if need be.
    pub fn new(folder: PathBuf, scale: f64) -> Result<Inputs> {
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(Inputs { folder, scale })
    }

    /// Returns a dump of three tables that is nearly all COPY data.
    pub fn copy(&self) -> Result<PathBuf> {
        let rows = self.scaled(COPY_ROWS);
        self.input(&format!("copy-{rows}.sql"), |out| write_copy(out, rows))
    }

    /// Returns a dump of `objects` objects (what has a file of its own in a tree) without data.
    pub fn schema(&self, objects: u32) -> Result<PathBuf> {
        self.input(&format!("schema-{objects}.sql"), |out| write_schema(out, objects))
    }

    /// Returns a dump whose data is one INSERT statement.
    pub fn insert(&self) -> Result<PathBuf> {
        let bytes = self.scaled(INSERT_BYTES);
        self.input(&format!("insert-{bytes}.sql"), |out| write_insert(out, bytes))
    }

    /// Returns the dump of [`copy`](Self::copy) in another format; `None` if there is no server to make it with.
    pub fn packed(&self, packing: Packing) -> Result<Option<PathBuf>> {
        let plain = self.copy()?;
        let path = plain.with_extension(packing.extension());
        if path.exists() {
            return Ok(Some(path));
        }
        let programs = match packing {
            Packing::Custom => match Programs::find_optional()? {
                None => return Ok(None),
                programs => programs,
            },
            Packing::Gzip | Packing::Zstd => None,
        };
        println!("generating {}", path.display());
        let partial = path.with_extension("partial");
        match (packing, programs) {
            (Packing::Custom, Some(programs)) => {
                let cluster = Cluster::start(&programs)?;
                cluster.create_database("bench")?;
                process::run(cluster.command("psql").args(["-qX", "-d", "bench", "-f"]).arg(&plain))?;
                process::run(cluster.command("pg_dump").args(["-Fc", "bench", "-f"]).arg(&partial))?;
            }
            (Packing::Zstd, _) => {
                process::run(Command::new("zstd").arg("-q").arg(&plain).arg("-o").arg(&partial))?
            }
            _ => {
                let mut gzip = Command::new("gzip");
                process::run(gzip.arg("-c").arg(&plain).stdout(File::create(&partial)?))?;
            }
        }
        fs::rename(&partial, &path).with_context(|| format!("cannot rename {}", partial.display()))?;
        Ok(Some(path))
    }

    /// Returns the two schemas of the corpus with 976 changes between them, so many times over, in schemas of other
    /// names; `None` without the corpus.
    pub fn pair(&self, times: usize) -> Result<Option<Vec<PathBuf>>> {
        let Some(corpus) = corpus::folder() else { return Ok(None) };
        let packed = File::open(corpus.join("diff-cases/big.tar.zst"))?;
        let mut archive = tar::Archive::new(zstd::Decoder::new(packed)?);
        let mut pair = Vec::new();
        for entry in archive.entries()? {
            let mut entry = entry?;
            let name = entry.path()?.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !name.ends_with(".sql") {
                continue;
            }
            let mut text = String::new();
            entry.read_to_string(&mut text)?;
            pair.push(self.input(&format!("{times}-{name}"), |out| write_times(out, &text, times))?);
        }
        pair.sort();
        Ok(Some(pair))
    }

    /// Returns the dump of [`copy`](Self::copy), and the same with a table more at its end.
    pub fn copy_pair(&self) -> Result<Vec<PathBuf>> {
        let old = self.copy()?;
        let rows = self.scaled(COPY_ROWS);
        let new = self.input(&format!("copy-{rows}-changed.sql"), |out| {
            let old = File::open(&old)?;
            let len = old.metadata()?.len() - FOOTER.len() as u64;
            std::io::copy(&mut old.take(len), out)?;
            out.write_all(b"CREATE TABLE public.late (\n    id integer\n);\n\n\n")?;
            out.write_all(FOOTER.as_bytes())
        })?;
        Ok(vec![old, new])
    }

    /// Returns a plain and a custom dump of one database of about a gigabyte; `None` if there is no server to make it with.
    pub fn shop(&self) -> Result<Option<(PathBuf, PathBuf)>> {
        let Some(programs) = Programs::find_optional()? else { return Ok(None) };
        let thousands = self.scaled(1000);
        let path = |ending: &str| self.folder.join(format!("shop-{thousands}.{ending}"));
        let (plain, custom) = (path("sql"), path("dump"));
        if !plain.exists() || !custom.exists() {
            super::restoring::make(&programs, &plain, &custom, thousands)?;
        }
        Ok(Some((plain, custom)))
    }

    fn scaled(&self, full: u64) -> u64 {
        ((full as f64 * self.scale) as u64).max(3)
    }

    fn input(
        &self,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> Result<PathBuf> {
        let path = self.folder.join(name);
        if !path.exists() {
            println!("generating {}", path.display());
            // Renamed when complete: a run that is stopped leaves no half an input to be taken for a whole one.
            let partial = path.with_extension("partial");
            create(&partial, write).with_context(|| format!("cannot write {}", partial.display()))?;
            fs::rename(&partial, &path).with_context(|| format!("cannot rename {}", partial.display()))?;
        }
        Ok(path)
    }
}

fn create(path: &Path, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> std::io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    write(&mut out)?;
    out.flush()
}

/// Writes a dump whose names are all in schemas called `s0…`, again and again with other schemas.
fn write_times(out: &mut dyn Write, text: &str, times: usize) -> std::io::Result<()> {
    let begin = text.find("--\n-- Name:").unwrap_or_default();
    let end = text.find("--\n-- PostgreSQL database dump complete").unwrap_or(text.len());
    out.write_all(&text.as_bytes()[..begin])?;
    out.write_all(&text.as_bytes()[begin..end])?;
    for number in 1..times {
        out.write_all(text[begin..end].replace("s0", &format!("s{number}_0")).as_bytes())?;
    }
    out.write_all(&text.as_bytes()[end..])
}

/// Writes the comment that pg_dump puts before every object.
fn title(out: &mut dyn Write, name: &str, kind: &str, schema: &str) -> std::io::Result<()> {
    let owner = if kind.starts_with("TABLE DATA") { "-" } else { "postgres" };
    write!(out, "--\n-- Name: {name}; Type: {kind}; Schema: {schema}; Owner: {owner}\n--\n\n")
}

fn write_copy(out: &mut dyn Write, rows: u64) -> std::io::Result<()> {
    const TABLES: [&str; 3] = ["measurement", "visit", "message"];
    out.write_all(HEADER.as_bytes())?;
    out.write_all(TABLE_SETTINGS.as_bytes())?;
    for table in TABLES {
        title(out, table, "TABLE", "public")?;
        write!(
            out,
            "CREATE TABLE public.{table} (\n    id bigint NOT NULL,\n    at timestamp with time zone NOT NULL,\n    \
             value numeric(12,3),\n    tag text,\n    note text\n);\n\n\n\
             ALTER TABLE public.{table} OWNER TO postgres;\n\n"
        )?;
    }
    let mut random = Random::new();
    let mut row = Vec::with_capacity(512);
    for (index, table) in (0..).zip(TABLES) {
        title(out, table, "TABLE DATA", "public")?;
        writeln!(out, "COPY public.{table} (id, at, value, tag, note) FROM stdin;")?;
        let rows = rows / 3 + u64::from(index < rows % 3);
        for id in 0..rows {
            row.clear();
            write_row(&mut row, id, &mut random)?;
            out.write_all(&row)?;
        }
        out.write_all(b"\\.\n\n\n")?;
    }
    for table in TABLES {
        title(out, &format!("{table} {table}_pkey"), "CONSTRAINT", "public")?;
        write!(
            out,
            "ALTER TABLE ONLY public.{table}\n    ADD CONSTRAINT {table}_pkey PRIMARY KEY (id);\n\n\n"
        )?;
    }
    out.write_all(FOOTER.as_bytes())
}

/// Writes a row of about 130 bytes, with what COPY data has to escape, and words that look like SQL.
fn write_row(row: &mut Vec<u8>, id: u64, random: &mut Random) -> std::io::Result<()> {
    let bits = random.next();
    write!(
        row,
        "{id}\t2025-{:02}-{:02} {:02}:{:02}:{:02}.{:06}+00\t{}.{:03}\t",
        bits % 12 + 1,
        (bits >> 4) % 28 + 1,
        (bits >> 9) % 24,
        (bits >> 14) % 60,
        (bits >> 20) % 60,
        (bits >> 26) % 1_000_000,
        (bits >> 30) % 900_000,
        (bits >> 50) % 1_000,
    )?;
    row.extend_from_slice(if bits.is_multiple_of(7) { b"\\N" } else { random.pick(&WORDS).as_bytes() });
    row.push(b'\t');
    let words = 8 + random.below(8);
    for index in 0..words {
        if index > 0 {
            row.push(b' ');
        }
        row.extend_from_slice(random.pick(&WORDS).as_bytes());
    }
    row.extend_from_slice(match bits % 64 {
        0 => b"\\nCREATE TABLE not_one (); --\n".as_slice(),
        1 => b"\\tit's \\\\ $$ \"here\"\n",
        _ => b"\n",
    });
    Ok(())
}

fn write_insert(out: &mut dyn Write, bytes: u64) -> std::io::Result<()> {
    out.write_all(HEADER.as_bytes())?;
    out.write_all(TABLE_SETTINGS.as_bytes())?;
    title(out, "message", "TABLE", "public")?;
    out.write_all(b"CREATE TABLE public.message (\n    id bigint,\n    note text\n);\n\n\n")?;
    title(out, "message", "TABLE DATA", "public")?;
    out.write_all(b"INSERT INTO public.message VALUES\n")?;
    let mut random = Random::new();
    let mut row = Vec::with_capacity(512);
    let (mut written, mut id) = (0, 0_u64);
    loop {
        row.clear();
        write!(row, "\t({id}, 'it''s ")?;
        for _ in 0..12 {
            write!(row, "{} ", random.pick(&WORDS))?;
        }
        row.extend_from_slice(b"; -- $$ ')");
        written += row.len() as u64 + 2;
        id += 1;
        let last = written >= bytes;
        row.extend_from_slice(if last { b";\n\n\n" } else { b",\n" });
        out.write_all(&row)?;
        if last {
            return out.write_all(FOOTER.as_bytes());
        }
    }
}

/// Writes in pg_dump's order: types, functions, tables and what is theirs, views, then constraints and indexes.
///
/// Of 20 objects, 8 are tables, 5 functions, 3 views, 2 types and 2 sequences.
fn write_schema(out: &mut dyn Write, objects: u32) -> std::io::Result<()> {
    let of = |share: u32| objects * share / 20;
    let (functions, views, types, sequences) = (of(5), of(3), of(2), of(2));
    let tables = objects - functions - views - types - sequences;
    let mut random = Random::new();
    out.write_all(HEADER.as_bytes())?;
    for number in 0..types {
        write_type(out, number)?;
    }
    for number in 0..functions {
        write_function(out, number, &mut random)?;
    }
    out.write_all(TABLE_SETTINGS.as_bytes())?;
    for number in 0..tables {
        write_table(out, number, types, &mut random)?;
    }
    for number in 0..views {
        write_view(out, number, number % tables.max(1))?;
    }
    for number in 0..sequences {
        let name = format!("counter_{number}");
        write_sequence(out, &name, "bigint")?;
    }
    for number in 0..tables {
        title(out, &format!("item_{number} id"), "DEFAULT", "public")?;
        write!(
            out,
            "ALTER TABLE ONLY public.item_{number} ALTER COLUMN id SET DEFAULT \
             nextval('public.item_{number}_id_seq'::regclass);\n\n\n"
        )?;
    }
    for number in 0..tables {
        title(out, &format!("item_{number} item_{number}_pkey"), "CONSTRAINT", "public")?;
        write!(
            out,
            "ALTER TABLE ONLY public.item_{number}\n    ADD CONSTRAINT item_{number}_pkey PRIMARY KEY (id);\n\n\n"
        )?;
    }
    for number in 0..tables {
        title(out, &format!("item_{number}_name_idx"), "INDEX", "public")?;
        write!(
            out,
            "CREATE INDEX item_{number}_name_idx ON public.item_{number} USING btree (name, lower(note));\n\n\n"
        )?;
    }
    for number in 1..tables {
        let parent = random.below(u64::from(number));
        title(out, &format!("item_{number} item_{number}_parent_fkey"), "FK CONSTRAINT", "public")?;
        write!(
            out,
            "ALTER TABLE ONLY public.item_{number}\n    ADD CONSTRAINT item_{number}_parent_fkey \
             FOREIGN KEY (parent) REFERENCES public.item_{parent}(id) ON DELETE CASCADE;\n\n\n"
        )?;
    }
    out.write_all(FOOTER.as_bytes())
}

fn write_type(out: &mut dyn Write, number: u32) -> std::io::Result<()> {
    title(out, &format!("mood_{number}"), "TYPE", "public")?;
    write!(
        out,
        "CREATE TYPE public.mood_{number} AS ENUM (\n    'calm',\n    'it''s fine',\n    'storm; rain'\n);\n\n\n\
         ALTER TYPE public.mood_{number} OWNER TO postgres;\n\n"
    )
}

fn write_function(out: &mut dyn Write, number: u32, random: &mut Random) -> std::io::Result<()> {
    title(out, &format!("work_{number}(integer, text)"), "FUNCTION", "public")?;
    write!(
        out,
        "CREATE FUNCTION public.work_{number}(amount integer, label text) RETURNS integer\n    \
         LANGUAGE plpgsql\n    AS $_$\nDECLARE\n    result integer := {};\nBEGIN\n    -- a ; and a ' in a comment\n",
        random.below(1000)
    )?;
    for _ in 0..=random.below(12) {
        writeln!(out, "    result := result + amount * length(label || '{}');", random.pick(&WORDS))?;
    }
    write!(
        out,
        "    RETURN result;\nEND;\n$_$;\n\n\n\
         ALTER FUNCTION public.work_{number}(amount integer, label text) OWNER TO postgres;\n\n"
    )
}

fn write_table(out: &mut dyn Write, number: u32, types: u32, random: &mut Random) -> std::io::Result<()> {
    let name = format!("item_{number}");
    title(out, &name, "TABLE", "public")?;
    write!(
        out,
        "CREATE TABLE public.{name} (\n    id integer NOT NULL,\n    parent integer,\n    name text NOT NULL"
    )?;
    for column in 0..random.below(10) {
        write!(out, ",\n    {}_{column} numeric(10,2) DEFAULT 0.0", random.pick(&WORDS))?;
    }
    if types > 0 {
        write!(out, ",\n    mood public.mood_{} DEFAULT 'calm'::public.mood_{0}", number % types)?;
    }
    write!(
        out,
        ",\n    note text,\n    CONSTRAINT {name}_name_check CHECK ((name <> ''::text))\n);\n\n\n\
         ALTER TABLE public.{name} OWNER TO postgres;\n\n"
    )?;
    title(out, &format!("TABLE {name}"), "COMMENT", "public")?;
    write!(out, "COMMENT ON TABLE public.{name} IS 'Item {number}; it''s one of many';\n\n\n")?;
    title(out, &format!("COLUMN {name}.name"), "COMMENT", "public")?;
    write!(out, "COMMENT ON COLUMN public.{name}.name IS 'What people call it';\n\n\n")?;
    let sequence = format!("{name}_id_seq");
    write_sequence(out, &sequence, "integer")?;
    title(out, &sequence, "SEQUENCE OWNED BY", "public")?;
    write!(out, "ALTER SEQUENCE public.{sequence} OWNED BY public.{name}.id;\n\n\n")
}

fn write_sequence(out: &mut dyn Write, name: &str, kind: &str) -> std::io::Result<()> {
    title(out, name, "SEQUENCE", "public")?;
    let kind = if kind == "bigint" { String::new() } else { format!("    AS {kind}\n") };
    write!(
        out,
        "CREATE SEQUENCE public.{name}\n{kind}    START WITH 1\n    INCREMENT BY 1\n    NO MINVALUE\n    \
         NO MAXVALUE\n    CACHE 1;\n\n\nALTER TABLE public.{name} OWNER TO postgres;\n\n"
    )
}

fn write_view(out: &mut dyn Write, number: u32, table: u32) -> std::io::Result<()> {
    title(out, &format!("listing_{number}"), "VIEW", "public")?;
    write!(
        out,
        "CREATE VIEW public.listing_{number} AS\n SELECT item_{table}.id,\n    item_{table}.name\n   \
         FROM public.item_{table}\n  WHERE (item_{table}.note IS NOT NULL);\n\n\n\
         ALTER TABLE public.listing_{number} OWNER TO postgres;\n\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    type Writer = fn(&mut dyn Write) -> std::io::Result<()>;

    /// The inputs must be legal, or the tools are measured on what no pg_dump writes.
    #[test]
    fn inputs_restore() {
        let Some(programs) = scratch::Programs::find_optional().unwrap() else {
            println!("skipped: no PostgreSQL server found");
            return;
        };
        let cluster = scratch::Cluster::start(&programs).unwrap();
        let cases: [(&str, Writer, &str, &str); 3] = [
            (
                "copy",
                |out| write_copy(out, 1000),
                "select (select count(*) from measurement), (select count(*) from visit), (select count(*) from message)",
                "334|333|333\n",
            ),
            ("insert", |out| write_insert(out, 100_000), "select count(*) > 500 from message", "t\n"),
            (
                "schema",
                |out| write_schema(out, 100),
                "select (select count(*) from pg_tables where schemaname = 'public'), (select count(*) from pg_views where schemaname = 'public'), (select count(*) from pg_sequences), (select count(*) from pg_proc where pronamespace = 'public'::regnamespace), (select count(*) from pg_type where typtype = 'e')",
                "40|15|50|25|10\n",
            ),
        ];
        for (name, write, question, answer) in cases {
            let mut script = Vec::new();
            write(&mut script).unwrap();
            cluster.create_database(name).unwrap();
            cluster.psql_script(name, &script).unwrap();
            assert_eq!(cluster.psql(name, question).unwrap(), answer, "{name}");
        }
    }

    #[test]
    fn inputs_are_the_same_every_time() {
        let text = || {
            let mut bytes = Vec::new();
            write_copy(&mut bytes, 50).unwrap();
            write_schema(&mut bytes, 60).unwrap();
            write_insert(&mut bytes, 2000).unwrap();
            bytes
        };
        assert_eq!(text(), text());
    }
}

//! What a file is that is no dump, told by its first bytes, so that it can be called by its name.

use std::fmt;
use std::path::Path;

use crate::format::not_a_dump;

/// A kind of file that people take for a dump, or that took a dump's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// What `mysqldump`, `mariadb-dump` or phpMyAdmin write.
    MySql,
    /// A database of SQLite.
    Sqlite,
    /// What SQLite's `.dump` writes.
    SqliteText,
    /// A script for SQL Server.
    SqlServer,
    /// A table of values.
    Csv,
    /// A page of the web.
    Html,
    /// XML, such as what a store answers that refuses.
    Xml,
    /// JSON.
    Json,
    /// A script for a shell.
    Script,
    /// What a program says when it fails.
    Messages,
    /// What `openssl enc` writes.
    OpenSsl,
    /// What GnuPG and other programs of OpenPGP write.
    OpenPgp,
    /// What `age` writes.
    Age,
    /// What Git LFS leaves in the place of a file that was not fetched.
    LfsPointer,
    /// An archive of `pg_dump` that a program took for text and wrote as UTF-16.
    Utf16Archive,
    /// An archive of `pg_dump` behind so many bytes of something else, such as messages of a program.
    ArchiveBehind(usize),
    /// A file or folder of `pg_basebackup`.
    Physical,
    /// A tar file that is no archive of `pg_dump`.
    Tar,
    /// A file of 7-Zip.
    SevenZip,
    /// A page for printing.
    Pdf,
}

impl Foreign {
    /// How far a text is looked at, in bytes.
    pub const HEAD: usize = 64 * 1024;

    /// Tells what binary data is, or text that nothing else can be, by its first bytes.
    pub(crate) fn by_magic(head: &[u8]) -> Option<Foreign> {
        const MAGIC: [(&[u8], Foreign); 9] = [
            (b"SQLite format 3\0", Foreign::Sqlite),
            (b"Salted__", Foreign::OpenSsl),
            // The same in Base64.
            (b"U2FsdGVkX1", Foreign::OpenSsl),
            (b"-----BEGIN PGP ", Foreign::OpenPgp),
            (b"age-encryption.org/v1", Foreign::Age),
            (b"-----BEGIN AGE ENCRYPTED FILE-----", Foreign::Age),
            (b"version https://git-lfs.github.com/spec/", Foreign::LfsPointer),
            (b"7z\xbc\xaf\x27\x1c", Foreign::SevenZip),
            (b"%PDF-", Foreign::Pdf),
        ];
        let known = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, foreign)| *foreign);
        known.or_else(|| is_open_pgp(head).then_some(Foreign::OpenPgp))
    }

    /// Tells what a text is whose first bytes say so whatever follows.
    pub fn by_head(text: &[u8]) -> Option<Foreign> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii_start();
        let begins = |word: &str| {
            text.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word.as_bytes()))
        };
        let one_of = |words: &[&str]| words.iter().any(|word| begins(word));
        let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).take(60);
        match () {
            () if text.starts_with(b"#!") => Some(Foreign::Script),
            () if one_of(&["<!doctype html", "<html"]) => Some(Foreign::Html),
            () if begins("<?xml") => Some(Foreign::Xml),
            () if is_json(text) => Some(Foreign::Json),
            () if lines.clone().any(is_of_mysql) => Some(Foreign::MySql),
            () if first_word(text).eq_ignore_ascii_case(b"PRAGMA") => Some(Foreign::SqliteText),
            () if lines.any(|line| line.eq_ignore_ascii_case(b"GO")) => Some(Foreign::SqlServer),
            () => None,
        }
    }

    /// Tells what a text is of which nothing was understood.
    pub fn by_text(text: &[u8]) -> Option<Foreign> {
        Foreign::by_head(text)
            .or_else(|| is_messages(text).then_some(Foreign::Messages))
            .or_else(|| is_csv(text).then_some(Foreign::Csv))
    }

    /// Says that a file is no dump, which may look like something.
    pub(crate) fn refusal_of(looks: Option<Foreign>, path: &Path) -> String {
        let nothing = || format!("{}: nothing in it is what `pg_dump` writes", not_a_dump(path, looks));
        looks.map_or_else(nothing, |looks| looks.refusal(path))
    }

    /// Says that a file is no dump but this, and what to do.
    pub(crate) fn refusal(self, path: &Path) -> String {
        let advice = self.advice().map(|advice| format!(": {advice}")).unwrap_or_default();
        format!("{}{advice}", not_a_dump(path, Some(self)))
    }

    /// Says what to do with it, if there is something to be done.
    fn advice(self) -> Option<&'static str> {
        match self {
            Foreign::OpenSsl | Foreign::OpenPgp | Foreign::Age => {
                Some("decrypt it first, whole: what is inside cannot be seen")
            }
            Foreign::LfsPointer => Some("fetch the file itself with `git lfs pull`"),
            Foreign::Utf16Archive => Some("it is lost; take it again with `pg_dump -f` instead of `>`"),
            Foreign::ArchiveBehind(_) => Some(
                "what stands in front, such as messages or a prompt, has to be cut off; if it came through a terminal, take it \
                 again with `pg_dump -f`",
            ),
            Foreign::Physical => Some("it is not taken by `pg_dump`: see `pg_verifybackup`"),
            Foreign::Tar => Some("its first member is not `toc.dat`; if an archive is inside, unpack it"),
            Foreign::SevenZip => Some("if a dump is inside, unpack it"),
            Foreign::Messages => Some("what wrote it failed"),
            _ => None,
        }
    }
}

/// Shows what it looks like: `a MySQL dump`.
impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Foreign::MySql => "a MySQL or MariaDB dump",
            Foreign::Sqlite => "a SQLite database",
            Foreign::SqliteText => "what SQLite's `.dump` writes",
            Foreign::SqlServer => "a script for SQL Server",
            Foreign::Csv => "CSV",
            Foreign::Html => "HTML",
            Foreign::Xml => "XML",
            Foreign::Json => "JSON",
            Foreign::Script => "a shell script",
            Foreign::Messages => "error messages of a program",
            Foreign::OpenSsl => "data encrypted by openssl",
            Foreign::OpenPgp => "data encrypted by gpg",
            Foreign::Age => "data encrypted by age",
            Foreign::LfsPointer => "a pointer of Git LFS",
            Foreign::Utf16Archive => "an archive of `pg_dump` made UTF-16 text of, as by `>` of PowerShell",
            Foreign::ArchiveBehind(bytes) => {
                return write!(f, "an archive of `pg_dump` behind {bytes} bytes of something else");
            }
            Foreign::Physical => "a physical backup by pg_basebackup",
            Foreign::Tar => "a tar file of something else",
            Foreign::SevenZip => "a 7z file",
            Foreign::Pdf => "PDF",
        })
    }
}

/// Says in what an archive was changed on its way, if its first bytes show that.
///
/// A text's line feeds become CR LF in terminals (`docker exec -t`, `ssh -t`), pipes of Windows and transfers in text mode;
/// what is no UTF-8 becomes U+FFFD where a program takes it for text.
pub(crate) fn changed_as_text(head: &[u8]) -> Option<&'static str> {
    const REPLACEMENT: &[u8] = b"\xef\xbf\xbd";
    let mut feeds = memchr::memchr_iter(b'\n', head).peekable();
    // Definitions hold line feeds that nothing but a line feed stands for.
    if feeds.peek().is_some() && feeds.all(|at| at > 0 && head[at - 1] == b'\r') {
        return Some(
            "each line feed became CR LF, as in a terminal (`docker exec -t`, `ssh -t`) or a transfer as text, and \
             cannot be undone; take it again with `pg_dump -f`",
        );
    }
    (memchr::memmem::find_iter(head, REPLACEMENT).nth(1).is_some()).then_some(
        "bytes that are no text were replaced by U+FFFD, as by a program that takes all for text (`>` of PowerShell), and \
         are lost; take it again with `pg_dump -f`",
    )
}

/// Says whether a file of a tar is one of a cluster's data folder.
pub(crate) fn is_physical(name: &[u8]) -> bool {
    let name = name.strip_prefix(b"./").unwrap_or(name);
    let files = [&b"backup_label"[..], b"backup_manifest", b"PG_VERSION", b"tablespace_map"];
    let folders = [&b"base"[..], b"global", b"pg_wal", b"pg_xlog", b"pg_tblspc"];
    files.contains(&name) || folders.contains(&name.split(|byte| *byte == b'/').next().unwrap_or_default())
}

/// Says whether a binary message begins as OpenPGP's do: with a session key, encrypted by a public key or a password
/// (RFC 4880, 4.2, 5.1 and 5.3).
fn is_open_pgp(head: &[u8]) -> bool {
    match head {
        [0x84 | 0xc1, _, 3, ..] | [0x85 | 0xc1, _, _, 3, ..] => true,
        [0x8c | 0xc3, len @ 4..=64, 4..=6, cipher @ 1..=13, ..] => *len > 3 && *cipher != 6,
        _ => false,
    }
}

fn is_json(text: &[u8]) -> bool {
    let mut signs = text.iter().filter(|byte| !byte.is_ascii_whitespace());
    match (signs.next(), signs.next()) {
        (Some(b'{'), next) => matches!(next, Some(b'"' | b'}')),
        (Some(b'['), next) => matches!(next, Some(b'"' | b'{' | b'[' | b']' | b'-' | b'0'..=b'9')),
        _ => false,
    }
}

/// Says whether only a dump of MySQL's kin has such a line: comments that it runs, names in backticks, its own heads.
fn is_of_mysql(line: &[u8]) -> bool {
    let runs =
        |begin: &[u8]| line.starts_with(begin) && line.get(begin.len()).is_some_and(u8::is_ascii_digit);
    let heads = [&b"-- MySQL dump"[..], b"-- MariaDB dump", b"-- phpMyAdmin SQL Dump", b"-- mysqldump"];
    let statements =
        [&b"CREATE TABLE "[..], b"CREATE TABLE IF NOT EXISTS ", b"INSERT INTO ", b"DROP TABLE IF EXISTS "];
    let ticked = |begin: &&[u8]| line.strip_prefix(*begin).is_some_and(|rest| rest.starts_with(b"`"));
    let adminer = line.starts_with(b"-- Adminer ") && line.windows(7).any(|word| word == b" MySQL ");
    runs(b"/*!")
        || runs(b"/*M!")
        || heads.iter().any(|head| line.starts_with(head))
        || statements.iter().any(ticked)
        || adminer
}

/// The first word behind comments.
fn first_word(text: &[u8]) -> &[u8] {
    let mut rest = text.trim_ascii_start();
    while rest.starts_with(b"--") {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        rest = rest[end..].trim_ascii_start();
    }
    let end = rest.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(rest.len());
    &rest[..end]
}

/// Says whether a text begins with what programs say: `pg_dump: error: …`, `sh: 1: pg_dump: not found`, `Error: …`.
fn is_messages(text: &[u8]) -> bool {
    let line = text.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default();
    let Some(colon) = memchr::memmem::find(line, b": ") else { return false };
    let program = &line[..colon];
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-/".contains(byte);
    let words = program.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let error = words.clone().next().is_some_and(|word| {
        [&b"error"[..], b"fatal", b"warning", b"panic"].iter().any(|known| word.eq_ignore_ascii_case(known))
    });
    error || !program.is_empty() && program.iter().all(is_name)
}

/// Says whether lines have the same number of fields, more than one.
fn is_csv(text: &[u8]) -> bool {
    let whole =
        if text.len() < Foreign::HEAD { text.len() } else { memchr::memrchr(b'\n', text).unwrap_or(0) };
    let lines = text[..whole].split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let lines: Vec<&[u8]> = lines.filter(|line| !line.is_empty()).take(20).collect();
    let count = |separator: u8, line: &[u8]| {
        let mut quoted = false;
        let outside = line.iter().filter(|byte| {
            quoted ^= **byte == b'"';
            !quoted && **byte == separator
        });
        outside.count()
    };
    lines.len() > 1
        && b",;\t|".iter().any(|separator| {
            let first = count(*separator, lines[0]);
            first > 0 && lines.iter().all(|line| count(*separator, line) == first)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_called_by_their_names() {
        let table: &[(&[u8], Foreign)] = &[
            (b"-- MySQL dump 10.13  Distrib 8.0.36\n--\n", Foreign::MySql),
            (b"/*M!999999\\- enable the sandbox mode */\n", Foreign::MySql),
            (b"-- x\nDROP TABLE IF EXISTS `t`;\n", Foreign::MySql),
            (b"PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n", Foreign::SqliteText),
            (b"USE [shop]\nGO\nCREATE TABLE [dbo].[t](a int)\nGO\n", Foreign::SqlServer),
            (b"<!DOCTYPE html><html>", Foreign::Html),
            (b"\xef\xbb\xbf<HTML>\n", Foreign::Html),
            (b"<?xml version=\"1.0\"?><Error/>", Foreign::Xml),
            (b"{\n  \"a\": 1\n}", Foreign::Json),
            (b"[]", Foreign::Json),
            (b"#!/bin/sh\npg_dump shop;\n", Foreign::Script),
            (b"pg_dump: error: no such database;\n", Foreign::Messages),
            (b"sh: 1: pg_dump: not found\n", Foreign::Messages),
            (b"Error response from daemon: no such container\n", Foreign::Messages),
            (b"id,name\n1,\"a,b\"\n2,c\n", Foreign::Csv),
        ];
        for (text, foreign) in table {
            assert_eq!(Foreign::by_text(text), Some(*foreign), "{:?}", String::from_utf8_lossy(text));
        }
        for text in [
            &b"id;name\n1;a;\n"[..],
            b"--\n-- PostgreSQL database dump\n--\n",
            b"CREATE TABLE t (a integer, b integer);\n",
            b"[x] done",
            b"GOOD\n",
        ] {
            assert_eq!(Foreign::by_text(text), None, "{:?}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn binary_data_is_told_by_its_magic() {
        let table: &[(&[u8], Option<Foreign>)] = &[
            (b"SQLite format 3\0\x10\0", Some(Foreign::Sqlite)),
            (b"Salted__\x8a\xc1", Some(Foreign::OpenSsl)),
            (b"\x8c\x0d\x04\x09\x03\x02", Some(Foreign::OpenPgp)),
            (b"\x85\x02\x0c\x03\x5a", Some(Foreign::OpenPgp)),
            (b"\x84\x5e\x03\x5a", Some(Foreign::OpenPgp)),
            (b"age-encryption.org/v1\n-> X25519", Some(Foreign::Age)),
            (b"PGDMP\x01\x0e\0", None),
            (b"--\n", None),
            (b"\x85", None),
        ];
        for (head, foreign) in table {
            assert_eq!(Foreign::by_magic(head), *foreign, "{head:?}");
        }
    }

    #[test]
    fn archives_changed_as_text_are_told() {
        assert!(
            changed_as_text(b"PGDMP\x01\x0e\0\x0d\n\0SET x;\r\n").is_some_and(|why| why.contains("CR LF"))
        );
        assert!(
            changed_as_text(b"PGDMP\xef\xbf\xbd\xef\xbf\xbd\n").is_some_and(|why| why.contains("U+FFFD"))
        );
        assert_eq!(changed_as_text(b"PGDMP\x01\x0e\0\r\nSET x;\n"), None);
        assert_eq!(changed_as_text(b"PGDMP\x01"), None);
    }

    #[test]
    fn a_data_folder_is_told_by_a_name() {
        for name in [&b"backup_label"[..], b"./PG_VERSION", b"base/1/112", b"global/pg_control"] {
            assert!(is_physical(name));
        }
        for name in [&b"toc.dat"[..], b"database/x", b"", b"3001.dat"] {
            assert!(!is_physical(name));
        }
    }
}

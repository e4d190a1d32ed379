//! The comments by which pg_dump, and what is made of it, frame a dump.

use super::meta::is_known;
use super::{Reading, Versions, connect_target, connect_user, encoding_target};
use crate::error::Error;
use crate::event::Events;
use crate::identify::Noise;
use crate::session::{Change, Session};
use crate::source::Source;
use crate::{NoData, Position};

/// Products that call their dumps so and nothing else. What others call theirs is told by its form.
const KNOWN: [&[u8]; 4] = [b"PostgreSQL", b"EnterpriseDB", b"Greenplum Database", b"YSQL"];

/// What a dump says that it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Product {
    known: bool,
    cluster: bool,
}

impl Product {
    /// Says whether nobody else begins a comment so.
    pub fn is_known(self) -> bool {
        self.known
    }

    /// Says whether the dump is of all databases.
    pub fn is_cluster(self) -> bool {
        self.cluster
    }
}

/// What a comment of pg_dump says of the dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Comment {
    /// It begins.
    Begins(Product),
    /// It is complete.
    Completes { cluster: bool },
    /// The version of the server.
    Server(String),
    /// The version of pg_dump.
    PgDump(String),
}

/// Whether a dump was opened, and closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// No comment said so.
    None,
    /// It was opened …
    Open,
    /// … and closed.
    Complete,
}

impl Reading {
    /// Reads a file of a tree that holds what follows the dump's end.
    ///
    /// # Errors
    /// As for [`add`](Self::add).
    pub fn add_trailer(&mut self, source: impl Source) -> Result<(), Error> {
        self.session = Session::default();
        self.standard_conforming_strings = true;
        self.in_trailer = false;
        self.begin_trailer();
        let result = self.read_all(Events::new(source), &mut NoData);
        self.in_trailer = false;
        result
    }

    /// Takes what comes for somebody's addition to the dump.
    pub(super) fn begin_trailer(&mut self) {
        if !self.in_trailer {
            self.in_trailer = true;
            let session = Session { search_path: self.session.search_path.clone(), ..Session::default() };
            let strings = self.standard_conforming_strings;
            self.section().trailer.begin(session, strings);
        }
    }

    pub(super) fn keep_in_trailer(&mut self, text: &[u8]) {
        self.ledger.trailer += text.len() as u64;
        self.section().trailer.keep(text);
    }

    /// Takes white space or a comment; `goes_on` says that it is a later piece of a long one.
    pub(super) fn gap(&mut self, text: &[u8], in_copy: bool, goes_on: bool, at: Position) {
        let line = text.trim_ascii_end();
        if !in_copy && !goes_on {
            self.crlf |= self.bytes == 0 && text.ends_with(b"\r\n");
            match comment(line) {
                Some(Comment::Begins(product)) if !product.is_known() => {
                    self.maybe_opened = Some((product, at));
                }
                Some(Comment::Begins(product)) => self.opens(product, at),
                Some(Comment::Completes { cluster: true }) => self.cluster_opened = Frame::Complete,
                Some(Comment::Completes { cluster: false }) => self.opened = Frame::Complete,
                Some(Comment::Server(version)) => {
                    self.versions.server = Some(version);
                    self.is_written_by_pg_dump();
                }
                Some(Comment::PgDump(version)) => {
                    self.versions.pg_dump = Some(version);
                    self.is_written_by_pg_dump();
                }
                None => self.older.comment(line),
            }
        }
        if self.in_trailer {
            self.keep_in_trailer(text);
        } else if in_copy {
            self.ledger.data += text.len() as u64;
        } else {
            self.ledger.add_noise(Noise::Gap, text.len());
        }
    }

    /// Takes what only pg_dump writes behind the comment by which a dump begins, whatever it calls itself: the versions, or a
    /// setting that no person writes.
    pub(super) fn is_written_by_pg_dump(&mut self) {
        if let Some((product, at)) = self.maybe_opened.take() {
            self.opens(product, at);
        }
    }

    /// Takes the comment by which a dump begins.
    fn opens(&mut self, product: Product, at: Position) {
        self.in_trailer = false;
        if product.is_cluster() {
            self.cluster_opened = Frame::Open;
            return;
        }
        if self.opened == Frame::Complete && self.cluster_opened == Frame::None && !self.options.canonical {
            self.second.begins(at);
        }
        self.opened = Frame::Open;
    }

    /// Says whether a dump that has no closing comment is of a pg_dump that wrote none.
    pub(super) fn is_older(&self) -> bool {
        self.versions == Versions::default() && self.older.is_proven()
    }

    pub(super) fn meta(&mut self, text: &[u8], at: Position) {
        let line = text.trim_ascii_end();
        if let Some(key) = line.strip_prefix(b"\\restrict ") {
            // Within another one psql refuses it, and the other holds.
            self.restricted.get_or_insert_with(|| key.to_vec());
        } else if line.strip_prefix(b"\\unrestrict ") == self.restricted.as_deref() {
            self.restricted = None;
        }
        if let Some(encoding) = encoding_target(line) {
            self.said_encoding = Some(encoding);
        }
        if let Some(role) = connect_user(line) {
            match connect_target(line) {
                Some(target) => self.connect(target),
                None => self.session = Session::as_connected(),
            }
            self.session.apply(&Change::ActsAsOwner(role));
            self.older.connects();
            self.ledger.add_noise(Noise::MetaCommand, text.len());
        } else if let Some(target) = connect_target(line) {
            // One behind the other, as of `pg_dump --create`, several dumps may stand in one file.
            self.connect(target);
            self.ledger.add_noise(Noise::MetaCommand, text.len());
        } else if is_known(line) {
            self.ledger.add_noise(Noise::MetaCommand, text.len());
        } else if self.in_trailer || self.is_behind_end() {
            self.begin_trailer();
            self.keep_in_trailer(text);
        } else {
            self.keep_as_other(text.to_vec(), text.len(), at);
        }
    }

    /// Says whether the dump's own end was seen, so that what follows is somebody's addition.
    pub(super) fn is_behind_end(&self) -> bool {
        self.keeps_trailers() && self.opened == Frame::Complete && self.cluster_opened != Frame::Open
    }
}

/// Says whether a dump begins with this line of a comment, whatever product it is of.
///
/// ```
/// assert!(dump::opens_dump(b"-- PostgreSQL database dump") && !dump::opens_dump(b"-- MySQL dump 10.13"));
/// ```
pub fn opens_dump(line: &[u8]) -> bool {
    matches!(comment(line), Some(Comment::Begins(_)))
}

/// Reads a line of a comment; `None` if it says nothing of the dump.
pub(super) fn comment(line: &[u8]) -> Option<Comment> {
    let text = |version: &[u8]| String::from_utf8_lossy(version).into_owned();
    let words = line.strip_prefix(b"-- ")?;
    if let Some(version) = words.strip_prefix(b"Dumped from database version ") {
        return Some(Comment::Server(text(version)));
    }
    if let Some(version) = words.strip_prefix(b"Dumped by pg_dump version ") {
        return Some(Comment::PgDump(text(version)));
    }
    let (words, complete) = match words.strip_suffix(b" complete") {
        Some(words) => (words, true),
        None => (words, false),
    };
    let (name, cluster) = match words.strip_suffix(b" database cluster dump") {
        Some(name) => (name, true),
        None => (words.strip_suffix(b" database dump")?, false),
    };
    let known = KNOWN.contains(&name);
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b" ._-()+/".contains(byte);
    match complete {
        true => Some(Comment::Completes { cluster }),
        false if known || name.iter().all(is_name) => Some(Comment::Begins(Product { known, cluster })),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_read() {
        let begins = |known, cluster| Some(Comment::Begins(Product { known, cluster }));
        assert_eq!(comment(b"-- PostgreSQL database dump"), begins(true, false));
        assert_eq!(comment(b"-- YSQL database cluster dump"), begins(true, true));
        assert_eq!(comment(b"-- Someone's database dump"), None);
        assert_eq!(comment(b"-- Shop database dump"), begins(false, false));
        assert_eq!(
            comment(b"-- EnterpriseDB database dump complete"),
            Some(Comment::Completes { cluster: false })
        );
        assert_eq!(comment(b"-- Database \"shop\" dump"), None);
        assert_eq!(comment(b"--"), None);
    }
}

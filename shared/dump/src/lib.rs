//! Reads PostgreSQL dumps: bytes → events → objects → a schema in canonical form.
//!
//! The crate is pure: it reads bytes and returns values; it starts nothing, prints nothing and knows no
//! file names.

mod attribute;
mod catalog;
mod columns;
mod content;
mod copy_form;
mod data;
mod database;
mod detail;
pub mod error;
pub mod event;
mod expression;
mod foreign_key;
mod grants;
mod identify;
mod keyword;
mod layout;
mod ledger;
mod lexeme;
pub mod lexer;
mod load;
mod name;
mod needless;
pub mod object;
mod order;
mod pattern;
mod position;
mod qualify;
mod reading;
mod rename;
mod repeated;
mod rewrite;
pub mod schema;
mod script;
mod secret;
mod session;
pub mod source;
mod spelling;
mod subject;
mod trailer;
mod transaction;
mod utc;
mod values;

pub use attribute::Attribute;
pub use columns::{copy_statement, numeric_columns, stored_columns};
pub use content::{ByteHasher, Content};
pub use copy_form::{has_row_identifiers, is_whole_row};
pub use data::{AllContent, Data, DataSink, DataStatement, LargeObject, NoData, TableData};
pub use database::Database;
pub use detail::{Column, Constraint, Detail, Grant, Table, details, without_quotes, words_of};
pub use error::{Error, Fault};
pub use event::{Event, Events, Kept, Statement, Want, is_command};
pub use foreign_key::ForeignKey;
pub use identify::{DataForm, Noise};
pub use ledger::Ledger;
pub use load::{CopyFrom, InsertedRows, copy_columns, copy_from, inserted_rows, more_inserted_rows};
pub use name::{Name, QualifiedName};
pub use object::{Address, Kind, Role};
pub use order::{Ordered, order};
pub use pattern::{BadPattern, Omissions, Pattern, Selection};
pub use position::Position;
pub use reading::{
    Disagreement, Dump, Foreword, ReadOptions, Reading, Refusal, Second, TocEntry, Unknown, Versions,
    connect_target, connect_user, encoding_target, opens_dump, read, understands,
};
pub use rename::without_name;
pub use repeated::Repeated;
pub use schema::{Object, Part, PartWriter, Schema, names_in_parentheses, write_parts};
pub use script::write_script;
pub use secret::mask_secrets;
pub use session::Session;
pub use source::{Found, Source, Stream};
pub use subject::{Class, Subject, Subjects};
pub use transaction::Transaction;

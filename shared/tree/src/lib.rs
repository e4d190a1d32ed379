//! The folder of files, one per database object, that `pgdump-split` writes for git and `pgdump-join` reads.
//!
//! - [`file_name`] turns the name of an object into the name of a file and back.
//! - [`folder`] compares the files that are wanted with those on the disk and brings the folder up to date.
//! - [`layout`] says which file an object goes to, and what the file says.
//! - [`reader`] reads a tree back.
//! - [`mod@reference`] keeps the rows of the tables that are wanted.
//! - [`rows`] puts the rows of a reference table into a stable order, in bounded memory.
//!
//! The crate prints nothing and starts nothing. It never writes outside the folder that it was given.

pub mod file_name;
pub mod folder;
pub mod layout;
pub mod reader;
pub mod reference;
pub mod rows;

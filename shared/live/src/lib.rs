//! Reads what a live database holds: its tables, their rows, its sequences and large objects.
//!
//! Rows are read as pg_dump reads them, so that their [`Content`](dump::Content) is that of a dump of the same rows.
//! Nothing is written, and several connections see the same through one [`Snapshot`].
//!
//! ```
//! use live::Snapshot;
//! # let Some(programs) = scratch::Programs::find_optional()? else { return Ok(()) };
//! # let cluster = scratch::Cluster::start(&programs)?;
//! # cluster.psql("postgres", "CREATE TABLE t AS SELECT generate_series(1, 3) AS x")?;
//! # let host = cluster.socket_dir().display().to_string();
//! # let url = format!("host='{host}' port={} user=postgres dbname=postgres", cluster.port());
//! let to = connect::Parameters::resolve(&url, &connect::Environment::default())?;
//! let mut snapshot = Snapshot::export(&live::pinned(to, "UTF8"))?;
//! let tables: Vec<_> = live::relations(snapshot.client())?.into_keys().collect();
//! let rows = snapshot.read(2, &tables, &|client, table| live::content(client, table, None, &|_| {}))?;
//! assert_eq!((tables[0].to_string(), rows[0].rows), ("public.t".to_owned(), 3));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod large_object;
mod literal;
mod pool;
mod relation;
mod rows;
mod sequence;
mod settings;
mod snapshot;

pub use large_object::{large_object, large_objects, large_objects_with_comment};
pub use literal::literal;
pub use pool::read;
pub use relation::{Relation, RelationKind, relations};
pub use rows::{content, count};
pub use sequence::SequenceValue;
pub use settings::pinned;
pub use snapshot::{Snapshot, connect};

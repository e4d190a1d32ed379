//! Object stores that hold backups: S3 and what speaks its protocol, Google Cloud Storage, Azure Blob Storage.
//!
//! A [`Location`] is what a user names, such as `s3://bucket/nightly/shop.dump`; a [`Store`] gets to what is there.
//! Credentials, endpoints and regions come from the environment, by the names that each provider's own tools use
//! (`AWS_…`, `GOOGLE_…`, `AZURE_…`), or from the machine's own identity.
//!
//! ```
//! use store::Location;
//!
//! let folder = Location::parse("s3://backups/nightly")?;
//! let backup = folder.join("shop-20261121T031500Z.dump");
//! assert_eq!(backup.to_string(), "s3://backups/nightly/shop-20261121T031500Z.dump");
//! assert_eq!(backup.name(), "shop-20261121T031500Z.dump");
//! # Ok::<(), store::Error>(())
//! ```

mod error;
mod fetched;
mod location;
mod reader;
mod store;
mod upload;

pub use error::Error;
pub use fetched::Fetched;
pub use location::Location;
pub use reader::Reader;
pub use store::{Object, Store};
pub use upload::Stop;

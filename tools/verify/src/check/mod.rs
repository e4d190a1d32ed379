//! What is asked of a restored database.

pub mod assertion;
pub mod catalog;
pub mod rows;
pub mod schema;
pub mod zone;

pub use assertion::Assertion;

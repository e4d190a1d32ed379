//! What is asked of a restored database.

pub mod assertion;
pub mod by_value;
pub mod catalog;
pub mod failed;
pub mod pages;
pub mod rights;
pub mod rows;
pub mod schema;
pub mod zone;

pub use assertion::Assertion;
pub use failed::Failed;

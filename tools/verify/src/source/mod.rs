//! Equality with the source: with what its manifest recorded, or with what it holds now.

mod beside;
mod manifest;
mod now;

pub use manifest::Recorded;
pub use now::Live;

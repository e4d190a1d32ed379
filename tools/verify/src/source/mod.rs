//! Equality with the source: with what its manifest recorded, or with what it holds now.

mod live;
mod manifest;
mod relations;

pub use live::Live;
pub use manifest::Recorded;

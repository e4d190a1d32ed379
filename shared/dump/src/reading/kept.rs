//! What a reading keeps in memory, and that it is no more than it may be.

use super::Reading;
use crate::Position;
use crate::error::{Error, Fault};

/// How much was kept at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    things: usize,
    trailer: usize,
    sections: usize,
}

impl Reading {
    /// Says how many bytes of memory what is kept may take, where the input does not tell: the entries of a packed table
    /// of contents are in memory already.
    pub fn allow(&mut self, room: u64) {
        self.room = room;
    }

    pub(super) fn extent(&self) -> Extent {
        let section = self.sections.last();
        let things = section.map_or(0, |section| {
            let data = &section.data;
            let of_data = data.tables.len() + data.statements.len() + data.large_objects.len();
            section.parts.len() + section.owners.len() + of_data
        });
        Extent {
            things: things + self.unknown.len(),
            trailer: section.map_or(0, |section| section.trailer.len()),
            sections: self.sections.len(),
        }
    }

    /// Accounts for what was kept of a statement or meta-command of so many bytes.
    pub(super) fn account(
        &mut self,
        before: Extent,
        bytes: usize,
        room: u64,
        at: Position,
    ) -> Result<(), Error> {
        let after = self.extent();
        if after == before && !self.in_other {
            return Ok(());
        }
        let Some(section) = self.sections.last() else { return Ok(()) };
        let things = match after.sections > before.sections {
            true => after.sections - before.sections,
            false => after.things.saturating_sub(before.things),
        };
        let session = section.parts.last().map(|part| &part.session.search_path);
        let path: usize = session.into_iter().flatten().map(|name| name.bytes().len()).sum();
        // A gap or rows are kept behind the end of a dump alone.
        let text = bytes.max(after.trailer.saturating_sub(before.trailer));
        self.kept.add(things, text + path + section.encoding.len());
        self.kept.fits(room).then_some(()).ok_or(Error::Fault { at, fault: Fault::Inflated })
    }
}

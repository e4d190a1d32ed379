//! What each statement of a dump is about, for those who run it.

use crate::event::Statement;
use crate::identify::{self, DataForm, Meaning, Noise};
use crate::lexeme::lexemes;
use crate::object::{Address, Kind, Role};
use crate::session::{Change, Session};
use crate::{Name, spelling};

/// Says what a statement is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// What it speaks of, where that is known.
    pub address: Option<Address>,
    /// What it does.
    pub class: Class,
    /// Whether every name in it that a schema holds is written with its schema.
    pub qualified: bool,
    /// Who owns what it makes, where the session says so (`--use-set-session-authorization`).
    pub owner: Option<Name>,
    /// What it takes away, if it does that and it is known.
    pub removed: Vec<Address>,
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It makes an object or adds to one.
    Part(Role),
    /// It changes the session.
    Session,
    /// It carries data.
    Data(DataForm),
    /// It is needed to restore and says nothing about schema or data.
    Noise(Noise),
    /// It is not understood.
    Unknown,
}

/// Tells the subjects of statements that follow each other, since earlier ones set what later ones mean.
///
/// ```
/// use dump::{Class, Event, Events, Role, Stream, Subjects};
/// let mut events = Events::new(Stream(&b"CREATE TABLE a.t (x integer);"[..]));
/// let Some(Event::Statement(statement)) = events.next()? else { panic!("no statement") };
/// let subject = Subjects::default().of(&statement);
/// assert_eq!(subject.class, Class::Part(Role::Definition));
/// assert_eq!(subject.address.unwrap().to_string(), "table a.t");
/// # Ok::<(), dump::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Subjects {
    session: Session,
    standard_conforming_strings: bool,
}

impl Default for Subjects {
    fn default() -> Subjects {
        Subjects { session: Session::default(), standard_conforming_strings: true }
    }
}

impl Subjects {
    /// Finds out what a statement is about, and remembers what it sets.
    pub fn of(&mut self, statement: &Statement<'_>) -> Subject {
        let mut words = lexemes(statement, self.standard_conforming_strings);
        spelling::spell(&mut words);
        let identified = identify::identify(&words, &self.session);
        let qualified = identified.unqualified.is_empty();
        let mut removed = Vec::new();
        let (address, class) = match identified.meaning {
            // They come and go with the data.
            Meaning::Part { address, .. } | Meaning::Owner { address, .. }
                if address.kind == Kind::LargeObject =>
            {
                (Some(address), Class::Data(DataForm::LargeObject))
            }
            Meaning::Part { address, role } => (Some(address), Class::Part(role)),
            Meaning::Owner { address, .. } => (Some(address), Class::Part(Role::Owner)),
            Meaning::Data { address, form } => (Some(address), Class::Data(form)),
            Meaning::Removal(of) => {
                removed = of;
                (removed.first().cloned(), Class::Noise(Noise::Clean))
            }
            Meaning::Noise(noise) => (None, Class::Noise(noise)),
            Meaning::Unknown => (None, Class::Unknown),
            Meaning::Session(change) => {
                match change {
                    Change::StandardConformingStrings(on) => self.standard_conforming_strings = on,
                    Change::Reset | Change::Discard => self.standard_conforming_strings = true,
                    _ => {}
                }
                self.session.apply(&change);
                (None, Class::Session)
            }
        };
        let owner = self.session.maker().cloned();
        Subject { address, class, qualified, owner, removed }
    }

    /// Says whether `\` is an ordinary character in `'…'`.
    pub fn standard_conforming_strings(&self) -> bool {
        self.standard_conforming_strings
    }
}

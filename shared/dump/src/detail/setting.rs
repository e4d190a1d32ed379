//! What `ALTER` sets on something that is there.

use super::Detail;
use super::relation::options;
use crate::attribute::Attribute;
use crate::lexeme::{Cursor, lexemes_of};
use crate::object::{Address, Kind};
use crate::{Name, layout};

/// The words behind the name, and what they set.
const SETTINGS: [(&str, Attribute); 14] = [
    ("SET STATISTICS", Attribute::StatisticsTarget),
    ("SET STORAGE", Attribute::Storage),
    ("SET COMPRESSION", Attribute::Compression),
    ("SET NOT NULL", Attribute::NotNull),
    ("SET TABLESPACE", Attribute::Tablespace),
    ("SET ACCESS METHOD", Attribute::AccessMethod),
    ("REPLICA IDENTITY", Attribute::ReplicaIdentity),
    ("CLUSTER ON", Attribute::Cluster),
    ("FORCE ROW LEVEL SECURITY", Attribute::ForceRowSecurity),
    ("ENABLE ROW LEVEL SECURITY", Attribute::RowSecurity),
    ("ENABLE", Attribute::Enabled),
    ("DISABLE", Attribute::Enabled),
    ("ALTER COLUMN", Attribute::StatisticsTarget),
    ("SET", Attribute::Setting),
];

/// Returns what one `ALTER` sets; `None` if that is not known.
pub(super) fn details(address: &Address, text: &[u8]) -> Option<Vec<Detail>> {
    let lexemes = lexemes_of(text)?;
    let detail = |attribute, item, text| Detail { address: address.clone(), attribute, item, text };
    // Names may be key words as well: the longest words that are found behind the name are meant.
    for (at, _) in lexemes.iter().enumerate().skip(2) {
        let mut cursor = Cursor::new(&lexemes[at..]);
        let lists = matches!(address.kind, Kind::Role | Kind::Database);
        if !lists && (cursor.eat("SET") || cursor.eat("OPTIONS")) {
            if let Some(list) = cursor.parentheses().filter(|_| cursor.at_end()) {
                let found = options(list).into_iter();
                return Some(found.map(|found| detail(found.attribute, found.item, found.text)).collect());
            }
            cursor = Cursor::new(&lexemes[at..]);
        }
        let Some((words, attribute)) = SETTINGS.iter().find(|(words, _)| cursor.eat(words)) else { continue };
        return Some(match attribute {
            Attribute::Setting => {
                let parameter = cursor.dotted()?;
                let parameter: Vec<Vec<u8>> = parameter.iter().map(|name| name.bytes().to_vec()).collect();
                let item = Name::from(parameter.join(&b"."[..]).as_slice());
                let _ = cursor.eat("TO") || cursor.peek().is_some_and(|next| next.text.as_ref() == b"=");
                vec![detail(*attribute, Some(item), layout::line(cursor.rest()))]
            }
            // `ENABLE ALWAYS TRIGGER g`: the words tell, not the name.
            Attribute::Enabled => {
                vec![detail(*attribute, None, layout::line(&lexemes[at..]))]
            }
            // `ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 300`
            Attribute::StatisticsTarget if *words == "ALTER COLUMN" => {
                let Some(number) = cursor.peek().filter(|_| address.kind == Kind::Index) else { continue };
                let item = Name::from(number.text.as_ref());
                cursor.skip_behind("STATISTICS")?;
                vec![detail(*attribute, Some(item), layout::line(cursor.rest()))]
            }
            Attribute::RowSecurity | Attribute::ForceRowSecurity | Attribute::NotNull => {
                vec![detail(*attribute, None, words.as_bytes().to_vec())]
            }
            _ => vec![detail(*attribute, None, layout::line(cursor.rest()))],
        });
    }
    None
}

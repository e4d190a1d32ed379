//! Canonical form is one: read again, read in another order, with other white space and comments.

use dump::{Error, NoData, ReadOptions, Stream};
use proptest::prelude::*;

use crate::{pieces, schemas};

/// What a pg_dump of today writes in front. Without it `ALL` and options of subscriptions are taken for those of an
/// older one, in a script that we wrote as well.
const ORIGIN: &str = "SET transaction_timeout = 0;\n-- Dumped from database version 18.0\n";

/// The canonical form; also checks that every byte is accounted for and that every statement is understood.
fn form(text: &str) -> Result<String, TestCaseError> {
    let text = format!("{ORIGIN}{text}");
    let dump = dump::read(
        Stream(text.as_bytes()),
        ReadOptions { keep_secrets: true, ..ReadOptions::default() },
        &mut NoData,
    )
    .map_err(|error: Error| TestCaseError::fail(format!("{error}\n{text}")))?;
    prop_assert_eq!(dump.ledger.total(), text.len() as u64);
    prop_assert_eq!(dump.bytes, text.len() as u64);
    prop_assert_eq!(&dump.unknown, &[]);
    let mut script = Vec::new();
    dump::write_script(&dump, None, &mut script, |_, _| Ok(())).unwrap();
    Ok(String::from_utf8(script).unwrap())
}

/// Tells the first line that differs, since whole scripts are too long to look at.
fn same(one: &str, other: &str) -> Result<(), TestCaseError> {
    let differ = one.lines().zip(other.lines()).find(|(one, other)| one != other);
    prop_assert!(one == other, "{differ:?}\n--- one\n{one}\n--- the other\n{other}");
    Ok(())
}

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn canonical_form_is_its_own_form(statements in schemas::schema()) {
        let once = form(&statements.join("\n"))?;
        same(&once, &form(&once)?)?;
    }

    #[test]
    fn canonical_form_does_not_depend_on_the_order(
        (statements, shuffled) in schemas::schema().prop_flat_map(|list| (Just(list.clone()), Just(list).prop_shuffle())),
    ) {
        same(&form(&statements.join("\n"))?, &form(&shuffled.join("\n"))?)?;
    }

    #[test]
    fn canonical_form_does_not_depend_on_white_space_and_comments(
        statements in schemas::schema(),
        gaps in prop::collection::vec(pieces::gap(), 1..20),
    ) {
        same(&form(&statements.join("\n"))?, &form(&schemas::respaced(&statements, &gaps))?)?;
    }
}

#[test]
fn what_is_nested_deeply_takes_room_in_proportion() {
    let depth = 20_000;
    let nested = [
        format!("{}1", "+".repeat(depth * 10)),
        format!("{}1{}", "(".repeat(depth), ")".repeat(depth)),
        format!("{}1{}", "(SELECT ".repeat(depth), ")".repeat(depth)),
        format!("{}1{}", "CASE WHEN a THEN ".repeat(depth), " END".repeat(depth)),
    ];
    for query in nested {
        let form = form(&format!("CREATE VIEW a.b AS SELECT {query};")).unwrap();
        assert!(form.len() < depth * 400, "{} bytes", form.len());
    }
}

//! Questions of the user to the restored database, with the answers that they should have.

use connect::{Client, Error, Parameters};
use restore::Judgement;

use crate::restoring::Restored;
use crate::verdict::{Report, Verdict};

/// A question and its answer.
#[derive(Clone, Debug)]
pub struct Assertion {
    /// A query of one value.
    pub sql: String,
    /// The value as text.
    pub expected: String,
}

/// Asks all, each in a transaction that writes nothing, as a role that is no superuser.
///
/// # Errors
/// When the connection to the server is lost.
pub fn check(
    assertions: &[Assertion],
    restorer: &Parameters,
    restored: &Restored<'_>,
    report: &mut Report,
) -> Result<(), Error> {
    let unclear = restored.failures.iter().find(|failure| failure.cause.judgement() == Judgement::Unclear);
    for assertion in assertions {
        let what = format!("assertion: {}", assertion.sql);
        match ask(restorer, &assertion.sql) {
            Ok(Ok(actual)) if actual == assertion.expected => {}
            Ok(Ok(actual)) => {
                let why = format!("expected {}; actual {actual}", assertion.expected);
                match unclear {
                    Some(failure) => {
                        let why = format!("{why}; not all could be restored here: {}", failure.cause);
                        report.find(Verdict::Unclear, what, None, why);
                    }
                    None => report.find(Verdict::Bad, what, None, why),
                }
            }
            // Whether the question or the backup is at fault, nobody knows.
            Ok(Err(why)) => report.find(Verdict::Unclear, what, None, why),
            Err(Error::Server(error)) => {
                report.find(Verdict::Unclear, what, None, format!("cannot be asked: {error}"));
            }
            Err(error) => return Err(error),
        }
    }
    report.checked.push(("assertions".to_owned(), assertions.len()));
    Ok(())
}

/// The answer as text, or why it is none.
fn ask(restorer: &Parameters, sql: &str) -> Result<Result<String, String>, Error> {
    // A connection for each: nothing that one leaves behind changes the answer to the next.
    // The server's default: who asks may know no other.
    let to = restorer.clone().with_setting("search_path", "\"$user\", public");
    let mut client = Client::connect(&to)?;
    client.execute(b"BEGIN TRANSACTION READ ONLY")?;
    let rows = client.query(sql.as_bytes())?;
    Ok(match rows.as_slice() {
        [row] => match row.as_slice() {
            [Some(value)] => Ok(String::from_utf8_lossy(value).into_owned()),
            [None] => Ok("NULL".to_owned()),
            values => Err(format!("its answer is {} columns instead of one", values.len())),
        },
        rows => Err(format!("its answer is {} rows instead of one", rows.len())),
    })
}

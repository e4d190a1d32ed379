//! Roles that a dump speaks of and a scratch server does not have.

use connect::ServerError;
use dump::Name;

/// Returns the role whose absence an error speaks of.
pub(crate) fn missing_role(error: &ServerError) -> Option<Name> {
    let name = error.message().strip_prefix("role \"")?.strip_suffix("\" does not exist")?;
    (error.code() == "42704").then(|| Name::from(name))
}

/// Returns the statements that make a role to stand in for it, in which `member` is.
///
/// What it stands for may well be a superuser, as the owner of a matview that reads everybody's tables is: it reads all
/// rows, too. No more than that: it shall not be one. `mark` becomes its comment.
pub(crate) fn statements(role: &Name, member: &Name, mark: Option<&str>) -> Vec<Vec<u8>> {
    let [role, member] = [role.to_sql(), member.to_sql()];
    let mut statements = vec![
        [b"CREATE ROLE ", &*role, b" NOLOGIN BYPASSRLS"].concat(),
        [b"GRANT ", &*role, b" TO ", &*member].concat(),
        // New in 14.
        [b"GRANT pg_read_all_data TO ", &*role].concat(),
    ];
    if let Some(mark) = mark {
        let comment = format!(" IS '{}'", mark.replace('\'', "''"));
        statements.insert(1, [b"COMMENT ON ROLE ", &*role, comment.as_bytes()].concat());
    }
    statements
}

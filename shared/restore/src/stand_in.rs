//! Roles that a dump speaks of and a scratch server does not have.

use connect::ServerError;
use dump::Name;

/// Returns the role whose absence an error speaks of.
pub(crate) fn missing_role(error: &ServerError) -> Option<Name> {
    let name = error.message().strip_prefix("role \"")?.strip_suffix("\" does not exist")?;
    (error.code() == "42704").then(|| Name::from(name))
}

/// Returns the statements that make a role to stand in for it, in which `member` is.
pub(crate) fn statements(role: &Name, member: &Name) -> [Vec<u8>; 2] {
    let [role, member] = [role.to_sql(), member.to_sql()];
    [
        [b"CREATE ROLE ", &*role, b" NOLOGIN"].concat(),
        [b"GRANT ", &*role, b" TO ", &*member].concat(),
    ]
}

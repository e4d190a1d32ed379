//! Roles that a dump speaks of and a scratch server does not have.

use connect::ServerError;
use dump::Name;

/// Returns the role whose absence an error speaks of.
pub(crate) fn missing_role(error: &ServerError) -> Option<Name> {
    let name = error.message().strip_prefix("role \"")?.strip_suffix("\" does not exist")?;
    // The second is what `SET ROLE` says.
    matches!(error.code(), "42704" | "22023").then(|| Name::from(name))
}

/// Returns the statements that make a role to stand in for it, in which `member` is; to be run as one, so that whoever is
/// killed meanwhile leaves no role without its mark.
///
/// What it stands for may well be a superuser, as the owner of a matview that reads everybody's tables is: it reads all
/// rows, too, as [`bypasses_row_security`] and [`reads_all`] say. No more than that: it shall not be one. `mark` becomes its comment.
pub(crate) fn statements(role: &Name, member: &Name, mark: Option<&str>) -> Vec<u8> {
    let [role, member] = [role.to_sql(), member.to_sql()];
    let mut statements = vec![
        [b"CREATE ROLE ", &*role, b" NOLOGIN"].concat(),
        [b"GRANT ", &*role, b" TO ", &*member].concat(),
    ];
    if let Some(mark) = mark {
        let comment = format!(" IS '{}'", mark.replace('\'', "''"));
        statements.insert(1, [b"COMMENT ON ROLE ", &*role, comment.as_bytes()].concat());
    }
    statements.join(&b"; "[..])
}

/// Returns the statement that lets a stand-in read all rows of tables that it may read. On a server that others use as well,
/// whoever makes roles may not be allowed to give this away.
pub(crate) fn bypasses_row_security(role: &Name) -> Vec<u8> {
    [b"ALTER ROLE ", &*role.to_sql(), b" BYPASSRLS"].concat()
}

/// Returns the statement that lets a stand-in read all tables. An older server than 14 does not know it; and nobody is to have it
/// on a server of others, whose passwords are in such a table.
pub(crate) fn reads_all(role: &Name) -> Vec<u8> {
    [b"GRANT pg_read_all_data TO ", &*role.to_sql()].concat()
}

/// Returns the query of one row if a role is one of those made by [`statements`]: nobody logs in as it, `member` is in it,
/// and it is no superuser.
pub(crate) fn is_stand_in(role: &Name, member: &Name) -> Vec<u8> {
    [
        b"SELECT FROM pg_catalog.pg_roles r JOIN pg_catalog.pg_auth_members a ON a.roleid OPERATOR(pg_catalog.=) r.oid \
          JOIN pg_catalog.pg_roles m ON m.oid OPERATOR(pg_catalog.=) a.member \
          WHERE NOT r.rolcanlogin AND NOT r.rolsuper AND r.rolname OPERATOR(pg_catalog.=)",
        &*literal(role),
        b" AND m.rolname OPERATOR(pg_catalog.=)",
        &*literal(member),
    ]
    .concat()
}

/// A name as a literal, whatever `standard_conforming_strings` says.
fn literal(name: &Name) -> Vec<u8> {
    let mut sql = b" E'".to_vec();
    for byte in name.bytes() {
        if matches!(byte, b'\'' | b'\\') {
            sql.push(*byte);
        }
        sql.push(*byte);
    }
    sql.push(b'\'');
    sql
}

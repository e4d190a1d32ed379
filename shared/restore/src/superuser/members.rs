//! Rows of users in tables that an extension made, such as those of PostGIS's `spatial_ref_sys`.
//!
//! The table is the superuser's who made the extension, and pg_dump writes the rows that users put into it
//! (`pg_extension_config_dump`). Nothing of the dump's may run when a superuser loads them: neither a trigger nor a default, a check, an
//! index or the type of a column.

use std::io::Read;

use dump::{Name, QualifiedName};

use super::{Outcome, Session};
use crate::Error;
use crate::escalation::Refusal;
use crate::plan::Step;
use crate::session::{about, checked};

/// One row if a table is an ordinary one that an extension made and a superuser owns; if no trigger fires in a session that is a
/// replica's; and if whatever it, its defaults, constraints and indexes need, and what these need in turn, came with the server or is a superuser's, which
/// nothing of a dump can have changed.
const IS_MEMBER: &str = "
WITH RECURSIVE member (number) AS (
    SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) c.relowner
    WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass({table})::pg_catalog.oid AND r.rolsuper
        AND c.relkind OPERATOR(pg_catalog.=) 'r'::pg_catalog.\"char\" AND NOT c.relispartition
        AND EXISTS (SELECT FROM pg_catalog.pg_depend d
            JOIN pg_catalog.pg_extension e ON e.oid OPERATOR(pg_catalog.=) d.refobjid
            WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
                AND d.objid OPERATOR(pg_catalog.=) c.oid AND d.deptype OPERATOR(pg_catalog.=) 'e'::pg_catalog.\"char\"
                AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass::pg_catalog.oid)
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid OPERATOR(pg_catalog.=) c.oid
            AND t.tgenabled OPERATOR(pg_catalog.=) ANY ('{R,A}'::pg_catalog.\"char\"[]))
), part AS (
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AS class, m.number AS number FROM member m
    UNION SELECT d.classid, d.objid FROM part p JOIN pg_catalog.pg_depend d
        ON d.refclassid OPERATOR(pg_catalog.=) p.class AND d.refobjid OPERATOR(pg_catalog.=) p.number
    WHERE d.deptype OPERATOR(pg_catalog.=) ANY ('{a,i}'::pg_catalog.\"char\"[])
        AND d.classid OPERATOR(pg_catalog.=) ANY (ARRAY['pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid,
            'pg_catalog.pg_attrdef'::pg_catalog.regclass::pg_catalog.oid,
            'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid,
            'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid])
), needed AS (
    SELECT p.class AS class, p.number AS number FROM part p
    UNION SELECT f.class, f.number FROM needed n, LATERAL (
        SELECT d.refclassid AS class, d.refobjid AS number FROM pg_catalog.pg_depend d
        WHERE d.classid OPERATOR(pg_catalog.=) n.class AND d.objid OPERATOR(pg_catalog.=) n.number
        UNION ALL SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid, k.oid FROM pg_catalog.pg_constraint k
        WHERE n.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid
            AND k.contypid OPERATOR(pg_catalog.=) n.number) AS f
), owner AS (
    SELECT o.relowner AS number FROM needed n JOIN pg_catalog.pg_class o ON o.oid OPERATOR(pg_catalog.=) n.number
    WHERE n.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
    UNION SELECT o.proowner FROM needed n JOIN pg_catalog.pg_proc o ON o.oid OPERATOR(pg_catalog.=) n.number
    WHERE n.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid
    UNION SELECT o.typowner FROM needed n JOIN pg_catalog.pg_type o ON o.oid OPERATOR(pg_catalog.=) n.number
    WHERE n.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid
    UNION SELECT o.oprowner FROM needed n JOIN pg_catalog.pg_operator o ON o.oid OPERATOR(pg_catalog.=) n.number
    WHERE n.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_operator'::pg_catalog.regclass::pg_catalog.oid
    UNION SELECT o.opcowner FROM needed n JOIN pg_catalog.pg_opclass o ON o.oid OPERATOR(pg_catalog.=) n.number
    WHERE n.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_opclass'::pg_catalog.regclass::pg_catalog.oid
    UNION SELECT o.opfowner FROM needed n JOIN pg_catalog.pg_opfamily o ON o.oid OPERATOR(pg_catalog.=) n.number
    WHERE n.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_opfamily'::pg_catalog.regclass::pg_catalog.oid
    UNION SELECT o.collowner FROM needed n JOIN pg_catalog.pg_collation o ON o.oid OPERATOR(pg_catalog.=) n.number
    WHERE n.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_collation'::pg_catalog.regclass::pg_catalog.oid
)
SELECT FROM member WHERE NOT EXISTS (SELECT FROM owner o
    JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) o.number WHERE NOT r.rolsuper)";

impl Session {
    /// Loads rows into a table that an extension made, if no code runs but the extension's and the server's. The statement is
    /// written anew; meanwhile no schema gets another name and the table stays what it is.
    pub fn copy_into_member(
        &mut self,
        step: &Step,
        table: &QualifiedName,
        columns: Option<&[Name]>,
        data: &mut dyn Read,
    ) -> Result<Outcome, Error> {
        if table.schema.is_none() {
            return Ok(Outcome::Refused(Refusal::Kind));
        }
        if let Some(outcome) = self.apply(step)? {
            return Ok(outcome);
        }
        let name = table.to_sql();
        self.client.execute(b"BEGIN; LOCK TABLE pg_catalog.pg_namespace IN SHARE MODE")?;
        let lock = [b"LOCK TABLE ONLY ", &*name, b" IN ROW EXCLUSIVE MODE"].concat();
        let is_member = match self.client.execute_one(&lock) {
            Ok(()) => !self.client.query(&about(IS_MEMBER, table))?.is_empty(),
            Err(connect::Error::Server(_)) => false,
            Err(error) => return Err(error.into()),
        };
        if !is_member {
            self.client.execute(b"ROLLBACK")?;
            return Ok(Outcome::Refused(Refusal::Kind));
        }
        let list =
            columns.map(|columns| columns.iter().map(Name::to_sql).collect::<Vec<_>>().join(&b", "[..]));
        let list = list.map(|list| [b" (", &*list, b")"].concat()).unwrap_or_default();
        match self.client.copy_in(&[b"COPY ", &*name, &list, b" FROM STDIN"].concat(), data) {
            Ok(()) => {
                self.client.execute(b"COMMIT")?;
                Ok(Outcome::Done)
            }
            Err(connect::Error::Server(error)) => {
                self.client.execute(b"ROLLBACK")?;
                Ok(Outcome::Failed(checked(*error)?))
            }
            Err(connect::Error::Input(error)) => Err(Error::Reread(error)),
            Err(error) => Err(error.into()),
        }
    }
}

//! `ALTER`.

use super::{Meaning, Noise, Reader};
use crate::Name;
use crate::lexer::TokenKind;
use crate::object::{Address, Kind, Role};

/// What `ALTER` does to something that is not a role or a database: a name that is followed by none of these is no name, but
/// a part of a kind that is not known.
const ACTIONS: [&str; 62] = [
    "ADD",
    "ALTER",
    "AS",
    "ATTACH",
    "CACHE",
    "CALLED",
    "CLUSTER",
    "CONNECTION",
    "COST",
    "CYCLE",
    "DEPENDS",
    "DETACH",
    "DISABLE",
    "DROP",
    "ENABLE",
    "EXPAND",
    "EXTERNAL",
    "FORCE",
    "HANDLER",
    "IMMUTABLE",
    "INCREMENT",
    "INHERIT",
    "LEAKPROOF",
    "MAXVALUE",
    "MERGE",
    "MINVALUE",
    "NO",
    "NOT",
    "OF",
    "OPTIONS",
    "OWNED",
    "OWNER",
    "PARALLEL",
    "REFRESH",
    "RENAME",
    "REPLICA",
    "RESET",
    "RESTART",
    "RESTRICT",
    "RETURNS",
    "ROWS",
    "SECURITY",
    "SEQUENCE",
    "SET",
    "SKIP",
    "SPLIT",
    "STABLE",
    "START",
    "STRICT",
    "SUPPORT",
    "SYNC",
    "TO",
    "TRUNCATE",
    "UPDATE",
    "USING",
    "VALIDATE",
    "VALIDATOR",
    "VERSION",
    "VOLATILE",
    "WINDOW",
    "WITH",
    "WITHOUT",
];

impl Reader<'_, '_> {
    pub(super) fn alter(&mut self) -> Option<Meaning> {
        self.cursor.expect("ALTER")?;
        if self.cursor.eat("DEFAULT PRIVILEGES") {
            return self.default_privileges();
        }
        if self.cursor.sees("TRIGGER") || self.cursor.sees("POLICY") || self.cursor.sees("RULE") {
            let address = self.reference()?;
            return Some(Meaning::Part { address, role: Role::Setting });
        }
        let address = self.reference()?;
        // Of what is altered otherwise, only roles and databases have so many ways.
        let open = matches!(address.kind, Kind::Role | Kind::Database);
        let acts = self.cursor.peek().is_none_or(|word| {
            word.kind == TokenKind::LeftParen || ACTIONS.iter().any(|action| word.is(action))
        });
        if !open && !acts {
            return None;
        }
        if self.cursor.eat("OWNER TO") {
            // Whoever restores it, and no role of that name.
            let whoever = ["CURRENT_USER", "CURRENT_ROLE", "SESSION_USER"];
            let owner = match whoever.into_iter().any(|word| self.cursor.eat(word)) {
                true => None,
                false => Some(self.cursor.name()?),
            };
            return self.cursor.at_end().then_some(Meaning::Owner { address, owner });
        }
        if address.kind == Kind::Role && self.cursor.eat("IN DATABASE") {
            // Needs the database, and goes with it: pg_dump --create writes it.
            let address = Address::global(Kind::Database, self.cursor.name()?);
            return Some(Meaning::Part { address, role: Role::Setting });
        }
        match address.kind {
            Kind::Table | Kind::ForeignTable | Kind::View | Kind::MaterializedView => {
                self.alter_relation(address)
            }
            Kind::Domain if self.cursor.eat("ADD CONSTRAINT") => {
                let name = self.cursor.name()?;
                let address = address.part(Kind::Constraint, name);
                Some(Meaning::Part { address, role: Role::Definition })
            }
            Kind::Domain | Kind::Type if self.cursor.eat("DROP") => {
                Some(Meaning::Removal(self.dropped_part(&address)))
            }
            Kind::Sequence if self.cursor.eat("OWNED BY") => {
                let at = self.cursor.at;
                if self.cursor.dotted()?.len() == 2 {
                    // The table is in the sequence's schema.
                    self.unqualified.push(at);
                }
                Some(Meaning::Part { address, role: Role::OwnedBy })
            }
            Kind::Index if self.cursor.eat("ATTACH PARTITION") => {
                let address = self.in_schema(Kind::Index)?;
                Some(Meaning::Part { address, role: Role::Attachment })
            }
            Kind::TextSearchConfiguration | Kind::OperatorFamily | Kind::Publication
                if self.cursor.sees("ADD") =>
            {
                Some(Meaning::Part { address, role: Role::Member })
            }
            _ if self.cursor.at_end() => None,
            _ => Some(Meaning::Part { address, role: Role::Setting }),
        }
    }

    fn alter_relation(&mut self, table: Address) -> Option<Meaning> {
        let part = |address, role| Some(Meaning::Part { address, role });
        if self.cursor.eat("ADD CONSTRAINT") {
            let name = self.cursor.name()?;
            return part(table.part(Kind::Constraint, name), Role::Definition);
        }
        if self.cursor.sees("ADD PRIMARY KEY")
            || self.cursor.sees("ADD FOREIGN KEY")
            || self.cursor.sees("ADD UNIQUE")
            || self.cursor.sees("ADD CHECK")
        {
            return part(table.part(Kind::Constraint, Name::default()), Role::Definition);
        }
        if self.cursor.eat("ATTACH PARTITION") {
            let partition = self.in_schema(Kind::Table)?;
            return part(partition, Role::Attachment);
        }
        if self.cursor.eat("INHERIT") {
            self.schema_name()?;
            return part(table, Role::Attachment);
        }
        if self.cursor.eat("DETACH PARTITION") {
            let partition = self.in_schema(Kind::Table);
            let _ = self.cursor.eat("CONCURRENTLY") || self.cursor.eat("FINALIZE");
            let partition = partition.filter(|_| self.cursor.at_end());
            return Some(Meaning::Removal(partition.into_iter().collect()));
        }
        if self.cursor.eat("DROP") {
            return Some(Meaning::Removal(self.dropped_part(&table)));
        }
        if self.cursor.eat("ALTER COLUMN") || self.cursor.eat("ALTER") {
            let column = table.part(Kind::Column, self.cursor.name()?);
            if self.cursor.eat("DROP") {
                let known = self.cursor.eat("DEFAULT")
                    || self.cursor.eat("NOT NULL")
                    || self.cursor.eat("EXPRESSION")
                    || self.cursor.eat("IDENTITY");
                self.cursor.eat("IF EXISTS");
                let whole = known && self.cursor.at_end();
                return Some(Meaning::Removal(if whole { vec![column] } else { Vec::new() }));
            }
            let role = match () {
                () if self.cursor.sees("SET DEFAULT") => Role::Default,
                () if self.cursor.sees("ADD GENERATED") => Role::Identity,
                () => Role::Setting,
            };
            return part(column, role);
        }
        if self.cursor.eat("DISABLE TRIGGER ALL") || self.cursor.eat("ENABLE TRIGGER ALL") {
            return Some(Meaning::Noise(Noise::Triggers));
        }
        let switched = self.cursor.eat("ENABLE") || self.cursor.eat("DISABLE");
        if switched {
            let _ = self.cursor.eat("ALWAYS") || self.cursor.eat("REPLICA");
            let kind = match () {
                () if self.cursor.eat("TRIGGER") => Kind::Trigger,
                () if self.cursor.eat("RULE") => Kind::Rule,
                // ROW LEVEL SECURITY is the table's own.
                () => return part(table, Role::Setting),
            };
            let name = self.cursor.name()?;
            return part(table.part(kind, name), Role::Setting);
        }
        if self.cursor.at_end() { None } else { part(table, Role::Setting) }
    }

    /// Reads what a `DROP` takes of something; nothing if it takes several, or that is not understood.
    fn dropped_part(&mut self, of: &Address) -> Vec<Address> {
        let kind = match () {
            () if self.cursor.eat("CONSTRAINT") => Kind::Constraint,
            () if self.cursor.eat("COLUMN") || self.cursor.eat("ATTRIBUTE") => Kind::Column,
            () if of.kind == Kind::Domain => {
                let known = self.cursor.eat("DEFAULT") || self.cursor.eat("NOT NULL");
                return if known && self.cursor.at_end() { vec![of.clone()] } else { Vec::new() };
            }
            () => Kind::Column,
        };
        self.cursor.eat("IF EXISTS");
        let Some(name) = self.cursor.name() else { return Vec::new() };
        let _ = self.cursor.eat("CASCADE") || self.cursor.eat("RESTRICT");
        if self.cursor.at_end() { vec![of.clone().part(kind, name)] } else { Vec::new() }
    }

    /// Reads `[FOR ROLE role] [IN SCHEMA schema] GRANT …`.
    fn default_privileges(&mut self) -> Option<Meaning> {
        let mut role = Name::default();
        if self.cursor.eat("FOR ROLE") || self.cursor.eat("FOR USER") {
            role = self.cursor.name()?;
        }
        let mut address = Address::global(Kind::DefaultPrivileges, role);
        if self.cursor.eat("IN SCHEMA") {
            address.schema = Some(self.cursor.name()?);
        }
        let grants = self.cursor.sees("GRANT");
        if !grants && !self.cursor.sees("REVOKE") {
            return None;
        }
        self.cursor.skip_behind("ON")?;
        let known = ["TABLES", "SEQUENCES", "FUNCTIONS", "ROUTINES", "TYPES", "SCHEMAS", "LARGE OBJECTS"];
        if !known.iter().any(|kind| self.cursor.eat(kind)) {
            return None;
        }
        self.cursor.expect(if grants { "TO" } else { "FROM" })?;
        Some(Meaning::Part { address, role: Role::Privilege })
    }
}

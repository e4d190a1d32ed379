//! PostgreSQL's parse tree of a statement, without what two spellings of one thing may differ in.

use serde_json::{Map, Value};

/// Returns the tree, without the places of its nodes in the text.
///
/// # Errors
/// What PostgreSQL says about text that is no SQL.
pub fn parse(sql: &str) -> Result<Value, String> {
    let parsed =
        pg_query::parse(sql, pg_query::ParserOptions::default()).map_err(|error| error.to_string())?;
    let mut tree = serde_json::to_value(&parsed.protobuf.stmts).map_err(|error| error.to_string())?;
    strip_places(&mut tree);
    Ok(tree)
}

fn strip_places(tree: &mut Value) {
    match tree {
        Value::Object(fields) => {
            fields.retain(|name, _| {
                let place = name.ends_with("location") || name == "stmt_len";
                !(place || name == "list_start" || name == "list_end" || name.ends_with("list_end"))
            });
            fields.values_mut().for_each(strip_places);
        }
        Value::Array(items) => items.iter_mut().for_each(strip_places),
        _ => {}
    }
}

/// Calls `change` with every object of the tree, from the outside in.
fn visit(tree: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    match tree {
        Value::Object(fields) => {
            change(fields);
            fields.values_mut().for_each(|value| visit(value, change));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, change)),
        _ => {}
    }
}

/// A rewrite that the canonical form makes on purpose: its name, and what takes it out of a tree.
pub type Rewrite = (&'static str, fn(&mut Value));

/// What `dump::rewrite` and `dump::catalog` change beyond spelling. Applied to both trees; a pair that is only then the
/// same was changed on purpose.
pub const REWRITES: [Rewrite; 8] = [
    ("the order of privileges, roles of a policy, members of operator classes", sort_lists),
    ("`ALL` on tables written out", |tree| {
        visit(tree, &mut |fields| {
            if fields.contains_key("targtype") && is_every_table_privilege(fields.get("privileges")) {
                fields.insert("privileges".to_owned(), Value::Array(Vec::new()));
            }
        });
    }),
    ("the mode IN", |tree| {
        visit(tree, &mut |fields| {
            if let Some(Value::Object(parameter)) = fields.get_mut("FunctionParameter") {
                let mode = pg_query::protobuf::FunctionParameterMode::FuncParamIn as i32;
                if parameter.get("mode") == Some(&Value::from(mode)) {
                    let default = pg_query::protobuf::FunctionParameterMode::FuncParamDefault as i32;
                    parameter.insert("mode".to_owned(), Value::from(default));
                }
            }
        });
    }),
    ("DEFAULT NULL", |tree| {
        visit(tree, &mut |fields| {
            if let Some(Value::Array(constraints)) = fields.get_mut("constraints") {
                constraints.retain(|constraint| !is_default_null(constraint));
            }
        });
    }),
    ("multirange_type_name", |tree| {
        visit(tree, &mut |fields| {
            if let Some(Value::Object(range)) = fields.get_mut("CreateRangeStmt")
                && let Some(Value::Array(params)) = range.get_mut("params")
            {
                params.retain(|param| !param.to_string().contains("\"multirange_type_name\""));
            }
        });
    }),
    ("options of subscriptions of older servers", |tree| {
        visit(tree, &mut |fields| {
            if let Some(Value::Object(subscription)) = fields.get_mut("CreateSubscriptionStmt")
                && let Some(Value::Array(options)) = subscription.get_mut("options")
            {
                options.retain(|option| {
                    let text = option.to_string();
                    !text.contains("\"run_as_owner\"") && !text.contains("\"streaming\"")
                });
            }
        });
    }),
    ("ONLY of foreign tables' columns", |tree| {
        visit(tree, &mut |fields| {
            let foreign = pg_query::protobuf::ObjectType::ObjectForeignTable as i32;
            if let Some(Value::Object(alter)) = fields.get_mut("AlterTableStmt")
                && alter.get("objtype") == Some(&Value::from(foreign))
                && let Some(Value::Object(relation)) = alter.get_mut("relation")
            {
                relation.remove("inh");
            }
        });
    }),
    ("the kind of thing in ALTER … OWNER TO", |tree| {
        if tree[0]["stmt"]["node"].get("AlterOwnerStmt").is_some() || is_change_of_owner(tree) {
            *tree = owner_only(tree);
        }
    }),
];

fn sort_lists(tree: &mut Value) {
    visit(tree, &mut |fields| {
        // A grant, or that within ALTER DEFAULT PRIVILEGES.
        if fields.contains_key("targtype")
            && let Some(Value::Array(privileges)) = fields.get_mut("privileges")
        {
            privileges.sort_by_key(Value::to_string);
        }
        for (statement, list) in
            [("CreatePolicyStmt", "roles"), ("CreateOpClassStmt", "items"), ("AlterOpFamilyStmt", "items")]
        {
            if let Some(Value::Object(statement)) = fields.get_mut(statement)
                && let Some(Value::Array(items)) = statement.get_mut(list)
            {
                items.sort_by_key(Value::to_string);
            }
        }
    });
}

fn is_every_table_privilege(privileges: Option<&Value>) -> bool {
    let Some(Value::Array(privileges)) = privileges else { return false };
    let mut names: Vec<&str> = privileges
        .iter()
        .filter_map(|privilege| privilege["node"]["AccessPriv"]["priv_name"].as_str())
        .collect();
    names.sort_unstable();
    names == ["delete", "insert", "references", "select", "trigger", "truncate", "update"]
}

fn is_default_null(constraint: &Value) -> bool {
    let constraint = &constraint["node"]["Constraint"];
    let default = pg_query::protobuf::ConstrType::ConstrDefault as i32;
    constraint["contype"] == Value::from(default)
        && constraint["raw_expr"]["node"]["AConst"]["isnull"] == Value::Bool(true)
}

fn is_change_of_owner(tree: &Value) -> bool {
    let owner = pg_query::protobuf::AlterTableType::AtChangeOwner as i32;
    let statement = &tree[0]["stmt"]["node"]["AlterTableStmt"];
    statement["cmds"][0]["node"]["AlterTableCmd"]["subtype"] == Value::from(owner)
}

fn owner_only(tree: &Value) -> Value {
    let statement = &tree[0]["stmt"]["node"];
    let owner = match statement.get("AlterTableStmt") {
        Some(alter) => &alter["cmds"][0]["node"]["AlterTableCmd"]["newowner"],
        None => &statement["AlterOwnerStmt"]["newowner"],
    };
    Value::Array(vec![Value::from("owner"), owner.clone()])
}

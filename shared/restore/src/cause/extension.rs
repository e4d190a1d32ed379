//! What well-known extensions make: schemas besides the one that they are put into, and names by which they are told.

/// An extension, the schemas of its own, and the beginnings or wholes of names that its script makes (`st_*`, `citext`).
struct Known {
    name: &'static str,
    schemas: &'static [&'static str],
    names: &'static [&'static str],
}

const fn known(
    name: &'static str,
    schemas: &'static [&'static str],
    names: &'static [&'static str],
) -> Known {
    Known { name, schemas, names }
}

/// By their scripts and control files; relations in the schema that they go into are named in full.
const EXTENSIONS: [Known; 67] = [
    known("address_standardizer", &[], &["standardize_address", "parse_address", "stdaddr"]),
    known("adminpack", &[], &["pg_file_*", "pg_logdir_ls"]),
    known("age", &["ag_catalog"], &["agtype*", "graphid*", "cypher"]),
    known("amcheck", &[], &["bt_index_*", "verify_heapam"]),
    known("anon", &["anon", "mask"], &[]),
    known("btree_gin", &[], &["gin_*"]),
    known("btree_gist", &[], &["gbt_*", "gist_*_ops", "*_dist"]),
    known("citext", &[], &["citext*"]),
    known(
        "citus",
        &["citus", "columnar", "columnar_internal", "citus_internal"],
        &["create_distributed_table", "pg_dist_*", "columnar"],
    ),
    known("citus_columnar", &["columnar", "columnar_internal"], &["columnar", "columnar_handler"]),
    known("columnar", &["columnar"], &["columnar", "columnar_handler"]),
    known("cube", &[], &["cube", "cube_*", "gist_cube_ops"]),
    known("dblink", &[], &["dblink*"]),
    known("dict_int", &[], &["intdict*"]),
    known("dict_xsyn", &[], &["xsyn*"]),
    known("earthdistance", &[], &["earth*", "ll_to_earth", "gc_to_sec", "sec_to_gc"]),
    known(
        "fuzzystrmatch",
        &[],
        &["levenshtein*", "soundex", "metaphone", "dmetaphone*", "difference", "daitch_mokotoff"],
    ),
    known("graphql", &["graphql"], &[]),
    known("h3", &[], &["h3*"]),
    known("hll", &[], &["hll*"]),
    known("hstore", &[], &["hstore*", "ghstore*", "akeys", "avals", "skeys", "svals", "slice"]),
    known("http", &[], &["http*", "urlencode"]),
    known("hypopg", &[], &["hypopg*"]),
    known("intarray", &[], &["gin__int_ops", "gist__int*", "query_int", "idx", "icount", "sort*", "uniq"]),
    known("isn", &[], &["ean13", "isbn*", "ismn*", "issn*", "upc"]),
    known("lo", &[], &["lo", "lo_manage", "lo_oid"]),
    known("ltree", &[], &["ltree*", "lquery*", "ltxtquery*", "lca", "nlevel", "subpath", "gist_ltree_ops"]),
    known("moddatetime", &[], &["moddatetime"]),
    known(
        "orafce",
        &["oracle", "dbms_*", "utl_file", "plvchr", "plvdate", "plvlex", "plvstr", "plvsubst", "plunit"],
        &["varchar2", "nvarchar2", "nvl*", "add_months", "last_day", "decode", "dual"],
    ),
    known("pageinspect", &[], &["heap_page_*", "bt_*", "get_raw_page"]),
    known("pgaudit", &[], &["pgaudit*"]),
    known(
        "pgcrypto",
        &[],
        &[
            "digest",
            "hmac",
            "crypt",
            "gen_salt",
            "gen_random_bytes",
            "pgp_*",
            "armor",
            "dearmor",
            "encrypt*",
            "decrypt*",
        ],
    ),
    known("pgjwt", &[], &["sign", "verify", "url_encode", "url_decode", "algorithm_sign"]),
    known("pgmq", &["pgmq"], &[]),
    known("pgroonga", &[], &["pgroonga*"]),
    known("pgrouting", &[], &["pgr_*", "_pgr_*"]),
    known("pgsodium", &["pgsodium", "pgsodium_masks"], &[]),
    known("pgstattuple", &[], &["pgstat*", "pg_relpages"]),
    known("pgtap", &[], &["pg_all_foreign_keys", "tap_funky", "plan", "finish", "throws_ok", "lives_ok"]),
    known("pg_buffercache", &[], &["pg_buffercache*"]),
    known("pg_cron", &["cron"], &[]),
    known("pg_graphql", &["graphql"], &["resolve"]),
    known("pg_hint_plan", &["hint_plan"], &[]),
    known("pg_net", &["net"], &[]),
    known(
        "pg_partman",
        &["partman"],
        &["part_config*", "custom_time_partitions", "table_privs", "create_parent", "run_maintenance*"],
    ),
    known("pg_repack", &["repack"], &[]),
    known("pg_stat_statements", &[], &["pg_stat_statements*"]),
    known(
        "pg_trgm",
        &[],
        &[
            "similarity*",
            "word_similarity*",
            "strict_word_similarity*",
            "show_trgm",
            "gtrgm*",
            "gin_trgm_ops",
            "gist_trgm_ops",
            "set_limit",
            "show_limit",
        ],
    ),
    known("plv8", &[], &["plv8*", "plcoffee", "plls"]),
    known(
        "postgis",
        &[],
        &[
            "geometry*",
            "geography*",
            "st_*",
            "_st_*",
            "box2d*",
            "box3d*",
            "raster_*",
            "spatial_ref_sys",
            "postgis_*",
            "addgeometrycolumn",
            "populate_geometry_columns",
            "gist_geometry_ops*",
            "gidx",
            "spheroid",
            "updategeometrysrid",
        ],
    ),
    known("postgis_raster", &[], &["raster*", "st_*", "_raster*", "addrasterconstraints"]),
    known("postgis_tiger_geocoder", &["tiger", "tiger_data"], &["geocode*", "norm_addy"]),
    known("postgis_topology", &["topology"], &["topogeometry", "topoelement*"]),
    known("pointcloud", &[], &["pcpatch*", "pcpoint*", "pointcloud_*"]),
    known("postgres_fdw", &[], &["postgres_fdw*"]),
    known("rum", &[], &["rum*"]),
    known("seg", &[], &["seg*"]),
    known("supabase_vault", &["vault"], &[]),
    known("tablefunc", &[], &["crosstab*", "connectby", "normal_rand", "tablefunc_crosstab_*"]),
    known("tcn", &[], &["triggered_change_notification"]),
    known("temporal_tables", &[], &["versioning", "set_system_time"]),
    known(
        "timescaledb",
        &["_timescaledb_*", "timescaledb_*"],
        &["create_hypertable", "time_bucket*", "add_dimension", "first", "last"],
    ),
    known("unaccent", &[], &["unaccent*"]),
    known("uuid-ossp", &[], &["uuid_generate_*", "uuid_nil", "uuid_ns_*"]),
    known(
        "vector",
        &[],
        &[
            "vector*",
            "halfvec*",
            "sparsevec*",
            "hnsw*",
            "ivfflat*",
            "l2_distance",
            "cosine_distance",
            "inner_product",
        ],
    ),
    known("wrappers", &[], &["*_fdw_handler", "*_fdw_validator", "wrappers_fdw_stats"]),
    known("xml2", &[], &["xpath_*", "xslt_process", "xml_valid", "xml_encode_special_chars"]),
];

/// Says whether a name is one that a list holds.
fn is_in(list: &[&str], name: &str) -> bool {
    list.iter().any(|known| match (known.strip_suffix('*'), known.strip_prefix('*')) {
        (Some(begin), _) => name.starts_with(begin),
        (_, Some(end)) => name.ends_with(end),
        _ => *known == name,
    })
}

fn find(extension: &str) -> Option<&'static Known> {
    EXTENSIONS.iter().find(|known| known.name == extension)
}

/// Says whether it is known what an extension makes.
pub(super) fn is_known(extension: &str) -> bool {
    find(extension).is_some()
}

/// Says whether an extension is known to make a schema of its own by this name.
pub(super) fn has_schema(extension: &str, schema: &str) -> bool {
    // Many are called as the schema that they make.
    let same = || extension == schema || extension.strip_prefix("pg_") == Some(schema);
    find(extension).map_or_else(same, |known| is_in(known.schemas, schema))
}

/// Says whether an extension is known to make something of this name.
pub(super) fn makes(extension: &str, name: &str) -> bool {
    extension == name || find(extension).is_some_and(|known| is_in(known.names, name))
}

/// Returns an extension that is known for something of this name.
pub(super) fn of_name(name: &str) -> Option<&'static str> {
    EXTENSIONS.iter().find(|known| is_in(known.names, name)).map(|known| known.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_told_by_what_they_make() {
        assert!(makes("uuid-ossp", "uuid_generate_v4") && !makes("adminpack", "uuid_generate_v4"));
        assert!(makes("postgis", "st_area") && makes("postgis", "geometry"));
        assert_eq!(of_name("uuid_generate_v1mc"), Some("uuid-ossp"));
        assert!(has_schema("pg_cron", "cron") && has_schema("timescaledb", "_timescaledb_internal"));
        assert!(has_schema("pg_unheard_of", "unheard_of") && !has_schema("citext", "public"));
    }
}

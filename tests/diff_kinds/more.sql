-- Pairs for what `diff-cases/kinds.tar.zst` of the corpus lacks, in the syntax of pg_dump 15 to 18. All of them run on a
-- server of version 18 with roles `r` and `s`, except: `security_label` (needs a provider), `extension_schema` and `tablespace_options`
-- (need files).

-- == constraint_not_enforced
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
ALTER TABLE a.t ADD CONSTRAINT k CHECK ((x > 0));
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
ALTER TABLE a.t ADD CONSTRAINT k CHECK ((x > 0)) NOT ENFORCED;
-- changes
-- + table a.t: constraint k: not enforced: NOT ENFORCED

-- == constraint_foreign_key_not_enforced
CREATE SCHEMA a;
CREATE TABLE a.p (id integer);
ALTER TABLE ONLY a.p ADD CONSTRAINT p_pkey PRIMARY KEY (id);
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
ALTER TABLE ONLY a.t ADD CONSTRAINT k FOREIGN KEY (x) REFERENCES a.p(id);
-- after
CREATE SCHEMA a;
CREATE TABLE a.p (id integer);
ALTER TABLE ONLY a.p ADD CONSTRAINT p_pkey PRIMARY KEY (id);
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
ALTER TABLE ONLY a.t ADD CONSTRAINT k FOREIGN KEY (x) REFERENCES a.p(id) MATCH FULL ON UPDATE CASCADE ON DELETE SET DEFAULT DEFERRABLE NOT ENFORCED;
-- changes
-- ~ table a.t: constraint k: references: a.p(id) → a.p(id) MATCH FULL
-- ~ table a.t: constraint k: on update: NO ACTION → CASCADE
-- ~ table a.t: constraint k: on delete: NO ACTION → SET DEFAULT
-- ~ table a.t: constraint k: deferrable: NOT DEFERRABLE → DEFERRABLE
-- + table a.t: constraint k: not enforced: NOT ENFORCED

-- == column_generated_virtual
CREATE SCHEMA a;
CREATE TABLE a.g (
    x integer,
    y integer GENERATED ALWAYS AS ((x * 2)) STORED
);
-- after
CREATE SCHEMA a;
CREATE TABLE a.g (
    x integer,
    y integer GENERATED ALWAYS AS ((x * 2))
);
-- changes
-- ~ table a.g: column y: generated: ((x * 2)) STORED → ((x * 2))

-- == constraint_without_overlaps
CREATE SCHEMA a;
CREATE TABLE a.o (
    id int4range NOT NULL,
    during int4range NOT NULL
);
ALTER TABLE ONLY a.o ADD CONSTRAINT o_pkey PRIMARY KEY (id, during);
-- after
CREATE SCHEMA a;
CREATE TABLE a.o (
    id int4range NOT NULL,
    during int4range NOT NULL
);
ALTER TABLE ONLY a.o ADD CONSTRAINT o_pkey PRIMARY KEY (id, during WITHOUT OVERLAPS);
-- changes
-- ~ table a.o: constraint o_pkey: columns: id, during → id, during WITHOUT OVERLAPS

-- == constraint_period
CREATE SCHEMA a;
CREATE TABLE a.o (
    id int4range NOT NULL,
    during int4range NOT NULL
);
ALTER TABLE ONLY a.o ADD CONSTRAINT o_pkey PRIMARY KEY (id, during WITHOUT OVERLAPS);
CREATE TABLE a.u (
    o int4range,
    d int4range,
    e int4range
);
ALTER TABLE ONLY a.u ADD CONSTRAINT u_fkey FOREIGN KEY (o, PERIOD d) REFERENCES a.o(id, PERIOD during);
-- after
CREATE SCHEMA a;
CREATE TABLE a.o (
    id int4range NOT NULL,
    during int4range NOT NULL
);
ALTER TABLE ONLY a.o ADD CONSTRAINT o_pkey PRIMARY KEY (id, during WITHOUT OVERLAPS);
CREATE TABLE a.u (
    o int4range,
    d int4range,
    e int4range
);
ALTER TABLE ONLY a.u ADD CONSTRAINT u_fkey FOREIGN KEY (o, PERIOD e) REFERENCES a.o(id, PERIOD during);
-- changes
-- ~ table a.u: constraint u_fkey: columns: o, PERIOD d → o, PERIOD e

-- == column_not_null_named
CREATE SCHEMA a;
CREATE TABLE a.n (
    x integer NOT NULL
);
-- after
CREATE SCHEMA a;
CREATE TABLE a.n (
    x integer CONSTRAINT must NOT NULL NO INHERIT
);
-- changes
-- ~ table a.n: column x: not null: NOT NULL → CONSTRAINT must NOT NULL NO INHERIT

-- == constraint_not_null_not_valid
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
ALTER TABLE a.t ADD CONSTRAINT k NOT NULL x;
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
ALTER TABLE a.t ADD CONSTRAINT k NOT NULL x NOT VALID;
-- changes
-- + table a.t: constraint k: not valid: NOT VALID

-- == constraint_not_null_of_child
CREATE SCHEMA a;
CREATE TABLE a.p (x integer);
CREATE TABLE a.c (
)
INHERITS (a.p);
-- after
CREATE SCHEMA a;
CREATE TABLE a.p (x integer);
CREATE TABLE a.c (
    CONSTRAINT k NOT NULL x
)
INHERITS (a.p);
-- changes
-- + table a.c: constraint k: CONSTRAINT k NOT NULL x

-- == privilege_maintain
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
GRANT SELECT ON TABLE a.t TO r;
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
GRANT SELECT,MAINTAIN ON TABLE a.t TO r;
-- changes
-- ~ table a.t: privilege r: SELECT → SELECT, MAINTAIN

-- == constraint_inline_and_alone
CREATE SCHEMA a;
CREATE TABLE a.c (
    x integer,
    CONSTRAINT k CHECK ((x > 0))
);
-- after
CREATE SCHEMA a;
CREATE TABLE a.c (
    x integer
);
ALTER TABLE a.c ADD CONSTRAINT k CHECK ((x > 0));
-- changes

-- == constraint_inline_to_not_valid
CREATE SCHEMA a;
CREATE TABLE a.c (
    x integer,
    CONSTRAINT k CHECK ((x > 0))
);
-- after
CREATE SCHEMA a;
CREATE TABLE a.c (
    x integer
);
ALTER TABLE a.c ADD CONSTRAINT k CHECK ((x > 0)) NOT VALID;
-- changes
-- + table a.c: constraint k: not valid: NOT VALID

-- == constraint_exclude
CREATE SCHEMA a;
CREATE TABLE a.e (
    p point,
    c circle,
    n integer
);
ALTER TABLE ONLY a.e ADD CONSTRAINT ex EXCLUDE USING gist (c WITH &&);
-- after
CREATE SCHEMA a;
CREATE TABLE a.e (
    p point,
    c circle,
    n integer
);
ALTER TABLE ONLY a.e ADD CONSTRAINT ex EXCLUDE USING gist (c WITH &&) INCLUDE (p) WITH (fillfactor='70') WHERE ((n > 0)) DEFERRABLE INITIALLY DEFERRED;
-- changes
-- + table a.e: constraint ex: include: p
-- + table a.e: constraint ex: option fillfactor: '70'
-- + table a.e: constraint ex: predicate: (n > 0)
-- ~ table a.e: constraint ex: deferrable: NOT DEFERRABLE → DEFERRABLE INITIALLY DEFERRED

-- == constraint_unique_include_tablespace
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
ALTER TABLE ONLY a.t ADD CONSTRAINT u UNIQUE (x);
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
ALTER TABLE ONLY a.t ADD CONSTRAINT u PRIMARY KEY (x, id) INCLUDE (y) WITH (fillfactor='70') USING INDEX TABLESPACE pg_default;
-- changes
-- ~ table a.t: constraint u: unique: UNIQUE → PRIMARY KEY
-- ~ table a.t: constraint u: columns: x → x, id
-- + table a.t: constraint u: include: y
-- + table a.t: constraint u: option fillfactor: '70'

-- == view_column_options
CREATE SCHEMA a;
CREATE TABLE a.t (x integer);
CREATE VIEW a.v AS
 SELECT x
   FROM a.t;
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (x integer);
CREATE VIEW a.v AS
 SELECT x
   FROM a.t;
COMMENT ON COLUMN a.v.x IS 'of a view';
ALTER TABLE ONLY a.v ALTER COLUMN x SET DEFAULT 4;
-- changes
-- + view a.v: column x: default: 4
-- + view a.v: column x: comment: 'of a view'

-- == matview_column
CREATE SCHEMA a;
CREATE TABLE a.t (x text);
CREATE MATERIALIZED VIEW a.m AS
 SELECT x
   FROM a.t
  WITH NO DATA;
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (x text);
CREATE MATERIALIZED VIEW a.m AS
 SELECT x
   FROM a.t
  WITH NO DATA;
ALTER TABLE ONLY a.m ALTER COLUMN x SET STORAGE PLAIN;
ALTER TABLE ONLY a.m ALTER COLUMN x SET STATISTICS 7;
-- changes
-- + materialized view a.m: column x: statistics target: 7
-- + materialized view a.m: column x: storage: PLAIN

-- == child_column_default
CREATE SCHEMA a;
CREATE TABLE a.p (x integer);
CREATE TABLE a.c (
)
INHERITS (a.p);
ALTER TABLE ONLY a.c ALTER COLUMN x SET DEFAULT 1;
-- after
CREATE SCHEMA a;
CREATE TABLE a.p (x integer);
CREATE TABLE a.c (
)
INHERITS (a.p);
ALTER TABLE ONLY a.c ALTER COLUMN x SET DEFAULT 2;
-- changes
-- ~ table a.c: column x: default: 1 → 2

-- == column_identity_options
CREATE SCHEMA a;
CREATE TABLE a.i (id integer NOT NULL);
ALTER TABLE a.i ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME a.i_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
-- after
CREATE SCHEMA a;
CREATE TABLE a.i (id integer NOT NULL);
ALTER TABLE a.i ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME a.i_seq
    START WITH 10
    INCREMENT BY -1
    MINVALUE -100
    MAXVALUE 100
    CACHE 5
    CYCLE
);
-- changes
-- ~ table a.i: column id: identity: ALWAYS → BY DEFAULT
-- ~ table a.i: column id: identity: sequence name: a.i_id_seq → a.i_seq
-- ~ table a.i: column id: identity: start: 1 → 10
-- ~ table a.i: column id: identity: increment: 1 → -1
-- ~ table a.i: column id: identity: minimum: NO MINVALUE → -100
-- ~ table a.i: column id: identity: maximum: NO MAXVALUE → 100
-- ~ table a.i: column id: identity: cache: 1 → 5
-- ~ table a.i: column id: identity: cycle: NO CYCLE → CYCLE

-- == column_foreign_options
CREATE SCHEMA a;
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER s FOREIGN DATA WRAPPER w;
CREATE FOREIGN TABLE a.ft (
    x integer OPTIONS (column_name 'x')
)
SERVER s
OPTIONS (
    table_name 't'
);
-- after
CREATE SCHEMA a;
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER s FOREIGN DATA WRAPPER w;
CREATE FOREIGN TABLE a.ft (
    x integer OPTIONS (column_name 'z', other 'y')
)
SERVER s
OPTIONS (
    table_name 't2'
);
ALTER FOREIGN TABLE ONLY a.ft ALTER COLUMN x OPTIONS (
    added '1'
);
-- changes
-- ~ foreign table a.ft: option table_name: 't' → 't2'
-- ~ foreign table a.ft: column x: option column_name: 'x' → 'z'
-- + foreign table a.ft: column x: option other: 'y'
-- + foreign table a.ft: column x: option added: '1'

-- == inherits_several
CREATE SCHEMA a;
CREATE TABLE a.p (x integer);
CREATE TABLE a.q (y integer);
CREATE TABLE a.r (z integer);
CREATE TABLE a.c (
    u integer
)
INHERITS (a.p, a.q);
-- after
CREATE SCHEMA a;
CREATE TABLE a.p (x integer);
CREATE TABLE a.q (y integer);
CREATE TABLE a.r (z integer);
CREATE TABLE a.c (
    u integer
)
INHERITS (a.p, a.r);
-- changes
-- - table a.c: parent a.q
-- + table a.c: parent a.r

-- == inherit_order
CREATE SCHEMA a;
CREATE TABLE a.p (x integer);
CREATE TABLE a.q (y integer);
CREATE TABLE a.c (
)
INHERITS (a.p, a.q);
-- after
CREATE SCHEMA a;
CREATE TABLE a.p (x integer);
CREATE TABLE a.q (y integer);
CREATE TABLE a.c (
)
INHERITS (a.q, a.p);
-- changes
-- ~ table a.c: order parents: a.p, a.q → a.q, a.p

-- == inherit_attached
CREATE SCHEMA a;
CREATE TABLE a.p (x integer);
CREATE TABLE a.c (
    x integer
);
-- after
CREATE SCHEMA a;
CREATE TABLE a.p (x integer);
CREATE TABLE a.c (
    x integer
);
ALTER TABLE ONLY a.c INHERIT a.p;
-- changes
-- + table a.c: parent a.p

-- == partition_key
CREATE SCHEMA a;
CREATE TABLE a.p (
    x integer,
    y integer
)
PARTITION BY RANGE (x);
-- after
CREATE SCHEMA a;
CREATE TABLE a.p (
    x integer,
    y integer
)
PARTITION BY LIST (y);
-- changes
-- ~ table a.p: partition key: RANGE (x) → LIST (y)

-- == partition_other_parent
CREATE SCHEMA a;
CREATE TABLE a.p (x integer)
PARTITION BY RANGE (x);
CREATE TABLE a.q (x integer)
PARTITION BY RANGE (x);
CREATE TABLE a.c (x integer);
ALTER TABLE ONLY a.p ATTACH PARTITION a.c FOR VALUES FROM (1) TO (2);
-- after
CREATE SCHEMA a;
CREATE TABLE a.p (x integer)
PARTITION BY RANGE (x);
CREATE TABLE a.q (x integer)
PARTITION BY RANGE (x);
CREATE TABLE a.c (x integer);
ALTER TABLE ONLY a.q ATTACH PARTITION a.c DEFAULT;
-- changes
-- ~ table a.c: parent: a.p → a.q
-- ~ table a.c: partition bound: FOR VALUES FROM (1) TO (2) → DEFAULT

-- == partition_inline_and_attached
CREATE SCHEMA a;
CREATE TABLE a.p (x integer)
PARTITION BY RANGE (x);
CREATE TABLE a.c PARTITION OF a.p FOR VALUES FROM (1) TO (2);
-- after
CREATE SCHEMA a;
CREATE TABLE a.p (x integer)
PARTITION BY RANGE (x);
CREATE TABLE a.c PARTITION OF a.p DEFAULT;
-- changes
-- ~ table a.c: partition bound: FOR VALUES FROM (1) TO (2) → DEFAULT

-- == typed_table_options
CREATE SCHEMA a;
CREATE TYPE a.ct AS (
    x integer
);
CREATE TABLE a.t OF a.ct
WITH (fillfactor='70');
-- after
CREATE SCHEMA a;
CREATE TYPE a.ct AS (
    x integer
);
CREATE TABLE a.t OF a.ct
WITH (fillfactor='80', autovacuum_enabled='false');
-- changes
-- ~ table a.t: option fillfactor: '70' → '80'
-- + table a.t: option autovacuum_enabled: 'false'

-- == typed_table_column
CREATE SCHEMA a;
CREATE TYPE a.ct AS (
    x integer,
    y text
);
CREATE TABLE a.t OF a.ct (
    x WITH OPTIONS NOT NULL
);
-- after
CREATE SCHEMA a;
CREATE TYPE a.ct AS (
    x integer,
    y text
);
CREATE TABLE a.t OF a.ct (
    x WITH OPTIONS DEFAULT 1 NOT NULL
);
-- changes
-- + table a.t: column x: default: 1

-- == table_options_toast
CREATE SCHEMA a;
CREATE TABLE a.t (
    x text
)
WITH (toast.autovacuum_enabled='false');
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (
    x text
)
WITH (toast.autovacuum_enabled='true', parallel_workers='2');
-- changes
-- ~ table a.t: option toast.autovacuum_enabled: 'false' → 'true'
-- + table a.t: option parallel_workers: '2'

-- == table_named_as_key_words
CREATE SCHEMA a;
CREATE TABLE a.inherits (
    storage integer DEFAULT 1,
    exclude text
);
-- after
CREATE SCHEMA a;
CREATE TABLE a.inherits (
    storage integer DEFAULT 2,
    exclude text
);
ALTER TABLE ONLY a.inherits ALTER COLUMN storage SET STATISTICS 5;
-- changes
-- ~ table a.inherits: column storage: default: 1 → 2
-- + table a.inherits: column storage: statistics target: 5

-- == replica_identity_index
CREATE SCHEMA a;
CREATE TABLE a.t (x integer NOT NULL);
CREATE UNIQUE INDEX i ON a.t USING btree (x);
ALTER TABLE ONLY a.t REPLICA IDENTITY NOTHING;
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (x integer NOT NULL);
CREATE UNIQUE INDEX i ON a.t USING btree (x);
ALTER TABLE ONLY a.t REPLICA IDENTITY USING INDEX i;
-- changes
-- ~ table a.t: replica identity: NOTHING → USING INDEX i

-- == index_options
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE INDEX i ON a.t USING btree (x);
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE INDEX i ON a.t USING btree (x) WITH (fillfactor='70', deduplicate_items='off');
-- changes
-- + table a.t: index i: option fillfactor: '70'
-- + table a.t: index i: option deduplicate_items: off

-- == index_method
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE INDEX i ON a.t USING btree (x);
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE UNIQUE INDEX i ON a.t USING btree (x DESC NULLS LAST);
-- changes
-- ~ table a.t: index i: columns: x → x DESC NULLS LAST
-- + table a.t: index i: unique: UNIQUE

-- == index_hash
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE INDEX i ON a.t USING btree (x);
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE INDEX i ON a.t USING hash (x);
-- changes
-- ~ table a.t: index i: access method: btree → hash

-- == index_tablespace
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE INDEX i ON a.t USING btree (x);
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
SET default_tablespace = pg_default;
CREATE INDEX i ON a.t USING btree (x);
SET default_tablespace = '';
-- changes

-- == index_expression_statistics
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE INDEX i ON a.t USING btree (((x + 1)), ((x + 2)));
ALTER INDEX a.i ALTER COLUMN 1 SET STATISTICS 300;
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE INDEX i ON a.t USING btree (((x + 1)), ((x + 2)));
ALTER INDEX a.i ALTER COLUMN 1 SET STATISTICS 400;
ALTER INDEX a.i ALTER COLUMN 2 SET STATISTICS 500;
-- changes
-- ~ table a.t: index i: statistics target 1: 300 → 400
-- + table a.t: index i: statistics target 2: 500

-- == index_attached
CREATE SCHEMA a;
CREATE TABLE a.p (x integer)
PARTITION BY RANGE (x);
CREATE TABLE a.c (x integer);
ALTER TABLE ONLY a.p ATTACH PARTITION a.c FOR VALUES FROM (1) TO (2);
CREATE INDEX pi ON ONLY a.p USING btree (x);
CREATE INDEX ci ON a.c USING btree (x);
-- after
CREATE SCHEMA a;
CREATE TABLE a.p (x integer)
PARTITION BY RANGE (x);
CREATE TABLE a.c (x integer);
ALTER TABLE ONLY a.p ATTACH PARTITION a.c FOR VALUES FROM (1) TO (2);
CREATE INDEX pi ON ONLY a.p USING btree (x);
CREATE INDEX ci ON a.c USING btree (x);
ALTER INDEX a.pi ATTACH PARTITION a.ci;
-- changes
-- + table a.c: index ci: parent: a.pi

-- == statistics_target
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE STATISTICS a.s (ndistinct) ON x, y FROM a.t;
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE STATISTICS a.s (ndistinct) ON x, y FROM a.t;
ALTER STATISTICS a.s SET STATISTICS 99;
-- changes
-- + table a.t: statistics s: statistics target: 99

-- == statistics_expressions
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE STATISTICS a.s (ndistinct, mcv) ON x, y FROM a.t;
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE STATISTICS a.s ON x, (x % 10) FROM a.t;
-- changes
-- - table a.t: statistics s: kinds: ndistinct, mcv
-- ~ table a.t: statistics s: columns: x, y → x, (x % 10)

-- == trigger_arguments
CREATE SCHEMA a;
CREATE FUNCTION a.f() RETURNS trigger LANGUAGE plpgsql AS $$begin return new; end$$;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE TRIGGER g BEFORE INSERT OR DELETE ON a.t FOR EACH ROW EXECUTE FUNCTION a.f('one');
-- after
CREATE SCHEMA a;
CREATE FUNCTION a.f() RETURNS trigger LANGUAGE plpgsql AS $$begin return new; end$$;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE TRIGGER g AFTER DELETE ON a.t FOR EACH STATEMENT EXECUTE FUNCTION a.f('two');
-- changes
-- ~ table a.t: trigger g: timing: BEFORE → AFTER
-- ~ table a.t: trigger g: event: INSERT OR DELETE → DELETE
-- ~ table a.t: trigger g: level: ROW → STATEMENT
-- ~ table a.t: trigger g: function: a.f('one') → a.f('two')

-- == trigger_constraint
CREATE SCHEMA a;
CREATE FUNCTION a.f() RETURNS trigger LANGUAGE plpgsql AS $$begin return new; end$$;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE TRIGGER g AFTER INSERT ON a.t FOR EACH ROW EXECUTE FUNCTION a.f();
-- after
CREATE SCHEMA a;
CREATE FUNCTION a.f() RETURNS trigger LANGUAGE plpgsql AS $$begin return new; end$$;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE CONSTRAINT TRIGGER g AFTER INSERT ON a.t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION a.f();
-- changes
-- + table a.t: trigger g: constraint: CONSTRAINT
-- + table a.t: trigger g: deferrable: DEFERRABLE INITIALLY DEFERRED

-- == trigger_replica
CREATE SCHEMA a;
CREATE FUNCTION a.f() RETURNS trigger LANGUAGE plpgsql AS $$begin return new; end$$;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE TRIGGER g BEFORE INSERT ON a.t FOR EACH ROW EXECUTE FUNCTION a.f();
ALTER TABLE a.t ENABLE REPLICA TRIGGER g;
-- after
CREATE SCHEMA a;
CREATE FUNCTION a.f() RETURNS trigger LANGUAGE plpgsql AS $$begin return new; end$$;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE TRIGGER g BEFORE INSERT ON a.t FOR EACH ROW EXECUTE FUNCTION a.f();
ALTER TABLE a.t ENABLE ALWAYS TRIGGER g;
-- changes
-- ~ table a.t: trigger g: enabled: ENABLE REPLICA → ENABLE ALWAYS

-- == rule_action
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE RULE r AS
    ON UPDATE TO a.t
   WHERE (new.x > 4) DO INSTEAD NOTHING;
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE RULE r AS
    ON UPDATE TO a.t DO  DELETE FROM a.t;
ALTER TABLE a.t DISABLE RULE r;
-- changes
-- - table a.t: rule r: when: new.x > 4
-- ~ table a.t: rule r: action: INSTEAD NOTHING → DELETE FROM a.t
-- ~ table a.t: rule r: enabled: ENABLE → DISABLE

-- == policy_of_all
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE POLICY p ON a.t;
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE POLICY p ON a.t FOR SELECT;
-- changes
-- ~ table a.t: policy p: event: ALL → SELECT

-- == policy_roles
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE POLICY p ON a.t FOR INSERT TO r WITH CHECK ((x > 0));
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE POLICY p ON a.t FOR UPDATE TO r, s USING (true) WITH CHECK ((x > 1));
-- changes
-- ~ table a.t: policy p: event: INSERT → UPDATE
-- ~ table a.t: policy p: roles: r → r, s
-- ~ table a.t: policy p: with check: (x > 0) → (x > 1)
-- + table a.t: policy p: using: true

-- == event_trigger_tags
CREATE SCHEMA a;
CREATE FUNCTION a.ef() RETURNS event_trigger LANGUAGE plpgsql AS $$begin end$$;
CREATE EVENT TRIGGER et ON ddl_command_end
   WHEN TAG IN ('CREATE TABLE')
   EXECUTE FUNCTION a.ef();
-- after
CREATE SCHEMA a;
CREATE FUNCTION a.ef() RETURNS event_trigger LANGUAGE plpgsql AS $$begin end$$;
CREATE EVENT TRIGGER et ON ddl_command_end
   WHEN TAG IN ('CREATE TABLE', 'DROP TABLE')
   EXECUTE FUNCTION a.ef();
ALTER EVENT TRIGGER et ENABLE ALWAYS;
-- changes
-- ~ event trigger et: when: TAG IN ('CREATE TABLE') → TAG IN ('CREATE TABLE', 'DROP TABLE')
-- ~ event trigger et: enabled: ENABLE → ENABLE ALWAYS

-- == event_trigger_event
CREATE SCHEMA a;
CREATE FUNCTION a.ef() RETURNS event_trigger LANGUAGE plpgsql AS $$begin end$$;
CREATE EVENT TRIGGER et ON ddl_command_end
   EXECUTE FUNCTION a.ef();
-- after
CREATE SCHEMA a;
CREATE FUNCTION a.ef() RETURNS event_trigger LANGUAGE plpgsql AS $$begin end$$;
CREATE EVENT TRIGGER et ON sql_drop
   EXECUTE FUNCTION a.ef();
-- changes
-- ~ event trigger et: event: ddl_command_end → sql_drop

-- == sequence_unlogged
CREATE SCHEMA a;
CREATE SEQUENCE a.q
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
-- after
CREATE SCHEMA a;
CREATE UNLOGGED SEQUENCE a.q
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
-- changes
-- ~ sequence a.q: persistence: LOGGED → UNLOGGED

-- == sequence_owned_by
CREATE SCHEMA a;
CREATE TABLE a.t (x integer, z integer);
CREATE SEQUENCE a.q
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE a.q OWNED BY a.t.x;
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (x integer, z integer);
CREATE SEQUENCE a.q
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE a.q OWNED BY a.t.z;
-- changes
-- ~ sequence a.q: owned by: a.t.x → a.t.z

-- == function_attributes
CREATE SCHEMA a;
CREATE FUNCTION a.fn(v integer) RETURNS SETOF integer
    LANGUAGE sql
    AS $$select 1$$;
-- after
CREATE SCHEMA a;
CREATE FUNCTION a.fn(v integer DEFAULT 5) RETURNS SETOF integer
    LANGUAGE sql STABLE LEAKPROOF SECURITY DEFINER COST 7 ROWS 9
    SET work_mem TO '1MB'
    AS $$select 1$$;
-- changes
-- ~ function a.fn(integer): arguments: v integer → v integer DEFAULT 5
-- ~ function a.fn(integer): volatility: VOLATILE → STABLE
-- ~ function a.fn(integer): leakproof: NOT LEAKPROOF → LEAKPROOF
-- ~ function a.fn(integer): security: INVOKER → DEFINER
-- ~ function a.fn(integer): cost: 100 → 7
-- + function a.fn(integer): rows: 9
-- + function a.fn(integer): setting work_mem: '1MB'

-- == function_setting
CREATE SCHEMA a;
CREATE FUNCTION a.fn() RETURNS integer
    LANGUAGE sql
    SET search_path TO 'a', 'public'
    SET work_mem TO '1MB'
    AS $$select 1$$;
-- after
CREATE SCHEMA a;
CREATE FUNCTION a.fn() RETURNS integer
    LANGUAGE sql
    SET search_path TO 'a'
    SET enable_seqscan TO 'off'
    AS $$select 1$$;
-- changes
-- ~ function a.fn(): setting search_path: 'a', 'public' → 'a'
-- - function a.fn(): setting work_mem: '1MB'
-- + function a.fn(): setting enable_seqscan: 'off'

-- == function_quotes
CREATE SCHEMA a;
CREATE FUNCTION a.fn() RETURNS text
    LANGUAGE sql
    AS $$select 'x'$$;
-- after
CREATE SCHEMA a;
CREATE FUNCTION a.fn() RETURNS text
    LANGUAGE sql
    AS $_$select 'x'$_$;
-- changes

-- == function_body_atomic
CREATE SCHEMA a;
CREATE FUNCTION a.fn(x integer) RETURNS integer
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT x;
END;
-- after
CREATE SCHEMA a;
CREATE FUNCTION a.fn(x integer) RETURNS integer
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT (x + 1);
END;
-- changes
-- ~ function a.fn(integer): body: BEGIN ATOMIC⏎    SELECT x;⏎END → BEGIN ATOMIC⏎    SELECT (x + 1);⏎END

-- == function_body_return
CREATE SCHEMA a;
CREATE FUNCTION a.fn(x integer) RETURNS integer
    LANGUAGE sql
    RETURN (x + 1);
-- after
CREATE SCHEMA a;
CREATE FUNCTION a.fn(x integer) RETURNS integer
    LANGUAGE sql
    AS $$select 3$$;
-- changes
-- ~ function a.fn(integer): body: RETURN(x + 1) → select 3

-- == function_returns_table
CREATE SCHEMA a;
CREATE FUNCTION a.fn() RETURNS TABLE(x integer, y text)
    LANGUAGE sql
    AS $$select 1, 'a'$$;
-- after
CREATE SCHEMA a;
CREATE FUNCTION a.fn() RETURNS TABLE(x integer, z text)
    LANGUAGE sql
    AS $$select 1, 'a'$$;
-- changes
-- ~ function a.fn(): returns: TABLE(x integer, y text) → TABLE(x integer, z text)

-- == function_in_c
CREATE SCHEMA a;
CREATE FUNCTION a.fn(integer) RETURNS integer
    LANGUAGE internal
    AS $$int4up$$;
-- after
CREATE SCHEMA a;
CREATE FUNCTION a.fn(integer) RETURNS integer
    LANGUAGE internal SUPPORT generate_series_int4_support
    AS $$int4inc$$;
-- changes
-- ~ function a.fn(integer): body: int4up → int4inc
-- + function a.fn(integer): support: generate_series_int4_support

-- == procedure_arguments
CREATE SCHEMA a;
CREATE PROCEDURE a.pr(IN x integer)
    LANGUAGE sql
    AS $$select 1$$;
-- after
CREATE SCHEMA a;
CREATE PROCEDURE a.pr(IN y integer DEFAULT 1)
    LANGUAGE sql SECURITY DEFINER
    AS $$select 1$$;
-- changes
-- ~ procedure a.pr(IN integer): arguments: x integer → y integer DEFAULT 1
-- ~ procedure a.pr(IN integer): security: INVOKER → DEFINER

-- == aggregate_clauses
CREATE SCHEMA a;
CREATE AGGREGATE a.ag(integer) (
    SFUNC = int4pl,
    STYPE = integer,
    INITCOND = '0'
);
-- after
CREATE SCHEMA a;
CREATE AGGREGATE a.ag(integer) (
    SFUNC = int4mul,
    STYPE = integer,
    SORTOP = OPERATOR(pg_catalog.<),
    PARALLEL = safe
);
-- changes
-- ~ aggregate a.ag(integer): sfunc: int4pl → int4mul
-- - aggregate a.ag(integer): initcond: '0'
-- + aggregate a.ag(integer): sortop: OPERATOR(pg_catalog.<)
-- + aggregate a.ag(integer): parallel: safe

-- == composite_collation
CREATE SCHEMA a;
CREATE TYPE a.ct AS (
    x text,
    y integer
);
-- after
CREATE SCHEMA a;
CREATE TYPE a.ct AS (
    x text COLLATE pg_catalog."C",
    y bigint
);
COMMENT ON COLUMN a.ct.y IS 'big';
-- changes
-- + type a.ct: attribute x: collation: pg_catalog."C"
-- ~ type a.ct: attribute y: type: integer → bigint
-- + type a.ct: attribute y: comment: 'big'

-- == composite_order
CREATE SCHEMA a;
CREATE TYPE a.ct AS (
    x text,
    y integer
);
-- after
CREATE SCHEMA a;
CREATE TYPE a.ct AS (
    y integer,
    x text
);
-- changes
-- ~ type a.ct: order: x, y → y, x

-- == enum_order
CREATE SCHEMA a;
CREATE TYPE a.en AS ENUM (
    'x',
    'y',
    'it''s'
);
-- after
CREATE SCHEMA a;
CREATE TYPE a.en AS ENUM (
    'y',
    'x',
    'it''s',
    'z'
);
-- changes
-- + type a.en: label z: AFTER 'it''s'
-- ~ type a.en: order: x, y, "it's" → y, x, "it's"

-- == domain_attributes
CREATE SCHEMA a;
CREATE DOMAIN a.d AS text
	CONSTRAINT k CHECK ((VALUE <> ''::text));
-- after
CREATE SCHEMA a;
CREATE DOMAIN a.d AS text COLLATE pg_catalog."C" CONSTRAINT must NOT NULL DEFAULT 'x'::text
	CONSTRAINT k CHECK ((VALUE <> ' '::text))
	CONSTRAINT l CHECK ((length(VALUE) < 9));
-- changes
-- + domain a.d: collation: pg_catalog."C"
-- + domain a.d: not null: CONSTRAINT must NOT NULL
-- + domain a.d: default: 'x'::text
-- ~ domain a.d: constraint k: check: (VALUE <> ''::text) → (VALUE <> ' '::text)
-- + domain a.d: constraint l: CONSTRAINT l CHECK ((length(VALUE) < 9))

-- == domain_type
CREATE SCHEMA a;
CREATE DOMAIN a.d AS integer;
-- after
CREATE SCHEMA a;
CREATE DOMAIN a.d AS bigint;
-- changes
-- ~ domain a.d: type: integer → bigint

-- == domain_constraint_not_valid
CREATE SCHEMA a;
CREATE DOMAIN a.d AS integer;
ALTER DOMAIN a.d ADD CONSTRAINT k CHECK ((VALUE > 0));
-- after
CREATE SCHEMA a;
CREATE DOMAIN a.d AS integer;
ALTER DOMAIN a.d ADD CONSTRAINT k CHECK ((VALUE > 0)) NOT VALID;
COMMENT ON CONSTRAINT k ON DOMAIN a.d IS 'c';
-- changes
-- + domain a.d: constraint k: not valid: NOT VALID
-- + domain a.d: constraint k: comment: 'c'

-- == range_options
CREATE SCHEMA a;
CREATE TYPE a.rg AS RANGE (
    subtype = double precision,
    multirange_type_name = a.rgs
);
-- after
CREATE SCHEMA a;
CREATE TYPE a.rg AS RANGE (
    subtype = double precision,
    multirange_type_name = a.rgm,
    subtype_diff = float8mi
);
-- changes
-- ~ type a.rg: multirange_type_name: a.rgs → a.rgm
-- + type a.rg: subtype_diff: float8mi

-- == base_type_clauses
CREATE SCHEMA a;
CREATE TYPE a.bt;
CREATE FUNCTION a.bt_in(cstring) RETURNS a.bt
    LANGUAGE internal IMMUTABLE STRICT
    AS $$textin$$;
CREATE FUNCTION a.bt_out(a.bt) RETURNS cstring
    LANGUAGE internal IMMUTABLE STRICT
    AS $$textout$$;
CREATE TYPE a.bt (
    INTERNALLENGTH = variable,
    INPUT = a.bt_in,
    OUTPUT = a.bt_out,
    ALIGNMENT = int4,
    STORAGE = extended
);
-- after
CREATE SCHEMA a;
CREATE TYPE a.bt;
CREATE FUNCTION a.bt_in(cstring) RETURNS a.bt
    LANGUAGE internal IMMUTABLE STRICT
    AS $$textin$$;
CREATE FUNCTION a.bt_out(a.bt) RETURNS cstring
    LANGUAGE internal IMMUTABLE STRICT
    AS $$textout$$;
CREATE TYPE a.bt (
    INTERNALLENGTH = variable,
    INPUT = a.bt_in,
    OUTPUT = a.bt_out,
    DEFAULT = 'd',
    ALIGNMENT = double,
    STORAGE = plain
);
-- changes
-- ~ type a.bt: alignment: int4 → double
-- ~ type a.bt: storage: extended → plain
-- + type a.bt: default: 'd'

-- == operator_clauses
CREATE SCHEMA a;
CREATE FUNCTION a.o(integer, integer) RETURNS boolean
    LANGUAGE sql
    AS $$select true$$;
CREATE OPERATOR a.=== (
    FUNCTION = a.o,
    LEFTARG = integer,
    RIGHTARG = integer
);
-- after
CREATE SCHEMA a;
CREATE FUNCTION a.o(integer, integer) RETURNS boolean
    LANGUAGE sql
    AS $$select true$$;
CREATE OPERATOR a.=== (
    FUNCTION = a.o,
    LEFTARG = integer,
    RIGHTARG = integer,
    COMMUTATOR = OPERATOR(a.===),
    RESTRICT = eqsel
);
-- changes
-- + operator a.===(integer, integer): commutator: OPERATOR(a.===)
-- + operator a.===(integer, integer): restrict: eqsel

-- == operator_class_members
CREATE SCHEMA a;
CREATE OPERATOR FAMILY a.oc USING btree;
CREATE OPERATOR CLASS a.oc
    FOR TYPE integer USING btree FAMILY a.oc AS
    OPERATOR 1 <(integer,integer) ,
    OPERATOR 3 =(integer,integer) ,
    FUNCTION 1 (integer, integer) btint4cmp(integer,integer);
-- after
CREATE SCHEMA a;
CREATE OPERATOR FAMILY a.oc USING btree;
CREATE OPERATOR CLASS a.oc
    FOR TYPE integer USING btree FAMILY a.oc AS
    OPERATOR 1 >(integer,integer) ,
    OPERATOR 3 =(integer,integer) ,
    OPERATOR 5 <(integer,integer) ,
    FUNCTION 1 (integer, integer) btint4cmp(integer,integer);
-- changes
-- ~ operator class a.oc USING btree: member operator 1 (integer, integer): < (integer, integer) → > (integer, integer)
-- + operator class a.oc USING btree: member operator 5 (integer, integer): < (integer, integer)

-- == operator_family_members
CREATE SCHEMA a;
CREATE OPERATOR FAMILY a.oc USING btree;
ALTER OPERATOR FAMILY a.oc USING btree ADD
    OPERATOR 1 <(bigint,integer) ,
    FUNCTION 1 (bigint, integer) btint84cmp(bigint,integer);
-- after
CREATE SCHEMA a;
CREATE OPERATOR FAMILY a.oc USING btree;
ALTER OPERATOR FAMILY a.oc USING btree ADD
    OPERATOR 1 <(bigint,integer) ,
    OPERATOR 3 =(bigint,integer) ,
    FUNCTION 1 (bigint, integer) btint84cmp(bigint,integer);
-- changes
-- + operator family a.oc USING btree: member operator 3 (bigint, integer): = (bigint, integer)

-- == cast_function_and_context
CREATE SCHEMA a;
CREATE TYPE a.ct AS (
    x integer
);
CREATE FUNCTION a.c1(a.ct) RETURNS integer
    LANGUAGE sql
    AS $$select 1$$;
CREATE FUNCTION a.c2(a.ct) RETURNS integer
    LANGUAGE sql
    AS $$select 2$$;
CREATE CAST (a.ct AS integer) WITH FUNCTION a.c1(a.ct) AS ASSIGNMENT;
-- after
CREATE SCHEMA a;
CREATE TYPE a.ct AS (
    x integer
);
CREATE FUNCTION a.c1(a.ct) RETURNS integer
    LANGUAGE sql
    AS $$select 1$$;
CREATE FUNCTION a.c2(a.ct) RETURNS integer
    LANGUAGE sql
    AS $$select 2$$;
CREATE CAST (a.ct AS integer) WITH FUNCTION a.c2(a.ct) AS IMPLICIT;
-- changes
-- ~ cast (a.ct AS integer): function: a.c1(a.ct) → a.c2(a.ct)
-- ~ cast (a.ct AS integer): as: ASSIGNMENT → IMPLICIT

-- == cast_inout
CREATE SCHEMA a;
CREATE TYPE a.ct AS (
    x integer
);
CREATE FUNCTION a.c1(a.ct) RETURNS integer
    LANGUAGE sql
    AS $$select 1$$;
CREATE FUNCTION a.c2(a.ct) RETURNS integer
    LANGUAGE sql
    AS $$select 2$$;
CREATE CAST (a.ct AS text) WITH INOUT;
-- after
CREATE SCHEMA a;
CREATE TYPE a.ct AS (
    x integer
);
CREATE FUNCTION a.c1(a.ct) RETURNS integer
    LANGUAGE sql
    AS $$select 1$$;
CREATE FUNCTION a.c2(a.ct) RETURNS integer
    LANGUAGE sql
    AS $$select 2$$;
CREATE CAST (a.ct AS text) WITH INOUT AS IMPLICIT;
-- changes
-- + cast (a.ct AS text): as: IMPLICIT

-- == conversion_default
CREATE SCHEMA a;
CREATE CONVERSION a.cv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
-- after
CREATE SCHEMA a;
CREATE DEFAULT CONVERSION a.cv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
-- changes
-- + conversion a.cv: default: DEFAULT

-- == collation_clauses
CREATE SCHEMA a;
CREATE COLLATION a.co (provider = libc, locale = 'C');
-- after
CREATE SCHEMA a;
CREATE COLLATION a.co (provider = libc, locale = 'POSIX');
-- changes
-- ~ collation a.co: locale: 'C' → 'POSIX'

-- == transform_functions
CREATE SCHEMA a;
CREATE TRANSFORM FOR integer LANGUAGE sql (FROM SQL WITH FUNCTION pg_catalog.prsd_lextype(internal));
-- after
CREATE SCHEMA a;
CREATE TRANSFORM FOR integer LANGUAGE sql (FROM SQL WITH FUNCTION pg_catalog.prsd_lextype(internal), TO SQL WITH FUNCTION pg_catalog.int4recv(internal));
-- changes
-- + transform FOR integer LANGUAGE sql: to sql: pg_catalog.int4recv(internal)

-- == language_handlers
CREATE SCHEMA a;
CREATE LANGUAGE plx HANDLER pg_catalog.plpgsql_call_handler;
-- after
CREATE SCHEMA a;
CREATE TRUSTED LANGUAGE plx HANDLER pg_catalog.plpgsql_call_handler INLINE pg_catalog.plpgsql_inline_handler VALIDATOR pg_catalog.plpgsql_validator;
-- changes
-- + language plx: trusted: TRUSTED
-- + language plx: inline: pg_catalog.plpgsql_inline_handler
-- + language plx: validator: pg_catalog.plpgsql_validator

-- == access_method_handler
CREATE SCHEMA a;
CREATE ACCESS METHOD am TYPE TABLE HANDLER heap_tableam_handler;
-- after
CREATE SCHEMA a;
CREATE ACCESS METHOD am TYPE INDEX HANDLER bthandler;
-- changes
-- ~ access method am: type: TABLE → INDEX
-- ~ access method am: handler: heap_tableam_handler → bthandler

-- == text_search_mapping
CREATE SCHEMA a;
CREATE TEXT SEARCH CONFIGURATION a.tc (
    PARSER = pg_catalog."default"
);
ALTER TEXT SEARCH CONFIGURATION a.tc
    ADD MAPPING FOR asciiword WITH simple;
ALTER TEXT SEARCH CONFIGURATION a.tc
    ADD MAPPING FOR word WITH simple;
-- after
CREATE SCHEMA a;
CREATE TEXT SEARCH CONFIGURATION a.tc (
    PARSER = pg_catalog."default"
);
ALTER TEXT SEARCH CONFIGURATION a.tc
    ADD MAPPING FOR asciiword WITH english_stem, simple;
ALTER TEXT SEARCH CONFIGURATION a.tc
    ADD MAPPING FOR "int" WITH simple;
-- changes
-- ~ text search configuration a.tc: member asciiword: simple → english_stem, simple
-- - text search configuration a.tc: member word: simple
-- + text search configuration a.tc: member int: simple

-- == text_search_dictionary
CREATE SCHEMA a;
CREATE TEXT SEARCH DICTIONARY a.td (
    TEMPLATE = pg_catalog.simple,
    accept = 'true'
);
-- after
CREATE SCHEMA a;
CREATE TEXT SEARCH DICTIONARY a.td (
    TEMPLATE = pg_catalog.simple,
    accept = 'false'
);
-- changes
-- ~ text search dictionary a.td: accept: 'true' → 'false'

-- == view_check_option
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE VIEW a.v WITH (security_barrier='true') AS
 SELECT id
   FROM a.t
  WHERE (x > 0)
  WITH LOCAL CHECK OPTION;
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE VIEW a.v WITH (security_barrier='false') AS
 SELECT id
   FROM a.t
  WHERE (x > 0)
  WITH CASCADED CHECK OPTION;
-- changes
-- ~ view a.v: option security_barrier: 'true' → 'false'
-- ~ view a.v: check option: LOCAL → CASCADED

-- == matview_tablespace
CREATE SCHEMA a;
CREATE TABLE a.t (x integer);
CREATE MATERIALIZED VIEW a.m AS
 SELECT x
   FROM a.t
  WITH NO DATA;
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (x integer);
SET default_tablespace = pg_default;
CREATE MATERIALIZED VIEW a.m WITH (fillfactor='70') AS
 SELECT x
   FROM a.t
  WITH NO DATA;
-- changes
-- + materialized view a.m: option fillfactor: '70'

-- == foreign_data_wrapper_options
CREATE SCHEMA a;
CREATE FOREIGN DATA WRAPPER w OPTIONS (
    debug 'true'
);
-- after
CREATE SCHEMA a;
CREATE FOREIGN DATA WRAPPER w VALIDATOR postgresql_fdw_validator;
-- changes
-- - foreign data wrapper w: option debug: 'true'
-- + foreign data wrapper w: validator: postgresql_fdw_validator

-- == foreign_data_wrapper_first_option
CREATE SCHEMA a;
CREATE FOREIGN DATA WRAPPER w;
-- after
CREATE SCHEMA a;
CREATE FOREIGN DATA WRAPPER w OPTIONS (
    debug 'true'
);
-- changes
-- + foreign data wrapper w: option debug: 'true'

-- == user_mapping_first_option
CREATE SCHEMA a;
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER s FOREIGN DATA WRAPPER w;
CREATE USER MAPPING FOR r SERVER s;
-- after
CREATE SCHEMA a;
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER s FOREIGN DATA WRAPPER w;
CREATE USER MAPPING FOR r SERVER s OPTIONS (
    "user" 'y'
);
-- changes
-- + server s: user mapping r: option user: 'y'

-- == server_clauses
CREATE SCHEMA a;
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER s TYPE 't' VERSION '1' FOREIGN DATA WRAPPER w OPTIONS (
    host 'x'
);
-- after
CREATE SCHEMA a;
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER s TYPE 't' VERSION '2' FOREIGN DATA WRAPPER w OPTIONS (
    host 'x',
    port '1'
);
-- changes
-- ~ server s: version: '1' → '2'
-- + server s: option port: '1'

-- == user_mapping_options
CREATE SCHEMA a;
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER s FOREIGN DATA WRAPPER w;
CREATE USER MAPPING FOR r SERVER s OPTIONS (
    "user" 'x'
);
-- after
CREATE SCHEMA a;
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER s FOREIGN DATA WRAPPER w;
CREATE USER MAPPING FOR r SERVER s OPTIONS (
    "user" 'y'
);
-- changes
-- ~ server s: user mapping r: option user: 'x' → 'y'

-- == publication_members
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE TABLE a.u (x integer);
CREATE PUBLICATION pb WITH (publish = 'insert');
ALTER PUBLICATION pb ADD TABLE ONLY a.t (id, x) WHERE ((id > 4));
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
CREATE TABLE a.u (x integer);
CREATE PUBLICATION pb WITH (publish = 'insert');
ALTER PUBLICATION pb ADD TABLE ONLY a.t (id) WHERE ((id > 4));
ALTER PUBLICATION pb ADD TABLE ONLY a.u;
-- changes
-- ~ publication pb: member a.t: (id, x) WHERE ((id > 4)) → (id) WHERE ((id > 4))
-- + publication pb: member a.u

-- == publication_schema
CREATE SCHEMA a;
CREATE PUBLICATION pb WITH (publish = 'insert');
-- after
CREATE SCHEMA a;
CREATE PUBLICATION pb WITH (publish = 'insert');
ALTER PUBLICATION pb ADD TABLES IN SCHEMA a;
-- changes
-- + publication pb: member schema a

-- == publication_all
CREATE SCHEMA a;
CREATE PUBLICATION pb FOR ALL TABLES WITH (publish = 'insert');
-- after
CREATE SCHEMA a;
CREATE PUBLICATION pb WITH (publish = 'insert, update', publish_via_partition_root = true, publish_generated_columns = stored);
-- changes
-- - publication pb: for: ALL TABLES
-- ~ publication pb: option publish: 'insert' → 'insert, update'
-- + publication pb: option publish_via_partition_root: true
-- + publication pb: option publish_generated_columns: stored

-- == subscription_options
CREATE SCHEMA a;
CREATE SUBSCRIPTION sb CONNECTION 'dbname=one' PUBLICATION p WITH (connect = false, slot_name = 'sb');
-- after
CREATE SCHEMA a;
CREATE SUBSCRIPTION sb CONNECTION 'dbname=one' PUBLICATION p, q WITH (connect = false, slot_name = 'sb', streaming = parallel, failover = true);
-- changes
-- ~ subscription sb: publication: p → p, q
-- + subscription sb: option streaming: parallel
-- + subscription sb: option failover: true

-- == privilege_column
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
GRANT SELECT(x) ON TABLE a.t TO r;
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
GRANT SELECT(x),UPDATE(x) ON TABLE a.t TO r;
GRANT SELECT(y) ON TABLE a.t TO s;
-- changes
-- ~ table a.t: column x: privilege r: SELECT → SELECT, UPDATE
-- + table a.t: column y: privilege s: SELECT

-- == privilege_grant_option
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
GRANT SELECT ON TABLE a.t TO r;
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
GRANT SELECT ON TABLE a.t TO r WITH GRANT OPTION;
-- changes
-- ~ table a.t: privilege r: SELECT → SELECT WITH GRANT OPTION

-- == privilege_other_grantor
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
GRANT USAGE ON SCHEMA a TO r;
GRANT SELECT ON TABLE a.t TO r WITH GRANT OPTION;
GRANT SELECT ON TABLE a.t TO s;
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
GRANT USAGE ON SCHEMA a TO r;
GRANT SELECT ON TABLE a.t TO r WITH GRANT OPTION;
GRANT SELECT ON TABLE a.t TO s;
SET SESSION AUTHORIZATION r;
GRANT SELECT ON TABLE a.t TO s;
RESET SESSION AUTHORIZATION;
-- changes
-- ~ table a.t: privilege s: SELECT → SELECT; SELECT GRANTED BY r

-- == privilege_revoked_and_granted
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
ALTER TABLE a.t OWNER TO r;
REVOKE ALL ON TABLE a.t FROM r;
GRANT SELECT ON TABLE a.t TO r;
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
ALTER TABLE a.t OWNER TO r;
REVOKE SELECT ON TABLE a.t FROM r;
GRANT UPDATE ON TABLE a.t TO r;
-- changes
-- ~ table a.t: privilege r: SELECT → INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER, MAINTAIN

-- == function_strict_and_returns
CREATE SCHEMA a;
CREATE FUNCTION a.fn(integer) RETURNS integer
    LANGUAGE internal STRICT
    AS $$int4up$$;
-- after
CREATE SCHEMA a;
CREATE FUNCTION a.fn(integer) RETURNS integer
    LANGUAGE internal
    AS $$int4up$$;
-- changes
-- ~ function a.fn(integer): strict: STRICT → CALLED ON NULL INPUT

-- == privilege_parameter
CREATE SCHEMA a;
GRANT SET ON PARAMETER work_mem TO r;
-- after
CREATE SCHEMA a;
GRANT ALTER SYSTEM ON PARAMETER work_mem TO r;
-- changes
-- ~ parameter work_mem: privilege r: SET → ALTER SYSTEM

-- == default_privileges_schema
CREATE SCHEMA a;
ALTER DEFAULT PRIVILEGES FOR ROLE r IN SCHEMA a GRANT SELECT ON TABLES TO s;
-- after
CREATE SCHEMA a;
ALTER DEFAULT PRIVILEGES FOR ROLE r IN SCHEMA a GRANT SELECT,INSERT ON TABLES TO s;
ALTER DEFAULT PRIVILEGES FOR ROLE r IN SCHEMA a GRANT EXECUTE ON FUNCTIONS TO s;
-- changes
-- + default privileges of r in schema a: privilege s on functions: EXECUTE
-- ~ default privileges of r in schema a: privilege s on tables: SELECT → SELECT, INSERT

-- == default_privileges_revoked
CREATE SCHEMA a;
-- after
CREATE SCHEMA a;
ALTER DEFAULT PRIVILEGES FOR ROLE r REVOKE ALL ON FUNCTIONS FROM PUBLIC;
-- changes
-- - default privileges of r: privilege PUBLIC on functions: EXECUTE

-- == role_attributes
CREATE SCHEMA a;
CREATE ROLE o;
ALTER ROLE o WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB NOLOGIN NOREPLICATION NOBYPASSRLS;
-- after
CREATE SCHEMA a;
CREATE ROLE o;
ALTER ROLE o WITH NOSUPERUSER NOINHERIT NOCREATEROLE NOCREATEDB LOGIN NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 5 VALID UNTIL '2030-01-01 00:00:00+00';
-- changes
-- ~ role o: inherit: INHERIT → NOINHERIT
-- ~ role o: login: NOLOGIN → LOGIN
-- + role o: connection limit: 5
-- + role o: valid until: '2030-01-01 00:00:00+00'

-- == role_password
CREATE SCHEMA a;
CREATE ROLE o;
ALTER ROLE o WITH LOGIN PASSWORD 'md50123456789abcdef0123456789abcdef';
-- after
CREATE SCHEMA a;
CREATE ROLE o;
ALTER ROLE o WITH LOGIN PASSWORD 'md5fedcba9876543210fedcba9876543210';
-- changes
-- ~ role o: secret

-- == role_settings
CREATE SCHEMA a;
CREATE ROLE o;
ALTER ROLE o SET work_mem TO '1MB';
-- after
CREATE SCHEMA a;
CREATE ROLE o;
ALTER ROLE o SET work_mem TO '2MB';
ALTER ROLE o SET search_path TO 'a', 'public';
-- changes
-- ~ role o: setting work_mem: '1MB' → '2MB'
-- + role o: setting search_path: 'a', 'public'

-- == role_membership
CREATE SCHEMA a;
CREATE ROLE o;
GRANT r TO o WITH INHERIT TRUE GRANTED BY postgres;
-- after
CREATE SCHEMA a;
CREATE ROLE o;
GRANT r TO o WITH ADMIN OPTION, INHERIT FALSE, SET FALSE GRANTED BY postgres;
GRANT s TO o WITH INHERIT TRUE GRANTED BY postgres;
-- changes
-- ~ role o: member r: WITH INHERIT TRUE GRANTED BY postgres → WITH ADMIN OPTION, INHERIT FALSE, SET FALSE GRANTED BY postgres
-- + role o: member s: WITH INHERIT TRUE GRANTED BY postgres

-- == security_label
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
SECURITY LABEL FOR dummy ON TABLE a.t IS 'classified';
-- after
CREATE SCHEMA a;
CREATE TABLE a.t (
    id integer NOT NULL,
    x integer,
    y text
);
SECURITY LABEL FOR dummy ON TABLE a.t IS 'secret';
SECURITY LABEL FOR dummy ON COLUMN a.t.x IS 'classified';
-- changes
-- ~ table a.t: security label dummy: 'classified' → 'secret'
-- + table a.t: column x: security label dummy: 'classified'

-- == database_settings
CREATE SCHEMA a;
CREATE DATABASE d WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'C';
ALTER DATABASE d SET work_mem TO '1MB';
-- after
CREATE SCHEMA a;
CREATE DATABASE d WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'POSIX';
ALTER DATABASE d CONNECTION LIMIT = 5;
ALTER DATABASE d SET work_mem TO '2MB';
ALTER ROLE r IN DATABASE d SET work_mem TO '3MB';
-- changes
-- ~ database d: locale: 'C' → 'POSIX'
-- ~ database d: setting work_mem: '1MB' → '2MB'
-- + database d: connection limit: 5
-- + database d: setting work_mem for role r: '3MB'

-- == tablespace_options
CREATE SCHEMA a;
CREATE TABLESPACE ts OWNER r LOCATION '/one';
-- after
CREATE SCHEMA a;
CREATE TABLESPACE ts OWNER s LOCATION '/two';
ALTER TABLESPACE ts SET (random_page_cost='2');
-- changes
-- ~ tablespace ts: owner: r → s
-- ~ tablespace ts: location: '/one' → '/two'
-- + tablespace ts: option random_page_cost: '2'

-- == extension_schema
CREATE SCHEMA a;
CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;
-- after
CREATE SCHEMA a;
CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA a;
-- changes
-- ~ extension citext: schema: public → a

-- == comment_of_public
CREATE SCHEMA a;
COMMENT ON SCHEMA public IS 'one';
GRANT USAGE ON SCHEMA public TO r;
-- after
CREATE SCHEMA a;
COMMENT ON SCHEMA public IS 'two';
-- changes
-- ~ schema public: comment: 'one' → 'two'
-- - schema public: privilege r: USAGE

-- == large_object_owner
CREATE SCHEMA a;
SELECT pg_catalog.lo_create('4242');
ALTER LARGE OBJECT 4242 OWNER TO r;
-- after
CREATE SCHEMA a;
SELECT pg_catalog.lo_create('4242');
ALTER LARGE OBJECT 4242 OWNER TO s;
-- changes

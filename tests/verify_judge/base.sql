-- The database whose dump is tampered with: one of every kind of object that a statement could hit, few rows.
CREATE SCHEMA shop;
CREATE SCHEMA store;
CREATE EXTENSION citext WITH SCHEMA shop;
CREATE TYPE shop.size AS ENUM ('small', 'large');
CREATE DOMAIN shop.amount AS integer DEFAULT 1 NOT NULL CONSTRAINT amount_positive CHECK (VALUE > 0);
CREATE TYPE shop.pair AS (one integer, other text);
CREATE TYPE shop.span AS RANGE (subtype = integer);
CREATE FUNCTION shop.twice(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';
CREATE FUNCTION shop.refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;
CREATE FUNCTION shop.same(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE PROCEDURE shop.tidy() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE shop.total(integer) (SFUNC = int4pl, STYPE = integer);
CREATE OPERATOR shop.=== (FUNCTION = shop.same, LEFTARG = integer, RIGHTARG = integer);
CREATE FUNCTION shop.rank(shop.size) RETURNS integer LANGUAGE sql IMMUTABLE AS $$SELECT length($1::text)$$;
CREATE CAST (shop.size AS integer) WITH FUNCTION shop.rank(shop.size);
CREATE COLLATION shop.plain (PROVIDER = libc, LOCALE = 'C');
CREATE TEXT SEARCH DICTIONARY shop.words (TEMPLATE = simple, STOPWORDS = english);
CREATE TEXT SEARCH CONFIGURATION shop.search (COPY = simple);
CREATE TABLE shop.goods (id integer GENERATED ALWAYS AS IDENTITY, name text NOT NULL, price numeric(8, 2),
    size shop.size DEFAULT 'small', stock shop.amount, made date, CONSTRAINT goods_price CHECK (price > 0));
ALTER TABLE shop.goods ADD CONSTRAINT goods_pkey PRIMARY KEY (id);
ALTER TABLE shop.goods ADD CONSTRAINT goods_name UNIQUE (name);
INSERT INTO shop.goods (name, price, stock, made)
    SELECT 'good ' || n, n * 1.25, n, date '2024-01-01' + n FROM generate_series(1, 6) n;
CREATE TABLE shop.sold (good integer, at timestamp with time zone, how_many bigint DEFAULT 1);
ALTER TABLE shop.sold ADD CONSTRAINT sold_good FOREIGN KEY (good) REFERENCES shop.goods (id);
INSERT INTO shop.sold SELECT n, timestamptz '2024-02-01 10:00+00' + n * interval '1 hour', n FROM generate_series(1, 5) n;
CREATE TABLE shop.notes (number serial, note text, tags text[], data jsonb, raw bytea, ratio double precision, on_sale boolean);
INSERT INTO shop.notes (note, tags, data, raw, ratio, on_sale) VALUES
    ('it''s a note', '{a,"b c"}', '{"a": 1}', '\xdeadbeef', 0.1, true),
    (E'two\nlines and a tab\t', NULL, NULL, '\x00', 1e-300, false),
    (NULL, '{}', '[]', NULL, NULL, NULL),
    ('wörd; -- no comment', '{x}', '{}', '\x', 3.5, true);
CREATE TABLE shop.kinds (u uuid, i inet, v interval, p point, s shop.span, c shop.pair, b bit(3), x xml, ci shop.citext);
INSERT INTO shop.kinds VALUES
    ('123e4567-e89b-12d3-a456-426614174000', '10.0.0.1/8', '1 day 02:00', '(1,2)', '[1,5)', '(1,one)', '101', '<a/>', 'Word'),
    (NULL, '::1', '1 mon', '(0.5,-2)', 'empty', NULL, '000', NULL, 'other');
CREATE TABLE shop.empty (nothing text);
CREATE TABLE shop.measured (at date NOT NULL, value integer) PARTITION BY RANGE (at);
CREATE TABLE shop.measured_2023 PARTITION OF shop.measured FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE shop.measured_2024 PARTITION OF shop.measured FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO shop.measured SELECT date '2023-06-01' + n * 100, n FROM generate_series(0, 5) n;
CREATE TABLE shop.animals (name text, legs integer);
CREATE TABLE shop.dogs (breed text) INHERITS (shop.animals);
INSERT INTO shop.animals VALUES ('snake', 0), ('bird', 2);
INSERT INTO shop.dogs VALUES ('rex', 4, 'poodle');
CREATE TABLE public.plain (a integer, b text);
INSERT INTO public.plain VALUES (1, 'one'), (2, 'two'), (3, NULL);
CREATE TABLE public."Odd Name" ("Column" integer, "order" text DEFAULT 'x');
INSERT INTO public."Odd Name" VALUES (1, 'y');
CREATE UNLOGGED TABLE store.fast (a integer);
INSERT INTO store.fast VALUES (7);
CREATE TABLE store.sums (a integer, b integer GENERATED ALWAYS AS (a * 2) STORED);
INSERT INTO store.sums VALUES (1), (2);
CREATE INDEX sold_at ON shop.sold USING btree (at);
CREATE UNIQUE INDEX plain_a ON public.plain USING btree (a) WHERE a > 0;
CREATE INDEX notes_expression ON shop.notes USING btree (lower(note));
CREATE INDEX measured_at ON shop.measured USING btree (at);
CREATE VIEW shop.cheap AS SELECT id, name FROM shop.goods WHERE price < 10;
CREATE VIEW shop.cheaper AS SELECT id FROM shop.cheap WHERE id < 3;
CREATE MATERIALIZED VIEW shop.summary AS SELECT count(*) AS sold FROM shop.sold;
CREATE TRIGGER watch BEFORE INSERT ON shop.notes FOR EACH ROW EXECUTE FUNCTION shop.refuse();
CREATE RULE quiet AS ON DELETE TO shop.empty DO INSTEAD NOTHING;
ALTER TABLE shop.sold ENABLE ROW LEVEL SECURITY;
CREATE POLICY readers ON shop.sold FOR SELECT TO reader USING (good > 0);
CREATE STATISTICS shop.together (dependencies) ON good, how_many FROM shop.sold;
CREATE SEQUENCE shop.numbers INCREMENT BY 5;
SELECT setval('shop.numbers', 4711);
CREATE SEQUENCE store.unused;
CREATE FUNCTION shop.seen() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN END$$;
CREATE EVENT TRIGGER guard ON ddl_command_start EXECUTE FUNCTION shop.seen();
CREATE PUBLICATION news FOR TABLE shop.goods;
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER far FOREIGN DATA WRAPPER nothing;
COMMENT ON TABLE shop.goods IS 'all there is to buy';
COMMENT ON COLUMN shop.goods.price IS 'in euro';
COMMENT ON SCHEMA shop IS 'the shop';
GRANT USAGE ON SCHEMA shop TO reader;
GRANT SELECT ON shop.goods TO reader;
GRANT INSERT (good) ON shop.sold TO keeper;
ALTER TABLE shop.notes OWNER TO keeper;
ALTER FUNCTION shop.twice(integer) OWNER TO keeper;
ALTER DEFAULT PRIVILEGES IN SCHEMA store GRANT SELECT ON TABLES TO reader;
SELECT lo_from_bytea(5, decode('00ff5c27', 'hex'));
SELECT lo_from_bytea(6, decode(repeat('ab', 3000), 'hex'));
COMMENT ON LARGE OBJECT 5 IS 'a picture';

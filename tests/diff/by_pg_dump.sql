CREATE SCHEMA app;
CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA app;
CREATE TABLE app.sn_remesa (
    id integer NOT NULL,
    b character varying(20) DEFAULT 'x'::character varying, c timestamp without time zone, d numeric(10,0), e integer, f timestamp(6) without time zone, g text DEFAULT 'q'::text, h boolean, i double precision, j integer[], k character(1), l timestamp with time zone);
CREATE UNIQUE INDEX ix ON app.sn_remesa USING btree (id, b DESC, c);
ALTER TABLE ONLY app.sn_remesa ADD CONSTRAINT pk PRIMARY KEY (id);
CREATE FUNCTION app.f(a integer, b character varying) RETURNS bigint LANGUAGE sql AS $$select 1$$;
CREATE VIEW app.v AS SELECT sn_remesa.id FROM app.sn_remesa;
CREATE MATERIALIZED VIEW app.m AS SELECT 1 AS a;
CREATE SEQUENCE app.s;
CREATE TRIGGER tg BEFORE UPDATE ON app.sn_remesa FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE STATISTICS app.st ON id, b FROM app.sn_remesa;
CREATE DOMAIN app.dm AS character varying(5) DEFAULT 'x'::character varying;
COMMENT ON FUNCTION app.f(a integer, b character varying) IS 'y';
ALTER TABLE app.sn_remesa ENABLE ROW LEVEL SECURITY;
CREATE TEXT SEARCH CONFIGURATION app.c (PARSER = pg_catalog."default");
ALTER TEXT SEARCH CONFIGURATION app.c ADD MAPPING FOR numword WITH simple;

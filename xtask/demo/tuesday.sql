-- What changes between the demo's two dumps: the body of one of two overloads.
CREATE OR REPLACE FUNCTION shop.price_with_vat(price numeric, vat_percent numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT ceil(price * (100 + vat_percent)) / 100 $$;

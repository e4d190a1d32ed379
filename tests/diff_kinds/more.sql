-- Pairs.

-- == nothing
CREATE SCHEMA a;
-- after
CREATE SCHEMA b;
-- changes
-- - schema a
-- + schema b

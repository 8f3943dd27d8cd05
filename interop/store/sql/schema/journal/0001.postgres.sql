-- A duplicate key may be longer than a sorted index takes.
DROP INDEX entry_duplicate;
CREATE INDEX entry_duplicate ON entry USING hash (duplicate) WHERE duplicate <> '' AND state <> 'refused';

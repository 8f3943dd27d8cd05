-- When mapping tables were first used, in microseconds, 0 where nobody knows: for those that are kept already, by the versions that they made.
ALTER TABLE mapping_tables ADD COLUMN first INTEGER NOT NULL DEFAULT 0;

UPDATE mapping_tables SET first = used.since FROM (
    SELECT tables, min(since) AS since FROM (
        SELECT tables, min(updated) AS since FROM resource WHERE tables <> '' GROUP BY tables
        UNION ALL SELECT tables, min(updated) FROM version WHERE tables <> '' GROUP BY tables
    ) made GROUP BY tables
) used WHERE used.tables = mapping_tables.digest;

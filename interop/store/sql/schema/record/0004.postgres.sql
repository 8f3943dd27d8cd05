-- No question compares these: statistics of them would take longer than all others together.
ALTER TABLE resource ALTER COLUMN body SET STATISTICS 0;
ALTER TABLE resource ALTER COLUMN indexed SET STATISTICS 0;
ALTER TABLE version ALTER COLUMN body SET STATISTICS 0;
ALTER TABLE contribution ALTER COLUMN state SET STATISTICS 0;
ALTER TABLE index_words ALTER COLUMN words SET STATISTICS 0;
ALTER INDEX index_words_words ALTER COLUMN 1 SET STATISTICS 0;

-- Where the server was built with it, LZ4 takes a third of the time of its own compression.
DO $$
BEGIN
    ALTER TABLE resource ALTER COLUMN body SET COMPRESSION lz4;
    ALTER TABLE resource ALTER COLUMN indexed SET COMPRESSION lz4;
    ALTER TABLE version ALTER COLUMN body SET COMPRESSION lz4;
    ALTER TABLE contribution ALTER COLUMN state SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    NULL;
END
$$;

-- Rows that a vacuum has not seen are looked up one by one: a count or a page of an index would take several times as long.
ALTER TABLE resource SET (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE index_token SET (autovacuum_vacuum_insert_scale_factor = 0.05);
ALTER TABLE index_reference SET (autovacuum_vacuum_insert_scale_factor = 0.05);
ALTER TABLE index_string SET (autovacuum_vacuum_insert_scale_factor = 0.05);
ALTER TABLE index_date SET (autovacuum_vacuum_insert_scale_factor = 0.05);

-- What waits to be sorted in is gone through by every search: not more than 256 KB of it.
ALTER INDEX index_words_words SET (gin_pending_list_limit = 256);

-- Two texts of 512 characters may be longer than a sorted index takes.
ALTER TABLE index_string DROP CONSTRAINT index_string_written_pkey;
CREATE UNIQUE INDEX index_string_key ON index_string (rid, pid, md5(value), md5(written));

INSERT INTO index_value (value) SELECT DISTINCT value FROM index_string;

CREATE INDEX index_words_words ON index_words USING gin (to_tsvector('simple', words));

-- ``indexed`` holds the rows by the number of the parameter; a text (2) is followed by how it was written.
UPDATE resource SET indexed = coalesce(
    (
        SELECT json_object_agg(pid, lines)::text FROM (
            SELECT line ->> 1 AS pid, jsonb_agg(line - 1 - 0 || CASE line ->> 0 WHEN '2' THEN '[""]' ELSE '[]' END::jsonb) AS lines
            FROM jsonb_array_elements(resource.indexed::jsonb) line GROUP BY 1
        ) grouped
    ),
    '{}'
);

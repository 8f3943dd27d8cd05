-- Trigrams of index_value; follows it by a trigger.
CREATE VIRTUAL TABLE index_trigram USING fts5 (value, content = 'index_value', content_rowid = 'vid', columnsize = 0, tokenize = 'trigram');
CREATE TRIGGER index_value_added AFTER INSERT ON index_value BEGIN
    INSERT INTO index_trigram (rowid, value) VALUES (new.vid, new.value);
END;
INSERT INTO index_value (value) SELECT DISTINCT value FROM index_string;

-- Words of index_words by its line. What is taken in is emptied there; lines that are gone stay here and are found no more.
CREATE VIRTUAL TABLE index_fulltext USING fts5 (words, content = '', columnsize = 0, tokenize = 'unicode61');
CREATE INDEX index_words_due ON index_words (line) WHERE words <> '';

-- ``indexed`` holds the rows by the number of the parameter; those of strings (2) with the text as written.
UPDATE resource SET indexed = (
    SELECT json_group_object(pid, json(lines)) FROM (
        SELECT json_extract(value, '$[1]') AS pid, json_group_array(json(CASE json_extract(value, '$[0]')
            WHEN 2 THEN json_array(json_extract(value, '$[2]'), '') ELSE json_remove(value, '$[1]', '$[0]') END)) AS lines
        FROM json_each(resource.indexed) GROUP BY 1
    )
);

-- A line that is gone leaves its number behind where it was the last: a new line under it would be found by the words of the old one.
CREATE TRIGGER index_words_gone AFTER DELETE ON index_words
WHEN old.line > (SELECT coalesce(max(line), 0) FROM index_words) BEGIN
    INSERT INTO index_words (line, rid, pid, words) VALUES (old.line, 0, 0, '');
END;

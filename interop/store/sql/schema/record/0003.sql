-- What all R4 search parameters need: text as written, what things are called, composites, places, full text, sorting.

-- ``written`` is the text as it was written where that differs from ``value``; '' = it does not.
CREATE TABLE index_string_written (
    rid INTEGER NOT NULL,
    pid INTEGER NOT NULL,
    value TEXT NOT NULL,
    written TEXT NOT NULL,
    PRIMARY KEY (rid, pid, value, written)
) WITHOUT ROWID;
INSERT INTO index_string_written (rid, pid, value, written) SELECT rid, pid, value, '' FROM index_string;
DROP TABLE index_string;
ALTER TABLE index_string_written RENAME TO index_string;
CREATE INDEX index_string_value ON index_string (pid, value);

-- What a token or a reference is called.
CREATE TABLE index_text (
    pid INTEGER NOT NULL,
    value TEXT NOT NULL,
    rid INTEGER NOT NULL,
    PRIMARY KEY (pid, value, rid)
) WITHOUT ROWID;

-- The distinct texts of index_string and index_text, in which ``:contains`` looks.
CREATE TABLE index_value (
    vid INTEGER PRIMARY KEY,
    value TEXT NOT NULL UNIQUE
);

-- The components of composites: ``element`` numbers the element that they stand in. ``text`` is a code, a target or a text.
CREATE TABLE index_composite (
    pid INTEGER NOT NULL,
    component INTEGER NOT NULL,
    text TEXT NOT NULL,
    rid INTEGER NOT NULL,
    element INTEGER NOT NULL,
    kind TEXT NOT NULL,
    sid INTEGER NOT NULL,
    unit TEXT NOT NULL,
    low REAL NOT NULL,
    high REAL NOT NULL,
    PRIMARY KEY (pid, component, text, rid, element, kind, sid, unit, low, high)
) WITHOUT ROWID;

-- Places as points on the unit sphere.
CREATE TABLE index_position (
    pid INTEGER NOT NULL,
    z REAL NOT NULL,
    x REAL NOT NULL,
    y REAL NOT NULL,
    rid INTEGER NOT NULL,
    PRIMARY KEY (pid, z, x, y, rid)
) WITHOUT ROWID;

-- The words of a resource's narrative and content.
CREATE TABLE index_words (
    line INTEGER PRIMARY KEY,
    rid INTEGER NOT NULL,
    pid INTEGER NOT NULL,
    words TEXT NOT NULL
);
CREATE INDEX index_words_rid ON index_words (rid, pid);

-- From a resource to its rows: conditions beside the one that a search starts from, sorting; dates by their end.
CREATE INDEX index_token_rid ON index_token (rid, pid);
CREATE INDEX index_reference_rid ON index_reference (rid, pid);
CREATE INDEX index_date_high ON index_date (pid, high, low);

CREATE INDEX resource_type_updated ON resource (type, updated, deleted);
CREATE INDEX version_type_updated ON version (type, updated);

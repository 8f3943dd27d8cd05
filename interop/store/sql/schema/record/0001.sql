-- The record: resources as they are and were, what is searched, whose they are, and what became of each message.

-- The present version of each resource. Version 0: contributions are known, no version has been made of them.
-- ``subject`` is the Patient that it is about, ``named`` says which parameters name it (1 patient, 2 subject),
-- ``indexed`` are its index rows, so that an update writes only what differs.
CREATE TABLE resource (
    rid INTEGER PRIMARY KEY,
    type TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    owner TEXT NOT NULL,
    message INTEGER NOT NULL,
    tables TEXT NOT NULL,
    subject TEXT NOT NULL,
    named INTEGER NOT NULL,
    indexed TEXT NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (type, id)
);
CREATE INDEX resource_subject ON resource (subject, type, id) WHERE subject <> '';
CREATE INDEX resource_updated ON resource (updated, type);

-- Earlier versions.
CREATE TABLE version (
    line INTEGER PRIMARY KEY,
    rid INTEGER NOT NULL,
    type TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    owner TEXT NOT NULL,
    message INTEGER NOT NULL,
    tables TEXT NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (rid, version)
);
CREATE INDEX version_updated ON version (updated, type);

-- What each feed's events of one kind say of a resource.
CREATE TABLE contribution (
    line INTEGER PRIMARY KEY,
    rid INTEGER NOT NULL,
    feed TEXT NOT NULL,
    event TEXT NOT NULL,
    state BLOB NOT NULL,
    UNIQUE (rid, feed, event)
);

-- Names that index rows hold as numbers.
CREATE TABLE parameter (
    pid INTEGER PRIMARY KEY,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    UNIQUE (type, name, kind)
);
CREATE TABLE system (
    sid INTEGER PRIMARY KEY,
    url TEXT NOT NULL UNIQUE
);

CREATE TABLE index_token (
    pid INTEGER NOT NULL,
    code TEXT NOT NULL,
    rid INTEGER NOT NULL,
    sid INTEGER NOT NULL,
    PRIMARY KEY (pid, code, rid, sid)
) WITHOUT ROWID;

CREATE TABLE index_reference (
    pid INTEGER NOT NULL,
    target TEXT NOT NULL,
    rid INTEGER NOT NULL,
    PRIMARY KEY (pid, target, rid)
) WITHOUT ROWID;

-- Strings and URIs.
CREATE TABLE index_string (
    rid INTEGER NOT NULL,
    pid INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (rid, pid, value)
) WITHOUT ROWID;
CREATE INDEX index_string_value ON index_string (pid, value);

CREATE TABLE index_date (
    rid INTEGER NOT NULL,
    pid INTEGER NOT NULL,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL,
    PRIMARY KEY (rid, pid, low, high)
) WITHOUT ROWID;
CREATE INDEX index_date_low ON index_date (pid, low, high);

-- Numbers (unit '') and quantities.
CREATE TABLE index_quantity (
    rid INTEGER NOT NULL,
    pid INTEGER NOT NULL,
    low REAL NOT NULL,
    high REAL NOT NULL,
    unit TEXT NOT NULL,
    PRIMARY KEY (rid, pid, low, high, unit)
) WITHOUT ROWID;
CREATE INDEX index_quantity_low ON index_quantity (pid, low, high);

-- Which Patients are one person, and how that came about.
CREATE TABLE link (
    patient TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    identity TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX link_person ON link (person);
CREATE TABLE link_event (
    line INTEGER PRIMARY KEY,
    patient TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    why TEXT NOT NULL,
    message INTEGER NOT NULL,
    time INTEGER NOT NULL
);
CREATE INDEX link_event_patient ON link_event (patient);

-- What became of each message; here and not in the journal, so that facts and state are one commit.
CREATE TABLE outcome (
    message INTEGER PRIMARY KEY,
    state TEXT NOT NULL,
    time INTEGER NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    place TEXT NOT NULL,
    carried INTEGER NOT NULL,
    lost INTEGER NOT NULL
);

CREATE TABLE loss (
    feed TEXT NOT NULL,
    type TEXT NOT NULL,
    path TEXT NOT NULL,
    reason TEXT NOT NULL,
    mapping TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (feed, type, path, reason, mapping)
) WITHOUT ROWID;

-- Mapping tables by digest, as they were when a version was made.
CREATE TABLE mapping_tables (
    digest TEXT PRIMARY KEY,
    content BLOB NOT NULL
);

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE migration (
    number INTEGER PRIMARY KEY,
    applied INTEGER NOT NULL
);

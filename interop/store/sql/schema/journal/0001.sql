-- The journal: every message as it came. Numbers ascend, nothing is ever taken out.

CREATE TABLE entry (
    message INTEGER PRIMARY KEY,
    feed TEXT NOT NULL,
    adapter TEXT NOT NULL,
    received INTEGER NOT NULL,
    control_id TEXT NOT NULL,
    type TEXT NOT NULL,
    duplicate TEXT NOT NULL,
    digest BLOB NOT NULL,
    state TEXT NOT NULL,
    ack TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    place TEXT NOT NULL,
    size INTEGER NOT NULL,
    repeats INTEGER NOT NULL
);

-- What was refused was never taken: sending it again is a first time.
CREATE INDEX entry_duplicate ON entry (feed, duplicate, received) WHERE duplicate <> '' AND state <> 'refused';

-- Bytes apart from facts, so that counting and listing never read them.
CREATE TABLE body (
    message INTEGER PRIMARY KEY,
    body BLOB NOT NULL
);

-- The patient identifiers that hold messages in order.
CREATE TABLE journal_key (
    message INTEGER NOT NULL,
    place INTEGER NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (message, place)
) WITHOUT ROWID;

-- A message that came again: the number of the first, and when.
CREATE TABLE repetition (
    repetition INTEGER PRIMARY KEY,
    message INTEGER NOT NULL,
    received INTEGER NOT NULL
);
CREATE INDEX repetition_message ON repetition (message);

CREATE TABLE migration (
    number INTEGER PRIMARY KEY,
    applied INTEGER NOT NULL
);

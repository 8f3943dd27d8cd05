-- Which messages which process works on, where several share a record: spans of the journal, applied in the order of their places.
-- ``worker`` is the number of the seat that its process has; ``token`` is another each time that a claim is taken over.
CREATE TABLE claim (
    place INTEGER NOT NULL PRIMARY KEY,
    token INTEGER NOT NULL,
    worker INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL
);

-- Up to which message all have been claimed, and the number given last to a place or token.
CREATE TABLE claimed (
    upto INTEGER NOT NULL,
    number INTEGER NOT NULL
);
INSERT INTO claimed (upto, number) VALUES (0, 0);

-- Messages whose outcome has been taken back: they are claimed once more.
CREATE TABLE again (
    message INTEGER NOT NULL PRIMARY KEY
);

-- How many commits there have been, where several processes write: each begins by taking the next number, and so waits for the one before.
CREATE TABLE turn (
    number INTEGER NOT NULL
);
INSERT INTO turn (number) VALUES (0);

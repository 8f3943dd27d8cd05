-- Names that may be used once: assertions and codes of sign-on, tokens that were withdrawn.
CREATE TABLE used (
    name TEXT NOT NULL PRIMARY KEY,
    until INTEGER NOT NULL
);
CREATE INDEX used_until ON used (until);

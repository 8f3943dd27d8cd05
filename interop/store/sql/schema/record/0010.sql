-- What sign-on keeps for a while under the digest of a secret: codes, refresh tokens, launches, sessions of browsers.
CREATE TABLE kept (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    until INTEGER NOT NULL
);
CREATE INDEX kept_until ON kept (until);

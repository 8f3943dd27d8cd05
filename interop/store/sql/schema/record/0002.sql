-- What a feed has said of a patient in one scope is found by the scope, which stands in ``event``.
CREATE INDEX contribution_scope ON contribution (event, feed) WHERE event >= '~';

-- The latest complete snapshot of each scope: what its feed said before it no longer counts.
CREATE TABLE snapshot (
    feed TEXT NOT NULL,
    scope TEXT NOT NULL,
    time INTEGER NOT NULL,
    version INTEGER NOT NULL,
    tie TEXT NOT NULL,
    message INTEGER NOT NULL,
    PRIMARY KEY (feed, scope)
) WITHOUT ROWID;

ALTER TABLE outcome ADD COLUMN retracted INTEGER NOT NULL DEFAULT 0;

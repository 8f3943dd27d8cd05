-- What the processes that share the record are to hear of a commit, by its turn ('interop.apply.following'). What binds, whoever commits must
-- have heard. One process alone writes none.
CREATE TABLE news (
    turn INTEGER NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    binds INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (turn, kind, id)
) WITHOUT ROWID;

-- What is to be told to destinations, in the order in which it was committed; no content: that is read when it goes out.
CREATE TABLE delivery (
    sequence INTEGER NOT NULL PRIMARY KEY,
    destination TEXT NOT NULL,
    id TEXT NOT NULL,
    route TEXT NOT NULL,
    event TEXT NOT NULL,
    message INTEGER NOT NULL,
    type TEXT NOT NULL,
    resource TEXT NOT NULL,
    version INTEGER NOT NULL,
    format TEXT NOT NULL,
    concerns TEXT NOT NULL,
    made INTEGER NOT NULL,
    state TEXT NOT NULL,
    tries INTEGER NOT NULL,
    due INTEGER NOT NULL,
    reason TEXT NOT NULL,
    changed INTEGER NOT NULL
);
CREATE UNIQUE INDEX delivery_id ON delivery (destination, id);
CREATE INDEX delivery_state ON delivery (destination, state, sequence);

-- From when it counts how long a delivery is tried, in microseconds: when an operator let it go out again; 0 = from when it was made.
ALTER TABLE delivery ADD COLUMN since INTEGER NOT NULL DEFAULT 0;

-- From when it counts how long a delivery is tried, in microseconds: when an operator let it go out again; 0 = from when it was made.
ALTER TABLE delivery ADD COLUMN since INTEGER NOT NULL DEFAULT 0;

-- A record that was there before has its generation, the first; one that is begun now is given another ('interop.apply.generation').
INSERT INTO meta (name, value) SELECT 'generation', '' WHERE EXISTS (SELECT 1 FROM outcome);

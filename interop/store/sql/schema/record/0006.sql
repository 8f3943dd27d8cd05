-- What is said of two Patients as a pair, ``a`` before ``b``: by sources (``tie``: merge, link), by people (``decision``: same,
-- apart), by comparison (``weight`` in bits, ``score`` from 0 to 1, ``why`` it is for people to decide). '' and 0 = nothing.
CREATE TABLE pair (
    a TEXT NOT NULL,
    b TEXT NOT NULL,
    tie TEXT NOT NULL,
    decision TEXT NOT NULL,
    why TEXT NOT NULL,
    weight REAL NOT NULL,
    score REAL NOT NULL,
    compared TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (a, b)
) WITHOUT ROWID;
CREATE INDEX pair_b ON pair (b);
CREATE INDEX pair_why ON pair (why, weight);
INSERT INTO pair (a, b, tie, decision, why, weight, score, compared, since)
SELECT DISTINCT CASE WHEN r.id < o.id THEN r.id ELSE o.id END, CASE WHEN r.id < o.id THEN o.id ELSE r.id END, 'link', '', '', 0, 0, '', 0
FROM parameter p, index_reference x, resource r, resource o
WHERE p.type = 'Patient' AND p.name = 'link' AND p.kind = 'reference' AND x.pid = p.pid AND r.rid = x.rid AND r.type = 'Patient'
AND o.type = 'Patient' AND x.target = 'Patient/' || o.id AND o.id <> r.id;

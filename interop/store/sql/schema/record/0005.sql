-- Who may see what: what resources say of that, and whose they were at every version.

-- What a resource about a person says of who may see the person's record (kind ``access``), from ``low`` until before ``high``.
CREATE TABLE index_access (
    subject TEXT NOT NULL,
    pid INTEGER NOT NULL,
    code TEXT NOT NULL,
    rid INTEGER NOT NULL,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL,
    PRIMARY KEY (subject, pid, code, rid, low, high)
) WITHOUT ROWID;
CREATE INDEX index_access_code ON index_access (pid, code, subject, low, high);

-- The organisations that contributed to a resource, with commas between, as a number; 0 = none.
CREATE TABLE contributors (
    number INTEGER PRIMARY KEY,
    names TEXT NOT NULL
);

-- ``known``: of what is deleted and of earlier versions it is known who could see them. ``named`` 4: of the Patients that the
-- resource refers to none is another than its subject; 8: it names something else; 16: it has no label.
ALTER TABLE resource ADD COLUMN source INTEGER NOT NULL DEFAULT 0;
ALTER TABLE resource ADD COLUMN known INTEGER NOT NULL DEFAULT 0;
ALTER TABLE version ADD COLUMN source INTEGER NOT NULL DEFAULT 0;
ALTER TABLE version ADD COLUMN known INTEGER NOT NULL DEFAULT 0;
ALTER TABLE version ADD COLUMN subject TEXT NOT NULL DEFAULT '';
ALTER TABLE version ADD COLUMN named INTEGER NOT NULL DEFAULT 0;

-- Of deletions and earlier versions the labels, and the Patients beside the subject (pid 0).
CREATE TABLE index_version (
    rid INTEGER NOT NULL,
    version INTEGER NOT NULL,
    pid INTEGER NOT NULL,
    code TEXT NOT NULL,
    sid INTEGER NOT NULL,
    PRIMARY KEY (rid, version, pid, code, sid)
) WITHOUT ROWID;

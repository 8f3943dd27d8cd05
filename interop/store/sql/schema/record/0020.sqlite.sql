-- Of a merge (``tie``) it is told who was retired: ``merge:a`` the first of the pair, ``merge:b`` the second. An earlier version kept of
-- each Patient into whom it was merged last, and its versions say into whom before. Of two of whom neither names the other, the
-- only one that was merged at all is the one that was retired. Where that does not tell, the two stay as they are.
-- A link of two of whom a merge is told as well is a merge.
UPDATE pair SET tie = 'merge' WHERE tie = 'link' AND (
    EXISTS (SELECT 1 FROM resource r JOIN contribution x ON x.rid = r.rid WHERE r.type = 'Patient' AND r.id = a
        AND instr(x.state, CAST('{"other":{"reference":"Patient/' || b || '"},"type":"replaced-by"}' AS BLOB)) > 0)
    OR EXISTS (SELECT 1 FROM resource r JOIN contribution x ON x.rid = r.rid WHERE r.type = 'Patient' AND r.id = b
        AND instr(x.state, CAST('{"other":{"reference":"Patient/' || a || '"},"type":"replaced-by"}' AS BLOB)) > 0)
);
UPDATE pair SET tie = 'merge:'
    || CASE WHEN EXISTS (SELECT 1 FROM resource r JOIN contribution x ON x.rid = r.rid WHERE r.type = 'Patient' AND r.id = a
        AND instr(x.state, CAST('{"other":{"reference":"Patient/' || b || '"},"type":"replaced-by"}' AS BLOB)) > 0)
        THEN 'a' ELSE '' END
    || CASE WHEN EXISTS (SELECT 1 FROM resource r JOIN contribution x ON x.rid = r.rid WHERE r.type = 'Patient' AND r.id = b
        AND instr(x.state, CAST('{"other":{"reference":"Patient/' || a || '"},"type":"replaced-by"}' AS BLOB)) > 0)
        THEN 'b' ELSE '' END
WHERE tie = 'merge';
UPDATE pair SET tie = 'merge:'
    || CASE WHEN EXISTS (SELECT 1 FROM resource r JOIN version x ON x.rid = r.rid WHERE r.type = 'Patient' AND r.id = a
        AND instr(x.body, CAST('{"other":{"reference":"Patient/' || b || '"},"type":"replaced-by"}' AS BLOB)) > 0)
        THEN 'a' ELSE '' END
    || CASE WHEN EXISTS (SELECT 1 FROM resource r JOIN version x ON x.rid = r.rid WHERE r.type = 'Patient' AND r.id = b
        AND instr(x.body, CAST('{"other":{"reference":"Patient/' || a || '"},"type":"replaced-by"}' AS BLOB)) > 0)
        THEN 'b' ELSE '' END
WHERE tie = 'merge:';
UPDATE pair SET tie = 'merge:'
    || CASE WHEN EXISTS (SELECT 1 FROM resource r JOIN contribution x ON x.rid = r.rid WHERE r.type = 'Patient' AND r.id = a
        AND instr(x.state, CAST('"link:merge":' AS BLOB)) > 0)
        AND NOT EXISTS (SELECT 1 FROM resource r JOIN contribution x ON x.rid = r.rid WHERE r.type = 'Patient' AND r.id = b
        AND instr(x.state, CAST('"link:merge":' AS BLOB)) > 0)
        THEN 'a' ELSE '' END
    || CASE WHEN EXISTS (SELECT 1 FROM resource r JOIN contribution x ON x.rid = r.rid WHERE r.type = 'Patient' AND r.id = b
        AND instr(x.state, CAST('"link:merge":' AS BLOB)) > 0)
        AND NOT EXISTS (SELECT 1 FROM resource r JOIN contribution x ON x.rid = r.rid WHERE r.type = 'Patient' AND r.id = a
        AND instr(x.state, CAST('"link:merge":' AS BLOB)) > 0)
        THEN 'b' ELSE '' END
WHERE tie = 'merge:';
UPDATE pair SET tie = 'merge' WHERE tie = 'merge:';

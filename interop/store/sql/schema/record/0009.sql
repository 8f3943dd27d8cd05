-- What feeds contributed before it was kept whose it is comes under the names of the feeds: nobody has agreed to share that yet.
INSERT INTO contributors (number, names)
SELECT (SELECT coalesce(max(number), 0) FROM contributors) + row_number() OVER (ORDER BY names), names
FROM (
    SELECT DISTINCT 'feed:' || replace(owner, ',', ',feed:') AS names
    FROM resource WHERE source = 0 AND version > 0 AND owner NOT IN ('', 'api', 'engine')
) unknown
WHERE names NOT IN (SELECT names FROM contributors);

UPDATE resource SET source = (SELECT number FROM contributors c WHERE c.names = 'feed:' || replace(resource.owner, ',', ',feed:'))
WHERE source = 0 AND version > 0 AND owner NOT IN ('', 'api', 'engine');

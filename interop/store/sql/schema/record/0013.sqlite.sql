-- Whose the resources of a type are, in the order of their people: a count asks what may be seen of each without reading the rows.
CREATE INDEX resource_whose ON resource (type, subject, source, named, deleted);

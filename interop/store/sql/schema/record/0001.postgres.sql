-- The address of a code system may be longer than a sorted index takes.
ALTER TABLE system DROP CONSTRAINT system_url_key;
ALTER TABLE system ADD CONSTRAINT system_url_key EXCLUDE USING hash (url WITH =);

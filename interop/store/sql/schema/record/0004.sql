-- What a history says of a version: method and status (``POST 201``); '' = as its number and ``deleted`` have it.
ALTER TABLE resource ADD COLUMN told TEXT NOT NULL DEFAULT '';
ALTER TABLE version ADD COLUMN told TEXT NOT NULL DEFAULT '';

-- What the other side says of a delivery later: the name by which it does, what has come of it, its own word, until when it may come.
ALTER TABLE delivery ADD COLUMN tracking TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN ack TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN code TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN deadline INTEGER NOT NULL DEFAULT 0;
CREATE INDEX delivery_tracking ON delivery (tracking, sequence) WHERE tracking <> '';
CREATE INDEX delivery_ack ON delivery (destination, ack, sequence) WHERE ack <> '';

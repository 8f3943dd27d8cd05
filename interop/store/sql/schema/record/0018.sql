-- Which event of its Subscription a delivery is, from 1 without a gap; 0 = none, or not yet: numbers are given as events go out.
ALTER TABLE delivery ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX delivery_number ON delivery (destination, number) WHERE number > 0;

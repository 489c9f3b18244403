-- When access ends for good unless a person gives the consent again.
ALTER TABLE connections ADD COLUMN reauthorize_by timestamptz;
-- Since when a refresh is open whose answer was not written down: the network may have given a new token
-- that is lost.
ALTER TABLE connections ADD COLUMN refreshing_since timestamptz;

-- Erasing takes who was asked, what it was about and what they wrote out of a survey. Its score stays, so that reports
-- count as before.

-- When a survey was erased, on request or by age. Here and not in survey, because every click reads this row.
ALTER TABLE rating ADD COLUMN erased_at INTEGER;
-- Finds surveys that are old enough to be erased: ids sort by age. Only what is left to erase is in it.
CREATE INDEX rating_erasable ON rating (survey_id) WHERE erased_at IS NULL;

-- The keyed hash of the address that the closing was judged by: only by this can the closing of somebody who was never
-- asked be found when they want to be forgotten. Null without an address, and in rows of earlier versions, which the
-- surveys of their conversation find.
ALTER TABLE closing ADD COLUMN address_hash TEXT;
CREATE INDEX closing_address ON closing (address_hash) WHERE address_hash IS NOT NULL;
-- Find closings to be erased, and decisions and reopenings to be deleted, by age.
CREATE INDEX closing_erasable ON closing (reported_at) WHERE subject IS NOT NULL OR url IS NOT NULL;
CREATE INDEX closing_skipped ON closing (reported_at) WHERE survey_id IS NULL;
CREATE INDEX reopening_age ON reopening (reopened_at);

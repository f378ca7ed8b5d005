-- Sending is paused by hand while this table has its one row. A backup is marked by the same row, so that a service on a
-- restored copy sends nothing twice:
--     INSERT INTO sending_pause (since, why) VALUES (unixepoch() * 1000, 'restored from a backup')
--         ON CONFLICT (only_row) DO UPDATE SET since = excluded.since, why = excluded.why;
-- `afterword mail resume` deletes it. Every claim of a mail reads it.
CREATE TABLE sending_pause (
    only_row INTEGER NOT NULL UNIQUE DEFAULT 1 CHECK (only_row = 1), -- no primary key: as a row's number it has no default
    since    INTEGER NOT NULL,
    why      TEXT NOT NULL              -- for people, one line
) STRICT;

-- Covers the mails that count as waiting or failed. It holds only mails that never went out, so it stays small.
CREATE INDEX outbox_unsent ON outbox (first_due, state) WHERE state IN ('waiting', 'sending', 'failed');

DROP VIEW report_days;
DROP VIEW report_teams;
DROP VIEW report_teammates;
DROP VIEW report_facts;

-- One row per fact: a survey that was asked, a rating that counts, or a mail that has not gone out. Every figure of every
-- report is a sum over this view.
CREATE VIEW report_facts AS
SELECT asked_at AS at, teammate_id, team, 1 AS asked, standing IN ('rated', 'locked') AS answered,
       standing = 'held' AS held,
       CASE standing WHEN 'unrated'
           THEN EXISTS (SELECT 1 FROM clicks WHERE clicks.survey_id = rating.survey_id AND opened) ELSE 0
       END AS unconfirmed,
       0 AS positive, 0 AS terrible, 0 AS bad, 0 AS okay, 0 AS great, 0 AS amazing, 0 AS waiting, 0 AS failed
FROM rating WHERE asked_at IS NOT NULL AND standing <> 'voided'
UNION ALL
SELECT rated_at, teammate_id, team, 0, 0, 0, 0, rating.score IN (SELECT score FROM score WHERE positive),
       rating.score = 1, rating.score = 2, rating.score = 3, rating.score = 4, rating.score = 5, 0, 0
FROM rating WHERE standing IN ('rated', 'locked')
UNION ALL
-- By the time that the mail was first to go out: it never did.
SELECT first_due, teammate_id, team, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, state <> 'failed', state = 'failed'
FROM outbox CROSS JOIN rating ON rating.survey_id = outbox.id
WHERE state IN ('waiting', 'sending', 'failed') AND standing <> 'voided';

-- All-time figures by teammate, by team and by local day.
CREATE VIEW report_teammates AS
SELECT teammate_id, (SELECT name FROM teammate WHERE id = teammate_id) AS teammate, sum(asked) AS asked,
       sum(answered) AS answered, sum(terrible + bad + okay + great + amazing) AS ratings, sum(positive) AS positive,
       round(1.0 * sum(positive) / sum(terrible + bad + okay + great + amazing), 4) AS csat, sum(terrible) AS terrible,
       sum(bad) AS bad, sum(okay) AS okay, sum(great) AS great, sum(amazing) AS amazing, sum(held) AS held,
       sum(unconfirmed) AS unconfirmed, sum(waiting) AS waiting, sum(failed) AS failed
FROM report_facts GROUP BY teammate_id;

CREATE VIEW report_teams AS
SELECT team, sum(asked) AS asked,
       sum(answered) AS answered, sum(terrible + bad + okay + great + amazing) AS ratings, sum(positive) AS positive,
       round(1.0 * sum(positive) / sum(terrible + bad + okay + great + amazing), 4) AS csat, sum(terrible) AS terrible,
       sum(bad) AS bad, sum(okay) AS okay, sum(great) AS great, sum(amazing) AS amazing, sum(held) AS held,
       sum(unconfirmed) AS unconfirmed, sum(waiting) AS waiting, sum(failed) AS failed
FROM report_facts GROUP BY team;

-- A subquery looks up the day of each fact. A join on its start and end would try every day for every fact.
CREATE VIEW report_days AS
SELECT (SELECT name FROM day WHERE starts <= at ORDER BY starts DESC LIMIT 1) AS day, sum(asked) AS asked,
       sum(answered) AS answered, sum(terrible + bad + okay + great + amazing) AS ratings, sum(positive) AS positive,
       round(1.0 * sum(positive) / sum(terrible + bad + okay + great + amazing), 4) AS csat, sum(terrible) AS terrible,
       sum(bad) AS bad, sum(okay) AS okay, sum(great) AS great, sum(amazing) AS amazing, sum(held) AS held,
       sum(unconfirmed) AS unconfirmed, sum(waiting) AS waiting, sum(failed) AS failed
FROM report_facts GROUP BY 1;

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

-- What an operator looks at when "no mails come": the service's own figures, its refusals, and the mails.

-- The service as it last wrote about itself. It does so every few seconds, so the row is also the proof that the database
-- takes writes, and `afterword status` reads it when the service is down. One row: one service owns a database.
CREATE TABLE service (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    version       TEXT NOT NULL,
    pid           INTEGER NOT NULL,
    started_at    INTEGER NOT NULL,
    seen_at       INTEGER NOT NULL,    -- the last sign of life
    stopped_at    INTEGER,             -- null while it runs, and after a crash
    workers       INTEGER NOT NULL,    -- mail workers that should run
    workers_alive INTEGER NOT NULL,    -- mail workers that do
    worker_panics INTEGER NOT NULL,    -- how often one failed since the start
    degraded      TEXT NOT NULL,       -- a JSON array: what does not work of it, in a sentence each
    last_error    TEXT,                -- why the last attempt to send failed; it outlives a restart
    last_error_at INTEGER
) STRICT;

-- Requests that were answered by an error, by hour and code: a day of hours is kept.
CREATE TABLE refusal (
    hour  INTEGER NOT NULL,            -- its start
    code  TEXT NOT NULL,               -- the code of the error, as the API returns it
    count INTEGER NOT NULL,
    PRIMARY KEY (hour, code)
) STRICT, WITHOUT ROWID;

ALTER TABLE api_key ADD COLUMN expires_at INTEGER; -- null: never
-- The last use, or one of the same day before it: a day that is known already is not written again.
ALTER TABLE api_key ADD COLUMN used_at INTEGER;

-- Finds the mails that failed lately. A failed mail's due_at is the time that it failed; before this version it was up
-- to half an hour later.
CREATE INDEX outbox_failed ON outbox (due_at) WHERE state = 'failed';

-- Every mail, one row each. `reason` is the server's last answer, or why the mail was cancelled. `due` is the next attempt
-- of a mail that waits, and for a failed one the time that it failed.
CREATE VIEW report_mails AS
SELECT lower(substr(hex(outbox.id), 1, 8) || '-' || substr(hex(outbox.id), 9, 4) || '-' || substr(hex(outbox.id), 13, 4) || '-'
           || substr(hex(outbox.id), 17, 4) || '-' || substr(hex(outbox.id), 21)) AS survey_id,
       survey.connection, survey.conversation_id, outbox.state,
       strftime('%Y-%m-%dT%H:%M:%SZ', outbox.first_due / 1000, 'unixepoch') AS first_due,
       CASE WHEN state IN ('waiting', 'sending', 'failed')
           THEN strftime('%Y-%m-%dT%H:%M:%SZ', outbox.due_at / 1000, 'unixepoch') END AS due,
       strftime('%Y-%m-%dT%H:%M:%SZ', outbox.accepted_at / 1000, 'unixepoch') AS accepted,
       outbox.tries, coalesce(outbox.stop, outbox.note) AS reason, survey.teammate_id, survey.team,
       outbox.first_due AS first_due_at, outbox.due_at, outbox.accepted_at
FROM outbox JOIN survey ON survey.id = outbox.id;

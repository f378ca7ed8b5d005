-- Sending is paused by hand while this table has its one row. A backup is marked by the same row, so that a service on a
-- restored copy sends nothing twice:
--     INSERT INTO sending_pause (since, why) VALUES (unixepoch() * 1000, 'restored from a backup') ON CONFLICT DO NOTHING;
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

-- Which clicks become ratings. In a trail, a view is now [at, score, visitor], where visitor has the bits 1 for a machine,
-- 2 for a phone and 4 for a webmail, and a try is [at, page, score, how, once more, fate]. Shorter lists are of earlier
-- versions.

-- Whether the view behind the page that made the rating looked like a click in a mail: a scanner keeps its pose, so a
-- rating falls to later views of the same pose. Pages of earlier versions did not know.
ALTER TABLE rating ADD COLUMN page_click INTEGER NOT NULL DEFAULT 0 CHECK (page_click IN (0, 1));

-- Who opened the surveys that nobody rated. Operators tune `clicks.evidence` by it.

-- What the visitor looked like who opened a link first: phone_young, phone_later, other_young or other_later, where young
-- means within five minutes of the mail's acceptance; null if only machines did. On this row and not in clicks, because
-- reports count it. No CHECK, because more kinds may come.
ALTER TABLE rating ADD COLUMN opened TEXT;

DROP VIEW report_days;
DROP VIEW report_teams;
DROP VIEW report_teammates;
DROP VIEW report_facts;

-- Earlier versions knew only that somebody came. That somebody may have been a scanner, so a click from now on replaces
-- 'unknown'.
UPDATE rating SET opened = 'unknown' WHERE survey_id IN (SELECT survey_id FROM clicks WHERE opened);
ALTER TABLE clicks DROP COLUMN opened;

-- Covers the first part of report_facts, as before.
DROP INDEX rating_asked;
CREATE INDEX rating_asked ON rating (asked_at, teammate_id, team, standing, opened)
WHERE asked_at IS NOT NULL AND standing <> 'voided';

-- One row per fact: a survey that was asked, a rating that counts, or a mail that has not gone out. Every figure of every
-- report is a sum over this view. The four kinds of unconfirmed surveys add up to all of them, but for those that were
-- opened before this version.
CREATE VIEW report_facts AS
SELECT asked_at AS at, teammate_id, team, 1 AS asked, standing IN ('rated', 'locked') AS answered,
       standing = 'held' AS held, standing = 'unrated' AND opened IS NOT NULL AS unconfirmed,
       standing = 'unrated' AND opened IS 'phone_young' AS unconfirmed_phone_young,
       standing = 'unrated' AND opened IS 'phone_later' AS unconfirmed_phone_later,
       standing = 'unrated' AND opened IS 'other_young' AS unconfirmed_other_young,
       standing = 'unrated' AND opened IS 'other_later' AS unconfirmed_other_later,
       0 AS positive, 0 AS terrible, 0 AS bad, 0 AS okay, 0 AS great, 0 AS amazing, 0 AS waiting, 0 AS failed
FROM rating WHERE asked_at IS NOT NULL AND standing <> 'voided'
UNION ALL
SELECT rated_at, teammate_id, team, 0, 0, 0, 0, 0, 0, 0, 0, rating.score IN (SELECT score FROM score WHERE positive),
       rating.score = 1, rating.score = 2, rating.score = 3, rating.score = 4, rating.score = 5, 0, 0
FROM rating WHERE standing IN ('rated', 'locked')
UNION ALL
-- By the time that the mail was first to go out: it never did.
SELECT first_due, teammate_id, team, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, state <> 'failed', state = 'failed'
FROM outbox CROSS JOIN rating ON rating.survey_id = outbox.id
WHERE state IN ('waiting', 'sending', 'failed') AND standing <> 'voided';

-- All-time figures by teammate, by team and by local day.
CREATE VIEW report_teammates AS
SELECT teammate_id, (SELECT name FROM teammate WHERE id = teammate_id) AS teammate, sum(asked) AS asked,
       sum(answered) AS answered, sum(terrible + bad + okay + great + amazing) AS ratings, sum(positive) AS positive,
       round(1.0 * sum(positive) / sum(terrible + bad + okay + great + amazing), 4) AS csat, sum(terrible) AS terrible,
       sum(bad) AS bad, sum(okay) AS okay, sum(great) AS great, sum(amazing) AS amazing, sum(held) AS held,
       sum(unconfirmed) AS unconfirmed, sum(waiting) AS waiting, sum(failed) AS failed,
       sum(unconfirmed_phone_young) AS unconfirmed_phone_young, sum(unconfirmed_phone_later) AS unconfirmed_phone_later,
       sum(unconfirmed_other_young) AS unconfirmed_other_young, sum(unconfirmed_other_later) AS unconfirmed_other_later
FROM report_facts GROUP BY teammate_id;

CREATE VIEW report_teams AS
SELECT team, sum(asked) AS asked,
       sum(answered) AS answered, sum(terrible + bad + okay + great + amazing) AS ratings, sum(positive) AS positive,
       round(1.0 * sum(positive) / sum(terrible + bad + okay + great + amazing), 4) AS csat, sum(terrible) AS terrible,
       sum(bad) AS bad, sum(okay) AS okay, sum(great) AS great, sum(amazing) AS amazing, sum(held) AS held,
       sum(unconfirmed) AS unconfirmed, sum(waiting) AS waiting, sum(failed) AS failed,
       sum(unconfirmed_phone_young) AS unconfirmed_phone_young, sum(unconfirmed_phone_later) AS unconfirmed_phone_later,
       sum(unconfirmed_other_young) AS unconfirmed_other_young, sum(unconfirmed_other_later) AS unconfirmed_other_later
FROM report_facts GROUP BY team;

-- A subquery looks up the day of each fact. A join on its start and end would try every day for every fact.
CREATE VIEW report_days AS
SELECT (SELECT name FROM day WHERE starts <= at ORDER BY starts DESC LIMIT 1) AS day, sum(asked) AS asked,
       sum(answered) AS answered, sum(terrible + bad + okay + great + amazing) AS ratings, sum(positive) AS positive,
       round(1.0 * sum(positive) / sum(terrible + bad + okay + great + amazing), 4) AS csat, sum(terrible) AS terrible,
       sum(bad) AS bad, sum(okay) AS okay, sum(great) AS great, sum(amazing) AS amazing, sum(held) AS held,
       sum(unconfirmed) AS unconfirmed, sum(waiting) AS waiting, sum(failed) AS failed,
       sum(unconfirmed_phone_young) AS unconfirmed_phone_young, sum(unconfirmed_phone_later) AS unconfirmed_phone_later,
       sum(unconfirmed_other_young) AS unconfirmed_other_young, sum(unconfirmed_other_later) AS unconfirmed_other_later
FROM report_facts GROUP BY 1;

-- What customers tick after the click.

-- One row per tick beside a rating: a reason for the score, or the answer to the operator's own question. A table of its
-- own, because most ratings have none and some have several. Rows hold keys of the configuration and nothing that a
-- customer wrote, so erasing keeps them, as it keeps the score.
CREATE TABLE answer (
    survey_id BLOB NOT NULL,
    question  TEXT NOT NULL,           -- 'reasons', or the key of [question]
    choice    TEXT NOT NULL,           -- the key that was ticked; its texts are in the configuration
    PRIMARY KEY (survey_id, question, choice)
) STRICT, WITHOUT ROWID;

-- A comment locks what was ticked with it. The comment's own ticks are written before its rating is locked.
CREATE TRIGGER answer_locked_insert BEFORE INSERT ON answer
WHEN (SELECT coalesce(voided_from, standing) FROM rating WHERE survey_id = NEW.survey_id) = 'locked'
BEGIN
    SELECT RAISE(ABORT, 'a commented rating is locked');
END;
CREATE TRIGGER answer_locked_delete BEFORE DELETE ON answer
WHEN (SELECT coalesce(voided_from, standing) FROM rating WHERE survey_id = OLD.survey_id) = 'locked'
BEGIN
    SELECT RAISE(ABORT, 'a commented rating is locked');
END;
CREATE TRIGGER answer_fixed BEFORE UPDATE ON answer
BEGIN
    SELECT RAISE(ABORT, 'a tick is replaced as a whole');
END;

-- As before, and what was ticked. reasons is a JSON array of keys, which Datasette can facet by; null if nothing was
-- ticked.
DROP VIEW report_ratings;
CREATE VIEW report_ratings AS
SELECT lower(substr(hex(rating.survey_id), 1, 8) || '-' || substr(hex(rating.survey_id), 9, 4) || '-' || substr(hex(rating.survey_id), 13, 4) || '-'
           || substr(hex(rating.survey_id), 17, 4) || '-' || substr(hex(rating.survey_id), 21)) AS survey_id, connection, conversation_id,
       strftime('%Y-%m-%dT%H:%M:%SZ', rated_at / 1000, 'unixepoch') AS rated,
       rated_at, score, evidence, standing, comment, rating.teammate_id, teammate.name AS teammate, rating.team, url,
       (SELECT nullif(json_group_array(choice), '[]') FROM answer
           WHERE answer.survey_id = rating.survey_id AND question = 'reasons') AS reasons,
       (SELECT question FROM answer WHERE answer.survey_id = rating.survey_id AND question <> 'reasons') AS question,
       (SELECT choice FROM answer WHERE answer.survey_id = rating.survey_id AND question <> 'reasons') AS answer,
       rating.survey_id AS survey_key
FROM rating JOIN survey ON survey.id = rating.survey_id LEFT JOIN teammate ON teammate.id = rating.teammate_id
WHERE standing IN ('rated', 'locked');

-- One row per tick beside a rating that counts: sums over it are the counts of every report. The day is local.
CREATE VIEW report_reasons AS
SELECT question, choice AS reason,
       (SELECT name FROM day WHERE starts <= rated_at ORDER BY starts DESC LIMIT 1) AS day, score, rating.teammate_id,
       (SELECT name FROM teammate WHERE teammate.id = rating.teammate_id) AS teammate, rating.team, rated_at,
       rating.survey_id AS survey_key
FROM rating CROSS JOIN answer ON answer.survey_id = rating.survey_id
WHERE standing IN ('rated', 'locked');

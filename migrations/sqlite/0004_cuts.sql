-- Reports by more than teammate, team and day.

DROP VIEW report_days;
DROP VIEW report_teams;
DROP VIEW report_teammates;
DROP VIEW report_facts;
DROP VIEW report_reasons;

-- A rating counts once for each of its tags, so each tag stands once in its list.
UPDATE closing SET tags = (SELECT json_group_array(value) FROM (SELECT DISTINCT value FROM json_each(closing.tags)))
WHERE json_array_length(tags) > 1;

-- As before, with the week and the month of each day. Without the setting below, the next start writes all days anew.
DROP TABLE day;
CREATE TABLE day (
    name   TEXT PRIMARY KEY,           -- 2026-11-22
    week   TEXT NOT NULL,              -- 2026-W47: ISO 8601, so it begins on Monday
    month  TEXT NOT NULL,              -- 2026-11
    starts INTEGER NOT NULL UNIQUE,
    ends   INTEGER NOT NULL            -- exclusive: the start of the next day
) STRICT;
DELETE FROM setting WHERE name = 'timezone_edition';

-- What reports cut by and rating has no column for. The language is that of the locale that the closing gave the
-- customer. A view, because the survey and its closing hold all of it and never change it.
CREATE VIEW survey_cut AS
SELECT survey.id AS survey_id, survey.connection, closing.channel, coalesce(closing.tags, '[]') AS tags, survey.policy,
       nullif(lower(substr(locale, 1, instr(replace(locale, '_', '-') || '-', '-') - 1)), '') AS language
FROM survey LEFT JOIN closing ON closing.connection = survey.connection
    AND closing.conversation_id = survey.conversation_id AND closing.closed_at = survey.closed_at;

-- One row per fact: a survey that was asked, a rating that counts, or a mail that has not gone out. Every figure of every
-- report is a sum over this view. The four kinds of unconfirmed surveys add up to all of them, but for those that were
-- opened before schema 3. Each column that is looked up is a subquery of its own, so that it costs nothing where nobody
-- reads it.
CREATE VIEW report_facts AS
SELECT at, (SELECT name FROM day WHERE starts <= at ORDER BY starts DESC LIMIT 1) AS day,
       (SELECT week FROM day WHERE starts <= at ORDER BY starts DESC LIMIT 1) AS week,
       (SELECT month FROM day WHERE starts <= at ORDER BY starts DESC LIMIT 1) AS month,
       teammate_id, (SELECT name FROM teammate WHERE teammate.id = facts.teammate_id) AS teammate, team,
       (SELECT connection FROM survey_cut WHERE survey_cut.survey_id = facts.survey_id) AS connection,
       (SELECT channel FROM survey_cut WHERE survey_cut.survey_id = facts.survey_id) AS channel,
       (SELECT tags FROM survey_cut WHERE survey_cut.survey_id = facts.survey_id) AS tags,
       (SELECT policy FROM survey_cut WHERE survey_cut.survey_id = facts.survey_id) AS policy,
       (SELECT language FROM survey_cut WHERE survey_cut.survey_id = facts.survey_id) AS language,
       asked, answered, terrible + bad + okay + great + amazing AS ratings, positive, terrible, bad, okay, great, amazing,
       held, unconfirmed, waiting, failed, unconfirmed_phone_young, unconfirmed_phone_later, unconfirmed_other_young,
       unconfirmed_other_later, survey_id AS survey_key
FROM (
    SELECT asked_at AS at, survey_id, teammate_id, team, 1 AS asked, standing IN ('rated', 'locked') AS answered,
           standing = 'held' AS held, standing = 'unrated' AND opened IS NOT NULL AS unconfirmed,
           standing = 'unrated' AND opened IS 'phone_young' AS unconfirmed_phone_young,
           standing = 'unrated' AND opened IS 'phone_later' AS unconfirmed_phone_later,
           standing = 'unrated' AND opened IS 'other_young' AS unconfirmed_other_young,
           standing = 'unrated' AND opened IS 'other_later' AS unconfirmed_other_later,
           0 AS positive, 0 AS terrible, 0 AS bad, 0 AS okay, 0 AS great, 0 AS amazing, 0 AS waiting, 0 AS failed
    FROM rating WHERE asked_at IS NOT NULL AND standing <> 'voided'
    UNION ALL
    SELECT rated_at, survey_id, teammate_id, team, 0, 0, 0, 0, 0, 0, 0, 0,
           rating.score IN (SELECT score FROM score WHERE positive),
           rating.score = 1, rating.score = 2, rating.score = 3, rating.score = 4, rating.score = 5, 0, 0
    FROM rating WHERE standing IN ('rated', 'locked')
    UNION ALL
    -- By the time that the mail was first to go out: it never did.
    SELECT first_due, survey_id, teammate_id, team, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, state <> 'failed',
           state = 'failed'
    FROM outbox CROSS JOIN rating ON rating.survey_id = outbox.id
    WHERE state IN ('waiting', 'sending', 'failed') AND standing <> 'voided'
) AS facts;

-- All-time figures by teammate, by team and by local day.
CREATE VIEW report_teammates AS
SELECT teammate_id, (SELECT name FROM teammate WHERE id = teammate_id) AS teammate,
       sum(asked) AS asked, sum(answered) AS answered, round(1.0 * sum(answered) / sum(asked), 4) AS response_rate,
       sum(ratings) AS ratings, sum(positive) AS positive, round(1.0 * sum(positive) / sum(ratings), 4) AS csat,
       sum(terrible) AS terrible, sum(bad) AS bad, sum(okay) AS okay, sum(great) AS great, sum(amazing) AS amazing,
       sum(held) AS held, sum(unconfirmed) AS unconfirmed, sum(waiting) AS waiting, sum(failed) AS failed,
       sum(unconfirmed_phone_young) AS unconfirmed_phone_young, sum(unconfirmed_phone_later) AS unconfirmed_phone_later,
       sum(unconfirmed_other_young) AS unconfirmed_other_young, sum(unconfirmed_other_later) AS unconfirmed_other_later
FROM report_facts GROUP BY teammate_id;

CREATE VIEW report_teams AS
SELECT team,
       sum(asked) AS asked, sum(answered) AS answered, round(1.0 * sum(answered) / sum(asked), 4) AS response_rate,
       sum(ratings) AS ratings, sum(positive) AS positive, round(1.0 * sum(positive) / sum(ratings), 4) AS csat,
       sum(terrible) AS terrible, sum(bad) AS bad, sum(okay) AS okay, sum(great) AS great, sum(amazing) AS amazing,
       sum(held) AS held, sum(unconfirmed) AS unconfirmed, sum(waiting) AS waiting, sum(failed) AS failed,
       sum(unconfirmed_phone_young) AS unconfirmed_phone_young, sum(unconfirmed_phone_later) AS unconfirmed_phone_later,
       sum(unconfirmed_other_young) AS unconfirmed_other_young, sum(unconfirmed_other_later) AS unconfirmed_other_later
FROM report_facts GROUP BY team;

CREATE VIEW report_days AS
SELECT day,
       sum(asked) AS asked, sum(answered) AS answered, round(1.0 * sum(answered) / sum(asked), 4) AS response_rate,
       sum(ratings) AS ratings, sum(positive) AS positive, round(1.0 * sum(positive) / sum(ratings), 4) AS csat,
       sum(terrible) AS terrible, sum(bad) AS bad, sum(okay) AS okay, sum(great) AS great, sum(amazing) AS amazing,
       sum(held) AS held, sum(unconfirmed) AS unconfirmed, sum(waiting) AS waiting, sum(failed) AS failed,
       sum(unconfirmed_phone_young) AS unconfirmed_phone_young, sum(unconfirmed_phone_later) AS unconfirmed_phone_later,
       sum(unconfirmed_other_young) AS unconfirmed_other_young, sum(unconfirmed_other_later) AS unconfirmed_other_later
FROM report_facts GROUP BY day;

-- As before, with the columns of report_facts. One row per tick beside a rating that counts: sums over it are the counts
-- of every report. The day is local.
CREATE VIEW report_reasons AS
SELECT question, choice AS reason, (SELECT name FROM day WHERE starts <= rated_at ORDER BY starts DESC LIMIT 1) AS day,
       (SELECT week FROM day WHERE starts <= rated_at ORDER BY starts DESC LIMIT 1) AS week,
       (SELECT month FROM day WHERE starts <= rated_at ORDER BY starts DESC LIMIT 1) AS month, score, rating.teammate_id,
       (SELECT name FROM teammate WHERE teammate.id = rating.teammate_id) AS teammate, rating.team,
       (SELECT connection FROM survey_cut WHERE survey_cut.survey_id = rating.survey_id) AS connection,
       (SELECT channel FROM survey_cut WHERE survey_cut.survey_id = rating.survey_id) AS channel,
       (SELECT tags FROM survey_cut WHERE survey_cut.survey_id = rating.survey_id) AS tags,
       (SELECT policy FROM survey_cut WHERE survey_cut.survey_id = rating.survey_id) AS policy,
       (SELECT language FROM survey_cut WHERE survey_cut.survey_id = rating.survey_id) AS language,
       rated_at, rating.survey_id AS survey_key
FROM rating CROSS JOIN answer ON answer.survey_id = rating.survey_id
WHERE standing IN ('rated', 'locked');

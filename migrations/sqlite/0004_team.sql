-- What the team sees: reports by more cuts that stay quick, and what admins do about ratings.

-- Cuts

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

-- Roll-up

-- What reports need of old surveys, summed by day: so that a report costs days and groups, not ratings.
--
-- A survey is rolled once its id is at most the watermark: then its figures are in `rollup`. Before a rolled survey changes,
-- `unrolled` notes once how it was counted. So at every moment, also after a crash,
--     figures = rollup + (as they are - as they were) of unrolled + surveys over the watermark + unsent mails.
-- Triggers note it, so that nothing can change a rating and forget to. A step of folding adds what is noted and the next
-- surveys, and moves the watermark, in one transaction. To roll up anew (other days, a repair) is to empty these tables:
-- reports stay exact meanwhile, and are slow until the folding has caught up. This migration begins that way too.

CREATE TABLE rolled (
    only_row INTEGER NOT NULL UNIQUE DEFAULT 1 CHECK (only_row = 1),
    until    BLOB NOT NULL             -- the highest rolled survey; empty: none
) STRICT;
INSERT INTO rolled (until) VALUES (x'');

-- What is summed: all surveys, those of each team, teammate, channel, tag, policy, language and connection, and those of
-- each team by channel and so on. Reports find theirs here, and read only their sums.
CREATE TABLE rollup_series (
    id       INTEGER PRIMARY KEY,
    cut      TEXT NOT NULL,            -- all, team, teammate, channel, 'team channel' and so on
    question TEXT NOT NULL,            -- empty, or that of a tick: then only its ratings are summed
    value    TEXT NOT NULL,            -- the teammate, the channel and so on; empty for none
    team     TEXT NOT NULL,            -- by teammate and by 'team channel'; empty for none
    choice   TEXT NOT NULL,            -- what was ticked
    UNIQUE (cut, question, value, team, choice)
) STRICT;

-- The sums of each series by local day and by month, and by week but for those of one team by channel and so on: a long
-- report adds few long stretches. The columns are those of report_facts. Series of one cut lie beside each other by day: a
-- step of folding writes few pages, and a report reads few. Those of one team by channel and so on lie by team, because a
-- report reads one team or all.
CREATE TABLE rollup (
    cut      TEXT NOT NULL,
    home     TEXT NOT NULL,            -- of 'team channel' and so on the team, else empty
    level    INTEGER NOT NULL,         -- 0 day, 1 week, 2 month
    day      INTEGER NOT NULL,         -- the first day of it, in days since 1970-01-01
    series   INTEGER NOT NULL,
    asked    INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    held     INTEGER NOT NULL,
    unconfirmed INTEGER NOT NULL,
    unconfirmed_phone_young INTEGER NOT NULL,
    unconfirmed_phone_later INTEGER NOT NULL,
    unconfirmed_other_young INTEGER NOT NULL,
    unconfirmed_other_later INTEGER NOT NULL,
    terrible INTEGER NOT NULL,
    bad      INTEGER NOT NULL,
    okay     INTEGER NOT NULL,
    great    INTEGER NOT NULL,
    amazing  INTEGER NOT NULL,
    PRIMARY KEY (cut, home, level, day, series)
) STRICT, WITHOUT ROWID;

-- Surveys that changed since they were rolled, as `rollup` counts them.
CREATE TABLE unrolled (
    survey_id BLOB PRIMARY KEY,
    asked_at  INTEGER,
    standing  TEXT NOT NULL,
    opened    TEXT,
    rated_at  INTEGER,
    score     INTEGER,
    ticks     TEXT NOT NULL            -- [question, choice] of each, as JSON
) STRICT, WITHOUT ROWID;

CREATE TRIGGER rating_unrolled AFTER UPDATE OF asked_at, standing, opened, rated_at, score ON rating
WHEN OLD.survey_id <= (SELECT until FROM rolled) AND (OLD.asked_at IS NOT NEW.asked_at OR OLD.standing IS NOT NEW.standing
    OR OLD.opened IS NOT NEW.opened OR OLD.rated_at IS NOT NEW.rated_at OR OLD.score IS NOT NEW.score)
BEGIN
    INSERT INTO unrolled VALUES (OLD.survey_id, OLD.asked_at, OLD.standing, OLD.opened, OLD.rated_at, OLD.score,
        (SELECT json_group_array(json_array(question, choice)) FROM answer WHERE answer.survey_id = OLD.survey_id))
    ON CONFLICT DO NOTHING;
END;
-- Ids grow with the time that they are made at, but a clock may be set back, and ids of one millisecond are in any order. A
-- survey that comes late is counted as nothing yet, as a voided one is.
CREATE TRIGGER rating_late AFTER INSERT ON rating WHEN NEW.survey_id <= (SELECT until FROM rolled)
BEGIN
    INSERT INTO unrolled VALUES (NEW.survey_id, NULL, 'voided', NULL, NULL, NULL, '[]') ON CONFLICT DO NOTHING;
END;
-- Ticks may change without the rating. BEFORE: the first row that changes must find the others as they are counted.
CREATE TRIGGER answer_unrolled_insert BEFORE INSERT ON answer WHEN NEW.survey_id <= (SELECT until FROM rolled)
BEGIN
    INSERT INTO unrolled SELECT survey_id, asked_at, standing, opened, rated_at, score,
        (SELECT json_group_array(json_array(question, choice)) FROM answer WHERE answer.survey_id = NEW.survey_id)
    FROM rating WHERE survey_id = NEW.survey_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER answer_unrolled_delete BEFORE DELETE ON answer WHEN OLD.survey_id <= (SELECT until FROM rolled)
BEGIN
    INSERT INTO unrolled SELECT survey_id, asked_at, standing, opened, rated_at, score,
        (SELECT json_group_array(json_array(question, choice)) FROM answer WHERE answer.survey_id = OLD.survey_id)
    FROM rating WHERE survey_id = OLD.survey_id ON CONFLICT DO NOTHING;
END;
-- Counts stay, so nothing deletes a rating, and whom it counts for is frozen. The roll-up relies on that.
CREATE TRIGGER rating_stays BEFORE DELETE ON rating WHEN OLD.survey_id <= (SELECT until FROM rolled)
BEGIN
    SELECT RAISE(ABORT, 'a rating that reports count is voided, not deleted');
END;
CREATE TRIGGER rating_frozen BEFORE UPDATE OF survey_id, teammate_id, team ON rating
WHEN OLD.survey_id IS NOT NEW.survey_id OR OLD.teammate_id IS NOT NEW.teammate_id OR OLD.team IS NOT NEW.team
BEGIN
    SELECT RAISE(ABORT, 'whom a rating counts for is frozen');
END;

-- Finds what one teammate's customers were asked, for reports that no series has.
CREATE INDEX rating_teammate_asked ON rating (teammate_id, asked_at) WHERE asked_at IS NOT NULL AND standing <> 'voided';

-- Moderation

-- What admins decide about ratings, and lists of ratings that stay quick however many there are.

-- A decision of an admin is a change of the standing like any other: released, discarded, voided and restored are kinds
-- of history too. The score is the one that counts by it, or that went.
ALTER TABLE history ADD COLUMN who TEXT;    -- an admin: the name of the key, or of the user whom a proxy named; else NULL
ALTER TABLE history ADD COLUMN reason TEXT; -- what the admin gave as the reason; NULL once the survey is erased

-- Lists are read newest first by one of these and rating_rated, a bounded number of rows at a time. Both stay small: most
-- ratings have no comment, and few are held or voided.
CREATE INDEX rating_commented ON rating (rated_at, teammate_id, team, score)
WHERE standing IN ('rated', 'locked') AND comment IS NOT NULL;
CREATE INDEX rating_aside ON rating (standing, rated_at, teammate_id, team, score)
WHERE standing IN ('held', 'voided') AND rated_at IS NOT NULL;

-- Every rating, also held and voided ones, which count nowhere. report_ratings is the part that counts.
CREATE VIEW report_all_ratings AS
SELECT lower(substr(hex(rating.survey_id), 1, 8) || '-' || substr(hex(rating.survey_id), 9, 4) || '-'
           || substr(hex(rating.survey_id), 13, 4) || '-' || substr(hex(rating.survey_id), 17, 4) || '-'
           || substr(hex(rating.survey_id), 21)) AS survey_id, connection, conversation_id,
       strftime('%Y-%m-%dT%H:%M:%SZ', rated_at / 1000, 'unixepoch') AS rated,
       rated_at, score, evidence, standing, comment, rating.teammate_id, teammate.name AS teammate, rating.team, url,
       (SELECT nullif(json_group_array(choice), '[]') FROM answer
           WHERE answer.survey_id = rating.survey_id AND question = 'reasons') AS reasons,
       (SELECT question FROM answer WHERE answer.survey_id = rating.survey_id AND question <> 'reasons') AS question,
       (SELECT choice FROM answer WHERE answer.survey_id = rating.survey_id AND question <> 'reasons') AS answer,
       closed_at, asked_at, held_at, rating.survey_id AS survey_key
FROM rating JOIN survey ON survey.id = rating.survey_id LEFT JOIN teammate ON teammate.id = rating.teammate_id
WHERE score IS NOT NULL;

-- The same columns as before.
DROP VIEW report_ratings;
CREATE VIEW report_ratings AS
SELECT survey_id, connection, conversation_id, rated, rated_at, score, evidence, standing, comment, teammate_id, teammate,
       team, url, reasons, question, answer, survey_key
FROM report_all_ratings WHERE standing IN ('rated', 'locked');

-- What admins decided, one row each.
CREATE VIEW report_moderation AS
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', at / 1000, 'unixepoch') AS decided, who, kind AS decision, reason, history.score,
       connection, conversation_id, at, history.survey_id AS survey_key
FROM history JOIN survey ON survey.id = history.survey_id WHERE who IS NOT NULL;

-- Follow-ups

-- Follow-ups: the ratings of unhappy customers, as a list that the team works through.

-- Whether a rating with this score opens a follow-up, from the configuration: 0 never, 1 always, 2 with a comment only.
-- The view below needs it.
ALTER TABLE score ADD COLUMN follow_up INTEGER NOT NULL DEFAULT 0 CHECK (follow_up IN (0, 1, 2));
UPDATE score SET follow_up = 1 WHERE score <= 2;

-- The ratings that belong on the list as they stand now. A commented rating is locked, also when its comment is erased.
CREATE VIEW follow_up_due AS
SELECT survey_id, rated_at, teammate_id, team
FROM rating CROSS JOIN score ON score.score = rating.score
WHERE standing IN ('rated', 'locked') AND (follow_up = 1 OR (follow_up = 2 AND standing = 'locked'));

-- One row per follow-up. Triggers add the rows, so nothing that writes a rating can forget one.
CREATE TABLE follow_up (
    survey_id   BLOB PRIMARY KEY,
    opened_at   INTEGER NOT NULL,      -- when the rating was given, or given anew: the age counts from here
    teammate_id TEXT,                  -- as in rating
    team        TEXT,                  -- as in rating
    state       TEXT NOT NULL CHECK (state IN ('open', 'taken', 'done')),
    who         TEXT,                  -- who took it, or said that it is done; null while it is open
    changed_at  INTEGER NOT NULL,      -- when the state last changed
    CHECK ((state = 'open') = (who IS NULL))
) STRICT, WITHOUT ROWID;
-- The list, oldest first: of everybody, of a teammate and of a team.
CREATE INDEX follow_up_state ON follow_up (state, opened_at);
CREATE INDEX follow_up_teammate ON follow_up (teammate_id, state, opened_at);
CREATE INDEX follow_up_team ON follow_up (team, state, opened_at);

-- What was done about each follow-up: one row per step, numbered from 1 for each survey.
CREATE TABLE follow_up_step (
    survey_id BLOB NOT NULL,
    number    INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    who       TEXT,                    -- the name of a key or of a proxy's user; null if the customer did it, by a new rating
    deed      TEXT NOT NULL,           -- take, note, done, reopen; no CHECK, because more may come
    score     INTEGER NOT NULL,        -- the score at that time
    note      TEXT,                    -- it may name the customer, so erasing removes it
    PRIMARY KEY (survey_id, number)
) STRICT, WITHOUT ROWID;

-- A rating that belongs on the list opens a follow-up. One that no longer belongs there takes its follow-up along, unless
-- somebody has begun to work on it.
CREATE TRIGGER follow_up_opens AFTER UPDATE OF standing, score ON rating
WHEN NEW.standing IS NOT OLD.standing OR NEW.score IS NOT OLD.score
BEGIN
    INSERT INTO follow_up (survey_id, opened_at, teammate_id, team, state, changed_at)
        SELECT survey_id, rated_at, teammate_id, team, 'open', rated_at FROM follow_up_due
        WHERE survey_id = NEW.survey_id
        ON CONFLICT (survey_id) DO NOTHING;
    DELETE FROM follow_up WHERE survey_id = NEW.survey_id AND state = 'open'
        AND NOT EXISTS (SELECT 1 FROM follow_up_due WHERE survey_id = NEW.survey_id)
        AND NOT EXISTS (SELECT 1 FROM follow_up_step WHERE survey_id = NEW.survey_id);
END;

-- A customer who speaks up again, and is unhappy still, reopens what was done.
CREATE TRIGGER follow_up_reopens AFTER INSERT ON history
WHEN NEW.kind IN ('rated', 'commented')
BEGIN
    INSERT INTO follow_up_step (survey_id, number, at, deed, score)
        SELECT survey_id, 1 + (SELECT max(number) FROM follow_up_step WHERE survey_id = NEW.survey_id), NEW.at, 'reopen',
            NEW.score
        FROM follow_up WHERE survey_id = NEW.survey_id AND state = 'done'
            AND EXISTS (SELECT 1 FROM follow_up_due WHERE survey_id = NEW.survey_id);
    UPDATE follow_up SET state = 'open', who = NULL, opened_at = NEW.at, changed_at = NEW.at
        WHERE survey_id = NEW.survey_id AND state = 'done'
            AND EXISTS (SELECT 1 FROM follow_up_due WHERE survey_id = NEW.survey_id);
END;

-- Those of the thirty days before the newest rating: a list that begins with the unhappy customers of years would be
-- worked through by nobody.
INSERT INTO follow_up (survey_id, opened_at, teammate_id, team, state, changed_at)
SELECT survey_id, rated_at, teammate_id, team, 'open', rated_at FROM follow_up_due
WHERE rated_at >= (SELECT max(rated_at) FROM rating WHERE standing IN ('rated', 'locked')) - 30 * 86400000;

-- Every follow-up, one row each.
CREATE VIEW report_follow_ups AS
SELECT lower(substr(hex(follow_up.survey_id), 1, 8) || '-' || substr(hex(follow_up.survey_id), 9, 4) || '-'
           || substr(hex(follow_up.survey_id), 13, 4) || '-' || substr(hex(follow_up.survey_id), 17, 4) || '-'
           || substr(hex(follow_up.survey_id), 21)) AS survey_id, survey.connection, survey.conversation_id,
       follow_up.state, strftime('%Y-%m-%dT%H:%M:%SZ', opened_at / 1000, 'unixepoch') AS opened, opened_at, who,
       strftime('%Y-%m-%dT%H:%M:%SZ', changed_at / 1000, 'unixepoch') AS changed, changed_at,
       (SELECT count(*) FROM follow_up_step AS step WHERE step.survey_id = follow_up.survey_id AND note IS NOT NULL)
           AS notes,
       rating.score, rating.standing, rating.rated_at, rating.comment, follow_up.teammate_id,
       (SELECT name FROM teammate WHERE teammate.id = follow_up.teammate_id) AS teammate, follow_up.team, survey.url,
       follow_up.survey_id AS survey_key
FROM follow_up CROSS JOIN rating ON rating.survey_id = follow_up.survey_id
    CROSS JOIN survey ON survey.id = follow_up.survey_id;

-- As before, with all that streaks read of a rating.
DROP INDEX rating_teammate;
CREATE INDEX rating_teammate ON rating (teammate_id, rated_at, score, team, standing) WHERE standing IN ('rated', 'locked');

-- Decisions and mails

-- Why nobody was asked, and what came back.

-- As before, with local days, and whether the reason was the only one. Counts of decisions are counts over this view.
DROP VIEW report_decisions;
CREATE VIEW report_decisions AS
SELECT connection, conversation_id, strftime('%Y-%m-%dT%H:%M:%SZ', closed_at / 1000, 'unixepoch') AS closed,
       strftime('%Y-%m-%dT%H:%M:%SZ', reported_at / 1000, 'unixepoch') AS reported, reported_at,
       (SELECT name FROM day WHERE starts <= reported_at ORDER BY starts DESC LIMIT 1) AS day,
       (SELECT week FROM day WHERE starts <= reported_at ORDER BY starts DESC LIMIT 1) AS week,
       (SELECT month FROM day WHERE starts <= reported_at ORDER BY starts DESC LIMIT 1) AS month, decision,
       reason.value ->> 'rule' AS rule, reason.value ->> 'value' AS value, reason.value ->> 'limit' AS "limit",
       reason.value ->> 'message' AS message, decision = 'skip' AND json_array_length(reasons) = 1 AS only_reason,
       lower(substr(hex(survey_id), 1, 8) || '-' || substr(hex(survey_id), 9, 4) || '-' || substr(hex(survey_id), 13, 4) || '-'
           || substr(hex(survey_id), 17, 4) || '-' || substr(hex(survey_id), 21)) AS survey_id,
       teammate_id, (SELECT name FROM teammate WHERE teammate.id = closing.teammate_id) AS teammate, team, policy
FROM closing LEFT JOIN json_each(closing.reasons) AS reason;

-- How many closings had each outcome, by the local day that they were reported on: a count of years must not read every
-- closing. It holds whole days up to the moment in decided_until, and later closings are counted as they are. The triggers
-- keep it exact, also for a closing that is stored after its day was counted. When the zone of days changes, both begin anew.
CREATE TABLE decided (
    level       TEXT NOT NULL CHECK (level IN ('all', 'team', 'teammate')), -- every closing is in each of them: a count for
                                       -- all reads one row a day and outcome, one for teams a row a team
    teammate_id TEXT NOT NULL,         -- '' for none, and in other levels than 'teammate'
    outcome     TEXT NOT NULL,         -- 'ask', 'skip', or a rule that failed
    day         TEXT NOT NULL,
    team        TEXT NOT NULL,         -- '' for none, and in the level 'all'
    closings    INTEGER NOT NULL,
    only_reason INTEGER NOT NULL,      -- of these, the ones that failed no other rule; of 'skip', those that failed just one
    PRIMARY KEY (level, teammate_id, outcome, day, team)
) STRICT, WITHOUT ROWID;
CREATE TABLE decided_until (
    only_row INTEGER NOT NULL UNIQUE DEFAULT 1 CHECK (only_row = 1),
    until    INTEGER NOT NULL          -- the end of the last day that is counted; 0: none is
) STRICT;
INSERT INTO decided_until (until) VALUES (0);

CREATE TRIGGER closing_decided AFTER INSERT ON closing WHEN NEW.reported_at < (SELECT until FROM decided_until)
BEGIN
    INSERT INTO decided
    SELECT level.column1, level.column2, outcome.value, day.name, level.column3, 1,
           NEW.decision = 'skip' AND json_array_length(NEW.reasons) = 1
    FROM day CROSS JOIN (VALUES ('all', '', ''), ('team', '', coalesce(NEW.team, '')),
            ('teammate', coalesce(NEW.teammate_id, ''), coalesce(NEW.team, ''))) AS level
        CROSS JOIN (SELECT NEW.decision AS value UNION ALL SELECT value ->> 'rule' FROM json_each(NEW.reasons)) AS outcome
    WHERE day.name = (SELECT name FROM day WHERE starts <= NEW.reported_at ORDER BY starts DESC LIMIT 1)
    ON CONFLICT DO UPDATE SET closings = closings + 1, only_reason = only_reason + excluded.only_reason;
END;
CREATE TRIGGER closing_deleted AFTER DELETE ON closing WHEN OLD.reported_at < (SELECT until FROM decided_until)
BEGIN
    UPDATE decided SET closings = closings - 1,
        only_reason = only_reason - (OLD.decision = 'skip' AND json_array_length(OLD.reasons) = 1)
    WHERE (level, teammate_id, team) IN (VALUES ('all', '', ''), ('team', '', coalesce(OLD.team, '')),
            ('teammate', coalesce(OLD.teammate_id, ''), coalesce(OLD.team, '')))
        AND outcome IN (SELECT OLD.decision UNION ALL SELECT value ->> 'rule' FROM json_each(OLD.reasons))
        AND day = (SELECT name FROM day WHERE starts <= OLD.reported_at ORDER BY starts DESC LIMIT 1);
END;

-- Finds what came back of a mail that was sent, and mails that were stopped, newest first. Both hold few mails. An accepted
-- mail's note begins with one of these words only if that was reported of it.
CREATE INDEX outbox_returned ON outbox (accepted_at)
WHERE state = 'accepted' AND (note GLOB 'hard bounce*' OR note GLOB 'soft bounce*' OR note GLOB 'complaint*');
CREATE INDEX outbox_cancelled ON outbox (first_due, stop) WHERE state = 'cancelled';

-- Digest

-- The weekly digest, a mail to the team.

-- One mail of a digest: to one address, about one week, of one part of the team. The unique key is why no address gets a
-- week twice, whatever crashes and when. The mail itself is the row of outbox with the same id and the kind 'digest',
-- written in the same transaction. No text is stored: it is composed from the figures when the mail is sent. Rows stay,
-- because the links to opt out name them.
CREATE TABLE digest (
    id       BLOB PRIMARY KEY,
    week     TEXT NOT NULL,            -- its Monday: 2026-11-16
    address  TEXT NOT NULL,            -- in the form that addresses are compared in
    teammate TEXT NOT NULL,            -- of this teammate only; empty for all
    team     TEXT NOT NULL,            -- of this team only; empty for all
    UNIQUE (week, address, teammate, team)
) STRICT, WITHOUT ROWID;

-- Who opted out of which digest. This is apart from suppression: an opt-out of a digest stops no survey, and one of surveys
-- no digest.
CREATE TABLE digest_stop (
    address  TEXT NOT NULL,
    teammate TEXT NOT NULL,
    team     TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (address, teammate, team)
) STRICT, WITHOUT ROWID;

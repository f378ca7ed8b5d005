-- What reports need of old surveys, summed by day: so that a report costs days and groups, not ratings.
--
-- A survey is rolled once its id is at most the watermark: then its figures are in `rollup`. What a rolled survey counted as
-- is noted in `unrolled` before it changes, once. So at every moment, also after a crash,
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

-- The sums of each series by local day, by month, and by teammate also by week: a long report adds few long stretches. The
-- columns are those of report_facts. Series of one cut lie beside each other by day: a step of folding writes few pages, and
-- a report reads few. Those of one team by channel and so on lie by team, because a report reads one team or all.
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

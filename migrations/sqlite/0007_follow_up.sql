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

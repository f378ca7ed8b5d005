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

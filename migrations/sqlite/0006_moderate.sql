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
SELECT lower(substr(hex(rating.survey_id), 1, 8) || '-' || substr(hex(rating.survey_id), 9, 4) || '-' || substr(hex(rating.survey_id), 13, 4) || '-'
           || substr(hex(rating.survey_id), 17, 4) || '-' || substr(hex(rating.survey_id), 21)) AS survey_id, connection, conversation_id,
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

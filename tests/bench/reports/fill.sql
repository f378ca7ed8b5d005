-- Adds the surveys of one batch. FIRST, UNTIL, COUNT, BEGINS and SPAN are replaced by numbers: the first survey of the batch,
-- the one after the last, the number of all, the first moment and the milliseconds from it to the last.
-- What looks random is a number spread by a prime.
CREATE TEMP TABLE made AS
WITH RECURSIVE n (i) AS (SELECT FIRST UNION ALL SELECT i + 1 FROM n WHERE i + 1 < UNTIL),
    s AS (SELECT i, BEGINS + i * SPAN / COUNT AS at, (i * 7919) % 500 AS mate, (i * 104729) % 997 AS luck FROM n)
SELECT i, at, mate, luck, unhex(printf('%012x70008000%012x', at, i)) AS id, 'team ' || (mate % 40) AS team,
    CASE WHEN luck = 996 THEN 'failed' WHEN luck = 500 THEN 'voided' WHEN luck % 199 = 2 THEN 'held'
        WHEN luck % 20 = 1 THEN 'locked' WHEN luck % 2 THEN 'rated' ELSE 'unrated' END AS became,
    CASE (luck * 31) % 10 WHEN 0 THEN 1 WHEN 1 THEN 2 WHEN 2 THEN 3 WHEN 3 THEN 4 WHEN 4 THEN 4 WHEN 5 THEN 4 ELSE 5
        END AS score
FROM s;

INSERT INTO survey (id, connection, conversation_id, closed_at, made_at, address_hash, address, locale, teammate_id, team,
    url, policy)
SELECT id, '', 'c' || i, at, at, printf('%064x', i), 'c' || i || '@example.com',
    CASE luck % 4 WHEN 0 THEN 'de' WHEN 1 THEN 'fr-CA' WHEN 2 THEN 'pt-BR' ELSE 'en' END, 't' || mate, team,
    'https://desk.example.com/' || i, iif(luck % 5 = 0, 'vip', NULL)
FROM made;

INSERT INTO closing (connection, conversation_id, closed_at, reported_at, state, channel, customers, teammate_id, team, tags,
    policy, decision, survey_id, send_at, reasons)
SELECT '', 'c' || i, at, at, 'closed', iif(luck % 3, 'email', 'chat'), 1, 't' || mate, team,
    CASE luck % 3 WHEN 0 THEN '[]' WHEN 1 THEN json_array('tag ' || (luck % 20))
        ELSE json_array('tag ' || (luck % 20), 'tag ' || (luck % 20 + 1)) END,
    iif(luck % 5 = 0, 'vip', NULL), 'ask', id, at, '[]'
FROM made;

INSERT INTO outbox (id, kind, state, due_at, first_due, tries, accepted_at, note)
SELECT id, 'request', iif(became = 'failed', 'failed', 'accepted'), at, at, 1, iif(became = 'failed', NULL, at),
    iif(became = 'failed', '550 no such user', '250 ok')
FROM made;

-- Before the ratings, because a comment locks them.
INSERT INTO answer (survey_id, question, choice)
SELECT id, 'reasons', CASE luck % 3 WHEN 0 THEN 'slow' WHEN 1 THEN 'unhelpful' ELSE 'friendly' END
FROM made WHERE became IN ('rated', 'locked') AND luck % 10 IN (1, 3);

INSERT INTO rating (survey_id, asked_at, teammate_id, team, standing, voided_from, score, evidence, rated_at, page,
    page_issued, held_at, comment, opened)
SELECT id, iif(became = 'failed', NULL, at), 't' || mate, team, iif(became = 'failed', 'unrated', became),
    iif(became = 'voided', 'rated', NULL), iif(became IN ('unrated', 'failed'), NULL, score),
    iif(became IN ('unrated', 'failed'), NULL, 'pressed'), iif(became IN ('unrated', 'failed'), NULL, at + 3600000),
    iif(became IN ('unrated', 'failed'), NULL, i), iif(became IN ('unrated', 'failed'), NULL, at + 3590000),
    iif(became = 'held', at + 3600000, NULL),
    iif(became = 'locked', CASE luck % 3 WHEN 0 THEN 'Thank you, that was quick' WHEN 1 THEN 'I waited for days'
        ELSE 'The refund came, but nobody told me' END || ' (' || i || ')', NULL),
    CASE WHEN became <> 'unrated' OR luck % 8 > 2 THEN NULL WHEN luck % 8 = 0 THEN 'phone_later' ELSE 'other_young' END
FROM made;

DROP TABLE made;

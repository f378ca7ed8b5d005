-- Times are milliseconds since 1970 in UTC, as 64-bit integers: they compare as numbers, and no zone can get lost.
-- Ids of surveys are UUIDv7 in 16 bytes: they sort by age, so new rows are neighbours. Views print them as text.
-- Tables that are looked up only by their key have no rowid: one tree instead of two.

-- Facts about this file: the fingerprint of the key that hashes addresses, the service that holds leases, and the zone
-- of the days below.
CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The scores that count as positive for CSAT, from the configuration. The report views need them, and views take no
-- arguments.
CREATE TABLE score (
    score    INTEGER PRIMARY KEY CHECK (score BETWEEN 1 AND 5),
    positive INTEGER NOT NULL CHECK (positive IN (0, 1))
) STRICT;
INSERT INTO score (score, positive) VALUES (1, 0), (2, 0), (3, 0), (4, 1), (5, 1);

-- The start and end of each local day, because SQLite knows no time zones. Rebuilt when the configured zone changes.
CREATE TABLE day (
    name   TEXT PRIMARY KEY,           -- 2026-11-22
    starts INTEGER NOT NULL UNIQUE,
    ends   INTEGER NOT NULL            -- exclusive: the start of the next day
) STRICT;

-- The teammates, as reports name them. Name, address and team are from the latest closing that names the teammate.
CREATE TABLE teammate (
    id       TEXT PRIMARY KEY,
    name     TEXT,
    email    TEXT,
    team     TEXT,
    named_at INTEGER NOT NULL          -- closed_at of that closing: an older one must not change the name
) STRICT, WITHOUT ROWID;

-- Every reported closing and its decision. It answers "why was nobody asked?".
CREATE TABLE closing (
    connection       TEXT NOT NULL,    -- the configured helpdesk, which conversation ids are unique in; empty for the plain API
    conversation_id  TEXT NOT NULL,
    closed_at        INTEGER NOT NULL,
    reported_at      INTEGER NOT NULL,
    state            TEXT NOT NULL,
    subject          TEXT,
    url              TEXT,
    channel          TEXT,
    started_by       TEXT,
    characters       INTEGER,
    last_reply_at    INTEGER,
    teammate_replied INTEGER,
    customers        INTEGER NOT NULL, -- how many; only surveys store who they are
    teammate_id      TEXT,
    team             TEXT,             -- at the time of the closing
    tags             TEXT NOT NULL,    -- a JSON array
    policy           TEXT,
    decision         TEXT NOT NULL CHECK (decision IN ('ask', 'skip')),
    survey_id        BLOB,             -- only if the decision is 'ask'
    send_at          INTEGER,          -- only if the decision is 'ask': the time that the API returned
    reasons          TEXT NOT NULL,    -- of 'skip': a JSON array of {rule, value, limit, message}
    PRIMARY KEY (connection, conversation_id, closed_at)
) STRICT, WITHOUT ROWID;

-- Reopenings, also of conversations whose closing is not known yet: reports can arrive out of order.
CREATE TABLE reopening (
    connection      TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    reopened_at     INTEGER NOT NULL,
    PRIMARY KEY (connection, conversation_id, reopened_at)
) STRICT, WITHOUT ROWID;

-- One request to rate a conversation. Written once; only erasing changes it.
CREATE TABLE survey (
    id              BLOB PRIMARY KEY,
    connection      TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    closed_at       INTEGER NOT NULL,
    made_at         INTEGER NOT NULL,
    address_hash    TEXT NOT NULL,     -- a keyed hash, which finds earlier surveys to an erased address
    address         TEXT,              -- null once erased
    customer_id     TEXT,
    customer_name   TEXT,
    locale          TEXT,
    teammate_id     TEXT,              -- frozen at the closing
    team            TEXT,              -- frozen at the closing
    subject         TEXT,
    url             TEXT,
    in_reply_to     TEXT,
    policy          TEXT               -- the name in the closing: its custom texts apply
) STRICT;
CREATE INDEX survey_conversation ON survey (connection, conversation_id);
-- Finds recent surveys to an address.
CREATE INDEX survey_address ON survey (address_hash, made_at);

-- The mails to send, and their outcomes. A mail that asks for a rating has the id of its survey.
CREATE TABLE outbox (
    id          BLOB PRIMARY KEY,
    kind        TEXT NOT NULL,         -- 'request'; no CHECK, because more kinds will come
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'accepted', 'failed', 'cancelled')),
    due_at      INTEGER NOT NULL,      -- the next attempt; in the state 'sending', the end of the lease
    first_due   INTEGER NOT NULL,      -- give_up_after counts from here
    tries       INTEGER NOT NULL,
    accepted_at INTEGER,               -- when the latest attempt was accepted, or its outcome became unknown
    stop        TEXT,                  -- why it was cancelled
    note        TEXT,                  -- the mail server's last response
    owner       BLOB,                  -- the service that is sending it
    CHECK ((state = 'sending') = (owner IS NOT NULL)),
    CHECK ((state = 'cancelled') = (stop IS NOT NULL))
) STRICT, WITHOUT ROWID;
-- Finds due mails. It holds only unfinished mails, so it stays small however many were sent.
CREATE INDEX outbox_due ON outbox (due_at) WHERE state IN ('waiting', 'sending');

-- The current rating of each survey. Reports count only these rows, so they also hold the columns that reports group
-- by.
CREATE TABLE rating (
    survey_id    BLOB PRIMARY KEY,
    asked_at     INTEGER,              -- accepted_at of its mail while the mail is in the state 'accepted', else null
    teammate_id  TEXT,                 -- as in survey
    team         TEXT,                 -- as in survey
    rate_until   INTEGER,              -- inclusive; from the policy at the time that the survey was made
    change_until INTEGER,
    standing     TEXT NOT NULL CHECK (standing IN ('unrated', 'rated', 'held', 'locked', 'voided')),
    voided_from  TEXT CHECK (voided_from IN ('unrated', 'rated', 'held', 'locked')), -- restored when the voiding is lifted
    score        INTEGER CHECK (score BETWEEN 1 AND 5),
    evidence     TEXT,
    rated_at     INTEGER,
    page         INTEGER,              -- the id of the page that confirmed the rating
    page_issued  INTEGER,
    held_at      INTEGER,
    comment      TEXT,
    CHECK ((standing = 'voided') = (voided_from IS NOT NULL)),
    CHECK ((coalesce(voided_from, standing) = 'unrated') = (score IS NULL))
) STRICT, WITHOUT ROWID;
-- Covering indexes for the two halves of report_facts.
CREATE INDEX rating_rated ON rating (rated_at, teammate_id, team, score, standing) WHERE standing IN ('rated', 'locked');
CREATE INDEX rating_asked ON rating (asked_at, teammate_id, team, standing)
WHERE asked_at IS NOT NULL AND standing <> 'voided';
-- One teammate's ratings, newest first.
CREATE INDEX rating_teammate ON rating (teammate_id, rated_at) WHERE standing IN ('rated', 'locked');

-- A comment locks the rating. The trigger enforces this even if the program has a bug. Erasing may remove the text.
-- Voiding may take the rating out of every count, and lifting that restores the locked rating.
CREATE TRIGGER rating_locked BEFORE UPDATE OF standing, voided_from, score, comment ON rating
WHEN coalesce(OLD.voided_from, OLD.standing) = 'locked' AND (
    coalesce(NEW.voided_from, NEW.standing) <> 'locked' OR NEW.score IS NOT OLD.score
    OR (NEW.comment IS NOT OLD.comment AND NEW.comment IS NOT NULL)
)
BEGIN
    SELECT RAISE(ABORT, 'a commented rating is locked');
END;

-- Recent visits to the links of a survey, as far back as the rules look. A narrow table, because every view writes to
-- it. A survey has no row before its first view.
CREATE TABLE clicks (
    survey_id BLOB PRIMARY KEY,
    opened    INTEGER NOT NULL,        -- 1 if a GET that did not look like a machine's opened a link
    trail     TEXT NOT NULL            -- the newest views [at, score], tries [at, page, score, how] and hot spans [from,
                                       -- until] as JSON: they are always read whole
) STRICT, WITHOUT ROWID;

-- The history of each rating: one row per change, numbered from 1 for each survey.
CREATE TABLE history (
    survey_id BLOB NOT NULL,
    number    INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    kind      TEXT NOT NULL,           -- rated, held, commented; no CHECK, because more kinds will come
    score     INTEGER NOT NULL,
    evidence  TEXT NOT NULL,
    PRIMARY KEY (survey_id, number)
) STRICT, WITHOUT ROWID;

-- Addresses that get no more survey mail, by keyed hash: an erased address stays suppressed without being stored.
CREATE TABLE suppression (
    address_hash TEXT NOT NULL,
    cause        TEXT NOT NULL,        -- opted_out, bounced, complained, erased; no CHECK, because more causes will come
    at           INTEGER NOT NULL,
    address      TEXT,                 -- only if an admin entered it
    PRIMARY KEY (address_hash, cause)
) STRICT, WITHOUT ROWID;

-- Keys of the HTTP API. The secret itself is shown once and not stored.
CREATE TABLE api_key (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    scope       TEXT NOT NULL CHECK (scope IN ('trigger', 'read', 'admin')),
    secret_hash TEXT NOT NULL,         -- SHA-256: the secret is random, so no slow hash is needed
    teammate_id TEXT,                  -- limits a read key to this teammate
    team        TEXT,                  -- limits a read key to this team
    made_at     INTEGER NOT NULL,
    revoked_at  INTEGER
) STRICT, WITHOUT ROWID;

-- One row per fact: a survey that was asked, or a rating that counts. Every figure of every report is a sum over this
-- view.
CREATE VIEW report_facts AS
SELECT asked_at AS at, teammate_id, team, 1 AS asked, standing IN ('rated', 'locked') AS answered,
       standing = 'held' AS held,
       CASE standing WHEN 'unrated'
           THEN EXISTS (SELECT 1 FROM clicks WHERE clicks.survey_id = rating.survey_id AND opened) ELSE 0
       END AS unconfirmed,
       0 AS positive, 0 AS terrible, 0 AS bad, 0 AS okay, 0 AS great, 0 AS amazing
FROM rating WHERE asked_at IS NOT NULL AND standing <> 'voided'
UNION ALL
SELECT rated_at, teammate_id, team, 0, 0, 0, 0, rating.score IN (SELECT score FROM score WHERE positive),
       rating.score = 1, rating.score = 2, rating.score = 3, rating.score = 4, rating.score = 5
FROM rating WHERE standing IN ('rated', 'locked');

-- The ratings that count, one row each. survey_key is the id in the tables' 16 bytes.
CREATE VIEW report_ratings AS
SELECT lower(substr(hex(rating.survey_id), 1, 8) || '-' || substr(hex(rating.survey_id), 9, 4) || '-' || substr(hex(rating.survey_id), 13, 4) || '-'
           || substr(hex(rating.survey_id), 17, 4) || '-' || substr(hex(rating.survey_id), 21)) AS survey_id, connection, conversation_id,
       strftime('%Y-%m-%dT%H:%M:%SZ', rated_at / 1000, 'unixepoch') AS rated,
       rated_at, score, evidence, standing, comment, rating.teammate_id, teammate.name AS teammate, rating.team, url,
       rating.survey_id AS survey_key
FROM rating JOIN survey ON survey.id = rating.survey_id LEFT JOIN teammate ON teammate.id = rating.teammate_id
WHERE standing IN ('rated', 'locked');

-- All-time figures by teammate, by team and by local day.
CREATE VIEW report_teammates AS
SELECT teammate_id, (SELECT name FROM teammate WHERE id = teammate_id) AS teammate, sum(asked) AS asked,
       sum(answered) AS answered, sum(terrible + bad + okay + great + amazing) AS ratings, sum(positive) AS positive,
       round(1.0 * sum(positive) / sum(terrible + bad + okay + great + amazing), 4) AS csat, sum(terrible) AS terrible,
       sum(bad) AS bad, sum(okay) AS okay, sum(great) AS great, sum(amazing) AS amazing, sum(held) AS held,
       sum(unconfirmed) AS unconfirmed
FROM report_facts GROUP BY teammate_id;

CREATE VIEW report_teams AS
SELECT team, sum(asked) AS asked,
       sum(answered) AS answered, sum(terrible + bad + okay + great + amazing) AS ratings, sum(positive) AS positive,
       round(1.0 * sum(positive) / sum(terrible + bad + okay + great + amazing), 4) AS csat, sum(terrible) AS terrible,
       sum(bad) AS bad, sum(okay) AS okay, sum(great) AS great, sum(amazing) AS amazing, sum(held) AS held,
       sum(unconfirmed) AS unconfirmed
FROM report_facts GROUP BY team;

-- A subquery looks up the day of each fact. A join on its start and end would try every day for every fact.
CREATE VIEW report_days AS
SELECT (SELECT name FROM day WHERE starts <= at ORDER BY starts DESC LIMIT 1) AS day, sum(asked) AS asked,
       sum(answered) AS answered, sum(terrible + bad + okay + great + amazing) AS ratings, sum(positive) AS positive,
       round(1.0 * sum(positive) / sum(terrible + bad + okay + great + amazing), 4) AS csat, sum(terrible) AS terrible,
       sum(bad) AS bad, sum(okay) AS okay, sum(great) AS great, sum(amazing) AS amazing, sum(held) AS held,
       sum(unconfirmed) AS unconfirmed
FROM report_facts GROUP BY 1;

-- Every decision, one row per reason. An ask has one row without a rule.
CREATE VIEW report_decisions AS
SELECT connection, conversation_id, strftime('%Y-%m-%dT%H:%M:%SZ', closed_at / 1000, 'unixepoch') AS closed,
       strftime('%Y-%m-%dT%H:%M:%SZ', reported_at / 1000, 'unixepoch') AS reported, reported_at, decision,
       reason.value ->> 'rule' AS rule, reason.value ->> 'value' AS value, reason.value ->> 'limit' AS "limit",
       reason.value ->> 'message' AS message,
       lower(substr(hex(survey_id), 1, 8) || '-' || substr(hex(survey_id), 9, 4) || '-' || substr(hex(survey_id), 13, 4) || '-'
           || substr(hex(survey_id), 17, 4) || '-' || substr(hex(survey_id), 21)) AS survey_id, teammate_id, team, policy
FROM closing LEFT JOIN json_each(closing.reasons) AS reason;

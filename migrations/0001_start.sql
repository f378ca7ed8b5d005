-- Times are whole milliseconds since 1970 in UTC, in 64-bit integers: they compare, and no zone can be lost.
-- Ids of surveys are UUIDv7 in text: they sort by age, so new rows are neighbours, and people can read them.

-- What this file belongs to: the fingerprint of the key that hashes addresses, and the zone that the days below are of.
CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- The positive set of CSAT, from the configuration: the report views must know it, and views take no arguments.
CREATE TABLE score (
    score    INTEGER PRIMARY KEY CHECK (score BETWEEN 1 AND 5),
    positive INTEGER NOT NULL CHECK (positive IN (0, 1))
);
INSERT INTO score (score, positive) VALUES (1, 0), (2, 0), (3, 0), (4, 1), (5, 1);

-- Local days as stretches of time, because SQLite knows no zones. Rebuilt when the configured zone changes.
CREATE TABLE day (
    name   TEXT PRIMARY KEY,           -- 2026-11-22
    starts INTEGER NOT NULL UNIQUE,
    ends   INTEGER NOT NULL            -- the first moment after it
);

-- What reports call a teammate. Name, address and team follow the latest closing that names the teammate.
CREATE TABLE teammate (
    id       TEXT PRIMARY KEY,
    name     TEXT,
    email    TEXT,
    team     TEXT,
    named_at INTEGER NOT NULL          -- closed_at of that closing: an older report must not rename anybody
);

-- Every closing that was reported, with the decision it got: "why was nobody asked?" is answered from here.
CREATE TABLE closing (
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
    customers        INTEGER NOT NULL, -- how many people; who they are is known of surveys only
    teammate_id      TEXT,
    team             TEXT,             -- of that time
    tags             TEXT NOT NULL,    -- a JSON array
    policy           TEXT,
    decision         TEXT NOT NULL CHECK (decision IN ('ask', 'skip')),
    survey_id        TEXT,             -- of an ask
    send_at          INTEGER,          -- of an ask: what was answered then
    reasons          TEXT NOT NULL,    -- of a skip: a JSON array of {rule, value, limit, message}
    PRIMARY KEY (conversation_id, closed_at)
) WITHOUT ROWID;

-- Reopenings, also of conversations that no closing was reported of yet: reports can overtake each other.
CREATE TABLE reopening (
    conversation_id TEXT NOT NULL,
    reopened_at     INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, reopened_at)
) WITHOUT ROWID;

-- One request to rate: whom it asks about what, its one mail, and what the clicks made of it.
CREATE TABLE survey (
    id              TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL,
    closed_at       INTEGER NOT NULL,
    made_at         INTEGER NOT NULL,

    address         TEXT,              -- null once erased
    address_hash    TEXT NOT NULL,     -- keyed: finds earlier surveys to an address without naming it
    customer_id     TEXT,
    customer_name   TEXT,
    locale          TEXT,
    teammate_id     TEXT,              -- frozen at the closing
    team            TEXT,              -- frozen at the closing
    subject         TEXT,
    url             TEXT,
    in_reply_to     TEXT,
    rate_until      INTEGER,           -- copied from the policy when made, the last moment inside
    change_until    INTEGER,

    -- The outbox. due_at is the next attempt of a waiting mail; of one being sent, the end of its lease.
    mail            TEXT NOT NULL CHECK (mail IN ('waiting', 'sending', 'accepted', 'failed', 'cancelled')),
    due_at          INTEGER NOT NULL,
    first_due       INTEGER NOT NULL,  -- patience counts from here
    tries           INTEGER NOT NULL DEFAULT 0,
    mail_note       TEXT,              -- the last answer of a server, or why it was cancelled
    accepted_at     INTEGER,           -- accepted, or the outcome became unknown: the latest attempt counts

    -- The clicks. trail holds the newest views, tries and hot spans as JSON: they are only ever needed whole.
    standing        TEXT NOT NULL DEFAULT 'unrated' CHECK (standing IN ('unrated', 'rated', 'held', 'locked')),
    score           INTEGER REFERENCES score (score),
    evidence        TEXT,
    rated_at        INTEGER,
    page            INTEGER,           -- the page the rating was made on
    page_issued     INTEGER,
    held_at         INTEGER,
    comment         TEXT,
    opened          INTEGER NOT NULL DEFAULT 0, -- by a GET that was no machine view
    trail           TEXT NOT NULL DEFAULT '{"views":[],"tries":[],"hot":[]}',
    CHECK ((standing = 'unrated') = (score IS NULL))
);
CREATE INDEX survey_conversation ON survey (conversation_id);
-- "asked recently?" of one address.
CREATE INDEX survey_address ON survey (address_hash, made_at);
-- What is due, whatever number of mails was sent before.
CREATE INDEX survey_due ON survey (due_at) WHERE mail IN ('waiting', 'sending');
-- The two halves of report_facts, each covered by its index.
CREATE INDEX survey_rated ON survey (rated_at, teammate_id, team, score, standing) WHERE standing IN ('rated', 'locked');
CREATE INDEX survey_asked ON survey (accepted_at, teammate_id, team, standing, opened, mail) WHERE mail = 'accepted';
-- One teammate's ratings, newest first.
CREATE INDEX survey_rated_teammate ON survey (teammate_id, rated_at) WHERE standing IN ('rated', 'locked');

-- A comment locks the rating, whatever code forgets it. Erasing takes the text away, and may.
CREATE TRIGGER survey_locked BEFORE UPDATE OF standing, score, comment ON survey
WHEN OLD.standing = 'locked' AND (
    NEW.standing <> 'locked' OR NEW.score IS NOT OLD.score
    OR (NEW.comment IS NOT OLD.comment AND NEW.comment IS NOT NULL)
)
BEGIN
    SELECT RAISE(ABORT, 'a commented rating is locked');
END;

-- How a standing came about: one row a change.
CREATE TABLE history (
    id        INTEGER PRIMARY KEY,
    survey_id TEXT NOT NULL REFERENCES survey (id),
    at        INTEGER NOT NULL,
    what      TEXT NOT NULL CHECK (what IN ('rated', 'held', 'commented')),
    score     INTEGER NOT NULL,
    evidence  TEXT NOT NULL
);
CREATE INDEX history_survey ON history (survey_id);

-- Addresses that are not asked any more, by keyed hash: an erased address stays erased without being kept.
CREATE TABLE suppression (
    address_hash TEXT NOT NULL,
    cause        TEXT NOT NULL CHECK (cause IN ('opted_out', 'bounced', 'complained', 'erased')),
    at           INTEGER NOT NULL,
    address      TEXT,                 -- readable only where an admin entered it
    PRIMARY KEY (address_hash, cause)
) WITHOUT ROWID;

-- Keys of the HTTP API. The secret itself is shown once and kept nowhere.
CREATE TABLE api_key (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    scope       TEXT NOT NULL CHECK (scope IN ('trigger', 'read', 'admin')),
    secret_hash TEXT NOT NULL,         -- SHA-256: the secret is random, so no slow hash is needed
    teammate_id TEXT,                  -- a read key that sees this teammate only
    team        TEXT,                  -- a read key that sees this team only
    made_at     INTEGER NOT NULL,
    revoked_at  INTEGER
);

-- One fact a row: a survey that was asked, or a rating that counts. Every figure of every report is a sum over this.
CREATE VIEW report_facts AS
SELECT accepted_at AS at, teammate_id, team, 1 AS asked, standing IN ('rated', 'locked') AS answered,
       standing = 'held' AS held, standing = 'unrated' AND opened AS unconfirmed,
       0 AS positive, 0 AS terrible, 0 AS bad, 0 AS okay, 0 AS great, 0 AS amazing
FROM survey WHERE mail = 'accepted'
UNION ALL
SELECT rated_at, teammate_id, team, 0, 0, 0, 0, survey.score IN (SELECT score FROM score WHERE positive),
       survey.score = 1, survey.score = 2, survey.score = 3, survey.score = 4, survey.score = 5
FROM survey WHERE standing IN ('rated', 'locked');

-- The ratings that count, one row each.
CREATE VIEW report_ratings AS
SELECT survey.id AS survey_id, conversation_id, strftime('%Y-%m-%dT%H:%M:%SZ', rated_at / 1000, 'unixepoch') AS rated,
       rated_at, score, evidence, standing, comment, teammate_id, teammate.name AS teammate, survey.team, url
FROM survey LEFT JOIN teammate ON teammate.id = survey.teammate_id
WHERE standing IN ('rated', 'locked');

-- Figures of all time, by teammate, team and local day.
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

-- The day is looked up for each fact: a join over two ends of time would try every day for every fact.
CREATE VIEW report_days AS
SELECT (SELECT name FROM day WHERE starts <= at ORDER BY starts DESC LIMIT 1) AS day, sum(asked) AS asked,
       sum(answered) AS answered, sum(terrible + bad + okay + great + amazing) AS ratings, sum(positive) AS positive,
       round(1.0 * sum(positive) / sum(terrible + bad + okay + great + amazing), 4) AS csat, sum(terrible) AS terrible,
       sum(bad) AS bad, sum(okay) AS okay, sum(great) AS great, sum(amazing) AS amazing, sum(held) AS held,
       sum(unconfirmed) AS unconfirmed
FROM report_facts GROUP BY 1;

-- Every decision, one row a reason; an ask has one row without a rule.
CREATE VIEW report_decisions AS
SELECT conversation_id, strftime('%Y-%m-%dT%H:%M:%SZ', closed_at / 1000, 'unixepoch') AS closed,
       strftime('%Y-%m-%dT%H:%M:%SZ', reported_at / 1000, 'unixepoch') AS reported, reported_at, decision,
       reason.value ->> 'rule' AS rule, reason.value ->> 'value' AS value, reason.value ->> 'limit' AS "limit",
       reason.value ->> 'message' AS message, survey_id, teammate_id, team, policy
FROM closing LEFT JOIN json_each(closing.reasons) AS reason;

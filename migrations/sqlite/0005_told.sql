-- What is told to others: events, and a telling of each for every target that wants it. Nothing here is needed for a
-- report, and everything here is deleted after 30 days.

-- The targets of the configuration, written at each start of the service: a command beside it makes events too. No row: no
-- event is stored.
CREATE TABLE target (
    name         TEXT PRIMARY KEY,      -- its section, such as webhook.crm
    kinds        TEXT NOT NULL,         -- the kinds of events that are kept for it, as JSON
    team         TEXT,                  -- only of this team; NULL: all
    teammate_id  TEXT,
    connection   TEXT,
    disabled_at  INTEGER,               -- it said that it is gone; nothing is told until `afterword webhook enable`
    disabled_why TEXT,
    CHECK ((disabled_at IS NULL) = (disabled_why IS NULL))
) STRICT, WITHOUT ROWID;

-- One row per fact. It holds only what the other tables do not: what is told is read from them at each attempt, so that
-- erasing a customer takes the words with it.
CREATE TABLE event (
    number          INTEGER PRIMARY KEY, -- the order in which they happened
    id              BLOB NOT NULL UNIQUE, -- what receivers know it by
    kind            TEXT NOT NULL,
    at              INTEGER NOT NULL,
    survey_id       BLOB,
    connection      TEXT,               -- of survey.skipped, which has no survey: its closing
    conversation_id TEXT,
    closed_at       INTEGER,
    bounce          TEXT,               -- of survey.bounced: what was reported
    CHECK ((survey_id IS NULL) = (closed_at IS NOT NULL))
) STRICT;
CREATE INDEX event_survey ON event (survey_id) WHERE survey_id IS NOT NULL;
CREATE INDEX event_at ON event (at);
-- Finds those of a conversation that nobody is asked about.
CREATE INDEX event_closing ON event (connection, conversation_id) WHERE connection IS NOT NULL;

-- The states are those of the outbox. A table of its own: a long queue of tellings must not stand before a mail.
CREATE TABLE telling (
    event       INTEGER NOT NULL,
    target      TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'accepted', 'failed', 'cancelled')),
    due_at      INTEGER NOT NULL,
    first_due   INTEGER NOT NULL,
    tries       INTEGER NOT NULL,
    accepted_at INTEGER,                -- kept when it is told again
    stop        TEXT,
    note        TEXT,
    owner       BLOB,
    said        TEXT,                   -- what it was told as in its first attempt, or would have been: every attempt says the same
    said_score  INTEGER,
    PRIMARY KEY (event, target),
    CHECK ((state = 'sending') = (owner IS NOT NULL)),
    CHECK ((state = 'cancelled') = (stop IS NOT NULL))
) STRICT, WITHOUT ROWID;
-- Finds what is due for a target: it holds only what is not told yet.
CREATE INDEX telling_due ON telling (target, due_at) WHERE state IN ('waiting', 'sending');
-- Finds what failed.
CREATE INDEX telling_failed ON telling (target, due_at) WHERE state = 'failed';

-- Fetching

-- Closings that were taken, and whose decision waits until the API of their helpdesk told more. A row goes when its closing
-- is decided, which is minutes later.
CREATE TABLE enriching (
    connection      TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    closed_at       INTEGER NOT NULL,
    told_at         INTEGER NOT NULL,   -- when it was reported
    closing         TEXT NOT NULL,      -- as it was reported, as JSON; no text of a message is in it
    addresses       TEXT NOT NULL,      -- a JSON array of the keyed hashes of its addresses, by which erasing finds it
    due_at          INTEGER NOT NULL,
    tries           INTEGER NOT NULL,   -- how many failed
    why             TEXT,               -- why the last one failed
    PRIMARY KEY (connection, conversation_id, closed_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX enriching_due ON enriching (connection, due_at);

-- How fetching the conversation of a closing ended: when, and why it failed; both NULL if nobody tried.
ALTER TABLE closing ADD COLUMN fetched_at INTEGER;
ALTER TABLE closing ADD COLUMN fetch_failed TEXT;

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

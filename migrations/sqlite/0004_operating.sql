-- What an operator looks at when "no mails come": the service's own figures, its refusals, and the mails.

-- The service as it last wrote about itself. It does so every few seconds, so the row is also the proof that the database
-- takes writes, and `afterword status` reads it when the service is down. One row: one service owns a database.
CREATE TABLE service (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    version       TEXT NOT NULL,
    pid           INTEGER NOT NULL,
    started_at    INTEGER NOT NULL,
    seen_at       INTEGER NOT NULL,    -- the last sign of life
    stopped_at    INTEGER,             -- null while it runs, and after a crash
    workers       INTEGER NOT NULL,    -- mail workers that should run
    workers_alive INTEGER NOT NULL,    -- mail workers that do
    worker_panics INTEGER NOT NULL,    -- how often one failed since the start
    degraded      TEXT NOT NULL,       -- a JSON array: what does not work of it, in a sentence each
    last_error    TEXT,                -- why the last attempt to send failed; it outlives a restart
    last_error_at INTEGER
) STRICT;

-- Requests that were answered by an error, by hour and code: a day of hours is kept.
CREATE TABLE refusal (
    hour  INTEGER NOT NULL,            -- its start
    code  TEXT NOT NULL,               -- the code of the error, as the API returns it
    count INTEGER NOT NULL,
    PRIMARY KEY (hour, code)
) STRICT, WITHOUT ROWID;

ALTER TABLE api_key ADD COLUMN expires_at INTEGER; -- null: never
-- The last use, or one of the same day before it: a day that is known already is not written again.
ALTER TABLE api_key ADD COLUMN used_at INTEGER;

-- Finds the mails that failed lately. A failed mail's due_at is the time that it failed; before this version it was up
-- to half an hour later.
CREATE INDEX outbox_failed ON outbox (due_at) WHERE state = 'failed';

-- Every mail, one row each. `reason` is the server's last answer, or why the mail was cancelled. `due` is the next attempt
-- of a mail that waits, and for a failed one the time that it failed.
CREATE VIEW report_mails AS
SELECT lower(substr(hex(outbox.id), 1, 8) || '-' || substr(hex(outbox.id), 9, 4) || '-' || substr(hex(outbox.id), 13, 4) || '-'
           || substr(hex(outbox.id), 17, 4) || '-' || substr(hex(outbox.id), 21)) AS survey_id,
       survey.connection, survey.conversation_id, outbox.state,
       strftime('%Y-%m-%dT%H:%M:%SZ', outbox.first_due / 1000, 'unixepoch') AS first_due,
       strftime('%Y-%m-%dT%H:%M:%SZ', outbox.due_at / 1000, 'unixepoch') AS due,
       strftime('%Y-%m-%dT%H:%M:%SZ', outbox.accepted_at / 1000, 'unixepoch') AS accepted,
       outbox.tries, coalesce(outbox.stop, outbox.note) AS reason, survey.teammate_id, survey.team,
       outbox.first_due AS first_due_at, outbox.due_at, outbox.accepted_at
FROM outbox JOIN survey ON survey.id = outbox.id;

-- The weekly digest, a mail to the team.

-- One mail of a digest: to one address, about one week, of one part of the team. The unique key is why no address gets a
-- week twice, whatever crashes and when. The mail itself is the row of outbox with the same id and the kind 'digest',
-- written in the same transaction. No text is stored: it is composed from the figures when the mail is sent. Rows stay,
-- because the links to opt out name them.
CREATE TABLE digest (
    id       BLOB PRIMARY KEY,
    week     TEXT NOT NULL,            -- its Monday: 2026-11-16
    address  TEXT NOT NULL,            -- in the form that addresses are compared in
    teammate TEXT NOT NULL,            -- of this teammate only; empty for all
    team     TEXT NOT NULL,            -- of this team only; empty for all
    UNIQUE (week, address, teammate, team)
) STRICT, WITHOUT ROWID;

-- Who opted out of which digest. This is apart from suppression: an opt-out of a digest stops no survey, and one of surveys
-- no digest.
CREATE TABLE digest_stop (
    address  TEXT NOT NULL,
    teammate TEXT NOT NULL,
    team     TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (address, teammate, team)
) STRICT, WITHOUT ROWID;

-- WRITE_DUMP=1 cargo test --test it the_newest_schema_has_a_dump
-- writes this. It ends at 2026-11-22T10:21:33Z.
-- aw_admin_f7fa5aa67021_d07f85fff9eea6ff5ffddefa94410aed8274f4a2c7e186e087a986a90ef29d33
-- /r/AUkRAaICssUAdN29-HYshE2HmX6u7-dzPggrky02XeUbqJA
-- /r/AUkSAaICssUAdN29-HYshE2HmWaK8E5jnDElvFogGn_fzDM
-- /r/AUkTAaICssUAdN29-HYshE2HmdQ600BPe9oLa8vUX7jrpfk
-- /r/AUkUAaICssUAdN29-HYshE2Hmew5BMUTtA8rtouRu6pcjqQ
-- /r/AUkVAaICssUAdN29-HYshE2HmX9dS3-ziaOGeAV79Zo6ZKk
-- /u/AUkgAaICssUAdN29-HYshE2Hmdh_GJm-sR_zabWcTD9Q9gA

CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO _sqlx_migrations VALUES (1, 'start', '2026-11-22 10:00:00', 1, X'1449337039B82EAAF8A5F6FAE6738E4C306B223BF96AE3904764E62C61D97F7E38B368F447FFBD79AEDBD3E8C0269357', 0);
INSERT INTO _sqlx_migrations VALUES (2, 'operating', '2026-11-22 10:00:00', 1, X'D0AEA9F267C921D673D5CB55FB5DF6DCF20CFA41160FE3DA49AE8EFFB99BFC8B7587A2DE0AF12EFED4011D7A340A4551', 0);
INSERT INTO _sqlx_migrations VALUES (3, 'one click', '2026-11-22 10:00:00', 1, X'F318F4E613ED8008674DF14F0BC6FD76F07900E5188D3ACE5541710CFE574315D51CAD9DF20CC6B8A0E3E4A2AADD43BB', 0);

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO setting VALUES ('address_key', 'acdf0f0a03fdb0fa');
INSERT INTO setting VALUES ('service', '8e8a3308-a06a-47a4-9708-915ede900a2a');
INSERT INTO setting VALUES ('timezone', 'UTC');

CREATE TABLE score (
    score    INTEGER PRIMARY KEY CHECK (score BETWEEN 1 AND 5),
    positive INTEGER NOT NULL CHECK (positive IN (0, 1))
) STRICT;
INSERT INTO score VALUES (1, 0);
INSERT INTO score VALUES (2, 0);
INSERT INTO score VALUES (3, 0);
INSERT INTO score VALUES (4, 1);
INSERT INTO score VALUES (5, 1);

CREATE TABLE day (
    name   TEXT PRIMARY KEY,           -- 2026-11-22
    starts INTEGER NOT NULL UNIQUE,
    ends   INTEGER NOT NULL            -- exclusive: the start of the next day
) STRICT;


CREATE TABLE teammate (
    id       TEXT PRIMARY KEY,
    name     TEXT,
    email    TEXT,
    team     TEXT,
    named_at INTEGER NOT NULL          -- closed_at of that closing: an older one must not change the name
) STRICT, WITHOUT ROWID;
INSERT INTO teammate VALUES ('t7', 'Grace', 'grace@example.com', 'Billing', 1795342833000);
INSERT INTO teammate VALUES ('t8', 'Linus', NULL, NULL, 1795342833000);

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
    reasons          TEXT NOT NULL, address_hash TEXT,    -- of 'skip': a JSON array of {rule, value, limit, message}
    PRIMARY KEY (connection, conversation_id, closed_at)
) STRICT, WITHOUT ROWID;
INSERT INTO closing VALUES ('', 'bounced', 1795341600000, 1795341600000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795341480000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202B2C500764DB4B943DCD2529CF6', 1795341600000, '[]', 'eda29d953ab121d49998ed714badb200');
INSERT INTO closing VALUES ('', 'failed', 1795342833000, 1795342833000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795342713000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202C595687893B0FFAA8790997635', 1795342833000, '[]', '96368c43388f2781a4f197abaaecf5d9');
INSERT INTO closing VALUES ('', 'held', 1795341600000, 1795341600000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795341480000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202B2C5007C7EA4303E77B5D0CFE6', 1795341600000, '[]', 'b433fbc68d11756c5d5ab8f816204763');
INSERT INTO closing VALUES ('', 'left', 1795341600000, 1795341600000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795341480000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202B2C500707EBF3371BB9C86ED1D', 1795341600000, '[]', '76fad80de44a8191f11b8f8b3ed49f73');
INSERT INTO closing VALUES ('', 'locked', 1795341600000, 1795341600000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795341480000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202B2C500766F9946264E54049667', 1795341600000, '[]', '8ce06a053d1f8b3a26e21ae8e1fb6bb3');
INSERT INTO closing VALUES ('', 'looked', 1795341600000, 1795341600000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795341480000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202B2C500782892CA2D4BB73E0DAE', 1795341600000, '[]', 'fbd35866c93d336c3ece6bdeabbaa7ea');
INSERT INTO closing VALUES ('', 'rated', 1795341600000, 1795341600000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795341480000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202B2C50077C5BF7BF8B699CE96DB', 1795341600000, '[]', '846798398f0939ec7dc585716dff69da');
INSERT INTO closing VALUES ('', 'reopened', 1795342833000, 1795342833000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795342713000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202C595687F2F9A5F18345F873D19', 1795342833000, '[]', 'ddf81e138b9802f5eafb14632e3670d3');
INSERT INTO closing VALUES ('', 'sending', 1795342833000, 1795342833000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795342713000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202C5956878E29F9C540ABAEE123E', 1795342833000, '[]', '309b9597e53c1b48fcd86ac2c00d8feb');
INSERT INTO closing VALUES ('', 'short', 1795342833000, 1795342833000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 9, 1795342713000, 1, 1, 't8', NULL, '[]', NULL, 'skip', NULL, NULL, '[{"rule":"too_short","value":9,"limit":250,"message":"9 characters were written: asking takes more than 250"}]', '48d734fd7ab8c500bc825058f72ff507');
INSERT INTO closing VALUES ('', 'silent', 1795341600000, 1795341600000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795341480000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202B2C50074DDBDF8762C844D8799', 1795341600000, '[]', '91c42bb7350b4474ec1de28c7ae53d3a');
INSERT INTO closing VALUES ('', 'voided', 1795341600000, 1795341600000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795341480000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202B2C5007B1E8B034D9B6CCF1FD6', 1795341600000, '[]', '33696c24849b734eab9cb5318d1b60e5');
INSERT INTO closing VALUES ('', 'waiting', 1795342833000, 1795342833000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795342713000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202C5956877548891F4E0BE58C721', 1795342833000, '[]', '453c66e910fcaaa51a972e98b5b0156d');

CREATE TABLE reopening (
    connection      TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    reopened_at     INTEGER NOT NULL,
    PRIMARY KEY (connection, conversation_id, reopened_at)
) STRICT, WITHOUT ROWID;
INSERT INTO reopening VALUES ('', 'reopened', 1795342833000);
INSERT INTO reopening VALUES ('', 'unknown', 1795342833000);

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
INSERT INTO survey VALUES (X'01A202B2C500707EBF3371BB9C86ED1D', '', 'left', 1795341600000, 1795341600000, '76fad80de44a8191f11b8f8b3ed49f73', 'left@example.com', 'left', 'left', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202B2C50074DDBDF8762C844D8799', '', 'silent', 1795341600000, 1795341600000, '91c42bb7350b4474ec1de28c7ae53d3a', 'silent@example.com', 'silent', 'silent', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202B2C500764DB4B943DCD2529CF6', '', 'bounced', 1795341600000, 1795341600000, 'eda29d953ab121d49998ed714badb200', 'bounced@example.com', 'bounced', 'bounced', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202B2C500766F9946264E54049667', '', 'locked', 1795341600000, 1795341600000, '8ce06a053d1f8b3a26e21ae8e1fb6bb3', 'locked@example.com', 'locked', 'locked', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202B2C50077C5BF7BF8B699CE96DB', '', 'rated', 1795341600000, 1795341600000, '846798398f0939ec7dc585716dff69da', 'rated@example.com', 'rated', 'rated', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202B2C500782892CA2D4BB73E0DAE', '', 'looked', 1795341600000, 1795341600000, 'fbd35866c93d336c3ece6bdeabbaa7ea', 'looked@example.com', 'looked', 'looked', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202B2C5007B1E8B034D9B6CCF1FD6', '', 'voided', 1795341600000, 1795341600000, '33696c24849b734eab9cb5318d1b60e5', 'voided@example.com', 'voided', 'voided', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202B2C5007C7EA4303E77B5D0CFE6', '', 'held', 1795341600000, 1795341600000, 'b433fbc68d11756c5d5ab8f816204763', 'held@example.com', 'held', 'held', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202C5956877548891F4E0BE58C721', '', 'waiting', 1795342833000, 1795342833000, '453c66e910fcaaa51a972e98b5b0156d', 'waiting@example.com', 'waiting', 'waiting', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202C595687893B0FFAA8790997635', '', 'failed', 1795342833000, 1795342833000, '96368c43388f2781a4f197abaaecf5d9', 'failed@example.com', 'failed', 'failed', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202C5956878E29F9C540ABAEE123E', '', 'sending', 1795342833000, 1795342833000, '309b9597e53c1b48fcd86ac2c00d8feb', 'sending@example.com', 'sending', 'sending', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202C595687F2F9A5F18345F873D19', '', 'reopened', 1795342833000, 1795342833000, 'ddf81e138b9802f5eafb14632e3670d3', 'reopened@example.com', 'reopened', 'reopened', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);

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
INSERT INTO outbox VALUES (X'01A202B2C500707EBF3371BB9C86ED1D', 'request', 'accepted', 1795343400000, 1795341600000, 1, 1795341600000, NULL, NULL, NULL);
INSERT INTO outbox VALUES (X'01A202B2C50074DDBDF8762C844D8799', 'request', 'accepted', 1795343400000, 1795341600000, 1, 1795341600000, NULL, NULL, NULL);
INSERT INTO outbox VALUES (X'01A202B2C500764DB4B943DCD2529CF6', 'request', 'accepted', 1795343400000, 1795341600000, 1, 1795341600000, NULL, 'hard bounce: 550 unknown', NULL);
INSERT INTO outbox VALUES (X'01A202B2C500766F9946264E54049667', 'request', 'accepted', 1795343400000, 1795341600000, 1, 1795341600000, NULL, NULL, NULL);
INSERT INTO outbox VALUES (X'01A202B2C50077C5BF7BF8B699CE96DB', 'request', 'accepted', 1795343400000, 1795341600000, 1, 1795341600000, NULL, NULL, NULL);
INSERT INTO outbox VALUES (X'01A202B2C500782892CA2D4BB73E0DAE', 'request', 'accepted', 1795343400000, 1795341600000, 1, 1795341600000, NULL, NULL, NULL);
INSERT INTO outbox VALUES (X'01A202B2C5007B1E8B034D9B6CCF1FD6', 'request', 'accepted', 1795343400000, 1795341600000, 1, 1795341600000, NULL, NULL, NULL);
INSERT INTO outbox VALUES (X'01A202B2C5007C7EA4303E77B5D0CFE6', 'request', 'accepted', 1795343400000, 1795341600000, 1, 1795341600000, NULL, NULL, NULL);
INSERT INTO outbox VALUES (X'01A202C5956877548891F4E0BE58C721', 'request', 'waiting', 1795342863154, 1795342833000, 1, NULL, NULL, '451 later', NULL);
INSERT INTO outbox VALUES (X'01A202C595687893B0FFAA8790997635', 'request', 'failed', 1795342833000, 1795342833000, 1, NULL, NULL, '550 no such user', NULL);
INSERT INTO outbox VALUES (X'01A202C5956878E29F9C540ABAEE123E', 'request', 'sending', 1795342864612, 1795342833000, 1, NULL, NULL, '451 later', X'8E8A3308A06A47A49708915EDE900A2A');
INSERT INTO outbox VALUES (X'01A202C595687F2F9A5F18345F873D19', 'request', 'cancelled', 1795342879856, 1795342833000, 1, NULL, 'reopened', '451 later', NULL);

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
    comment      TEXT, erased_at INTEGER, page_click INTEGER NOT NULL DEFAULT 0 CHECK (page_click IN (0, 1)), opened TEXT,
    CHECK ((standing = 'voided') = (voided_from IS NOT NULL)),
    CHECK ((coalesce(voided_from, standing) = 'unrated') = (score IS NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO rating VALUES (X'01A202B2C500707EBF3371BB9C86ED1D', 1795341600000, 't7', 'Billing', NULL, NULL, 'unrated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);
INSERT INTO rating VALUES (X'01A202B2C50074DDBDF8762C844D8799', 1795341600000, 't7', 'Billing', NULL, NULL, 'unrated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);
INSERT INTO rating VALUES (X'01A202B2C500764DB4B943DCD2529CF6', 1795341600000, 't7', 'Billing', NULL, NULL, 'unrated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);
INSERT INTO rating VALUES (X'01A202B2C500766F9946264E54049667', 1795341600000, 't7', 'Billing', NULL, NULL, 'locked', NULL, 1, 'commented', 1795342820000, 3744642380672894181, 1795342810000, NULL, 'It''s still broken.
Thank you.', NULL, 0, 'other_later');
INSERT INTO rating VALUES (X'01A202B2C50077C5BF7BF8B699CE96DB', 1795341600000, 't7', 'Billing', NULL, NULL, 'rated', NULL, 4, 'pressed', 1795342810000, 236672166013981959, 1795342210000, NULL, NULL, NULL, 0, 'other_later');
INSERT INTO rating VALUES (X'01A202B2C500782892CA2D4BB73E0DAE', 1795341600000, 't7', 'Billing', NULL, NULL, 'unrated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 'other_later');
INSERT INTO rating VALUES (X'01A202B2C5007B1E8B034D9B6CCF1FD6', 1795341600000, 't7', 'Billing', NULL, NULL, 'voided', 'rated', 1, 'pressed', 1795342833000, 1230006121067074181, 1795342823000, NULL, NULL, NULL, 0, 'other_later');
INSERT INTO rating VALUES (X'01A202B2C5007C7EA4303E77B5D0CFE6', 1795341600000, 't7', 'Billing', NULL, NULL, 'held', NULL, 5, 'seen', 1795342823000, 686084926112401885, 1795342820000, 1795342823000, NULL, NULL, 0, 'other_later');
INSERT INTO rating VALUES (X'01A202C5956877548891F4E0BE58C721', NULL, 't7', 'Billing', NULL, NULL, 'unrated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);
INSERT INTO rating VALUES (X'01A202C595687893B0FFAA8790997635', NULL, 't7', 'Billing', NULL, NULL, 'unrated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);
INSERT INTO rating VALUES (X'01A202C5956878E29F9C540ABAEE123E', NULL, 't7', 'Billing', NULL, NULL, 'unrated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);
INSERT INTO rating VALUES (X'01A202C595687F2F9A5F18345F873D19', NULL, 't7', 'Billing', NULL, NULL, 'unrated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);

CREATE TABLE clicks (
    survey_id BLOB PRIMARY KEY,
    trail     TEXT NOT NULL            -- the newest views [at, score], tries [at, page, score, how] and hot spans [from,
                                       -- until] as JSON: they are always read whole
) STRICT, WITHOUT ROWID;
INSERT INTO clicks VALUES (X'01A202B2C500766F9946264E54049667', '{"views":[[1795342810000,1,0]],"tries":[],"hot":[]}');
INSERT INTO clicks VALUES (X'01A202B2C50077C5BF7BF8B699CE96DB', '{"views":[[1795342200000,3,0],[1795342210000,3,0]],"tries":[[1795342210000,4385571543972652928,3,"pressed",false],[1795342810000,236672166013981959,4,"pressed",false]],"hot":[]}');
INSERT INTO clicks VALUES (X'01A202B2C500782892CA2D4BB73E0DAE', '{"views":[[1795342200000,4,0]],"tries":[],"hot":[]}');
INSERT INTO clicks VALUES (X'01A202B2C5007B1E8B034D9B6CCF1FD6', '{"views":[[1795342823000,1,0]],"tries":[[1795342833000,1230006121067074181,1,"pressed",false]],"hot":[]}');
INSERT INTO clicks VALUES (X'01A202B2C5007C7EA4303E77B5D0CFE6', '{"views":[[1795342820000,5,0],[1795342823000,1,0]],"tries":[[1795342823000,686084926112401885,5,"seen",false]],"hot":[[1795342823000,1795343123000]]}');

CREATE TABLE history (
    survey_id BLOB NOT NULL,
    number    INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    kind      TEXT NOT NULL,           -- rated, held, commented; no CHECK, because more kinds will come
    score     INTEGER NOT NULL,
    evidence  TEXT NOT NULL,
    PRIMARY KEY (survey_id, number)
) STRICT, WITHOUT ROWID;
INSERT INTO history VALUES (X'01A202B2C500766F9946264E54049667', 1, 1795342820000, 'commented', 1, 'commented');
INSERT INTO history VALUES (X'01A202B2C50077C5BF7BF8B699CE96DB', 1, 1795342210000, 'rated', 3, 'pressed');
INSERT INTO history VALUES (X'01A202B2C50077C5BF7BF8B699CE96DB', 2, 1795342810000, 'rated', 4, 'pressed');
INSERT INTO history VALUES (X'01A202B2C5007B1E8B034D9B6CCF1FD6', 1, 1795342833000, 'rated', 1, 'pressed');
INSERT INTO history VALUES (X'01A202B2C5007C7EA4303E77B5D0CFE6', 1, 1795342823000, 'rated', 5, 'seen');
INSERT INTO history VALUES (X'01A202B2C5007C7EA4303E77B5D0CFE6', 2, 1795342823000, 'held', 5, 'seen');

CREATE TABLE suppression (
    address_hash TEXT NOT NULL,
    cause        TEXT NOT NULL,        -- opted_out, bounced, complained, erased; no CHECK, because more causes will come
    at           INTEGER NOT NULL,
    address      TEXT,                 -- only if an admin entered it
    PRIMARY KEY (address_hash, cause)
) STRICT, WITHOUT ROWID;
INSERT INTO suppression VALUES ('634a0f18fb219be1a20dd198f6203c9b', 'erased', 1795342833000, NULL);
INSERT INTO suppression VALUES ('76fad80de44a8191f11b8f8b3ed49f73', 'opted_out', 1795342833000, NULL);
INSERT INTO suppression VALUES ('ba84ed712d05f22822323799b1ac3a76', 'complained', 1795342833000, 'complained@example.com');
INSERT INTO suppression VALUES ('eda29d953ab121d49998ed714badb200', 'bounced', 1795342833000, NULL);

CREATE TABLE api_key (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    scope       TEXT NOT NULL CHECK (scope IN ('trigger', 'read', 'admin')),
    secret_hash TEXT NOT NULL,         -- SHA-256: the secret is random, so no slow hash is needed
    teammate_id TEXT,                  -- limits a read key to this teammate
    team        TEXT,                  -- limits a read key to this team
    made_at     INTEGER NOT NULL,
    revoked_at  INTEGER
, expires_at INTEGER, used_at INTEGER) STRICT, WITHOUT ROWID;
INSERT INTO api_key VALUES ('3646a442ad17', 'test', 'read', '973b78b6df3a9a9dbef5b19bb7076d5dd890a7678246f889494b6c35734a9374', 't7', 'Billing', 1795342893000, NULL, NULL, NULL);
INSERT INTO api_key VALUES ('ac2c389fe3c3', 'test', 'trigger', '92273fe4bc80300bdded713b49b9ff3e73b83fa5d745341bfc1cacb5a12c7b62', NULL, NULL, 1795342833000, 1795342893000, NULL, NULL);
INSERT INTO api_key VALUES ('f7fa5aa67021', 'tests', 'admin', '7cca99a6c6113663b43dafe49e311fbbfb8f8922c07b3567801abb18e62ed1b5', NULL, NULL, 1795341600000, NULL, NULL, NULL);

CREATE TABLE sending_pause (
    only_row INTEGER NOT NULL UNIQUE DEFAULT 1 CHECK (only_row = 1), -- no primary key: as a row's number it has no default
    since    INTEGER NOT NULL,
    why      TEXT NOT NULL              -- for people, one line
) STRICT;


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


CREATE TABLE refusal (
    hour  INTEGER NOT NULL,            -- its start
    code  TEXT NOT NULL,               -- the code of the error, as the API returns it
    count INTEGER NOT NULL,
    PRIMARY KEY (hour, code)
) STRICT, WITHOUT ROWID;


CREATE INDEX survey_conversation ON survey (connection, conversation_id);

CREATE INDEX survey_address ON survey (address_hash, made_at);

CREATE INDEX outbox_due ON outbox (due_at) WHERE state IN ('waiting', 'sending');

CREATE INDEX rating_rated ON rating (rated_at, teammate_id, team, score, standing) WHERE standing IN ('rated', 'locked');

CREATE INDEX rating_teammate ON rating (teammate_id, rated_at) WHERE standing IN ('rated', 'locked');

CREATE INDEX outbox_unsent ON outbox (first_due, state) WHERE state IN ('waiting', 'sending', 'failed');

CREATE INDEX rating_erasable ON rating (survey_id) WHERE erased_at IS NULL;

CREATE INDEX closing_address ON closing (address_hash) WHERE address_hash IS NOT NULL;

CREATE INDEX closing_erasable ON closing (reported_at) WHERE subject IS NOT NULL OR url IS NOT NULL;

CREATE INDEX closing_skipped ON closing (reported_at) WHERE survey_id IS NULL;

CREATE INDEX reopening_age ON reopening (reopened_at);

CREATE INDEX outbox_failed ON outbox (due_at) WHERE state = 'failed';

CREATE INDEX rating_asked ON rating (asked_at, teammate_id, team, standing, opened)
WHERE asked_at IS NOT NULL AND standing <> 'voided';

CREATE TRIGGER rating_locked BEFORE UPDATE OF standing, voided_from, score, comment ON rating
WHEN coalesce(OLD.voided_from, OLD.standing) = 'locked' AND (
    coalesce(NEW.voided_from, NEW.standing) <> 'locked' OR NEW.score IS NOT OLD.score
    OR (NEW.comment IS NOT OLD.comment AND NEW.comment IS NOT NULL)
)
BEGIN
    SELECT RAISE(ABORT, 'a commented rating is locked');
END;

CREATE VIEW report_ratings AS
SELECT lower(substr(hex(rating.survey_id), 1, 8) || '-' || substr(hex(rating.survey_id), 9, 4) || '-' || substr(hex(rating.survey_id), 13, 4) || '-'
           || substr(hex(rating.survey_id), 17, 4) || '-' || substr(hex(rating.survey_id), 21)) AS survey_id, connection, conversation_id,
       strftime('%Y-%m-%dT%H:%M:%SZ', rated_at / 1000, 'unixepoch') AS rated,
       rated_at, score, evidence, standing, comment, rating.teammate_id, teammate.name AS teammate, rating.team, url,
       rating.survey_id AS survey_key
FROM rating JOIN survey ON survey.id = rating.survey_id LEFT JOIN teammate ON teammate.id = rating.teammate_id
WHERE standing IN ('rated', 'locked');

CREATE VIEW report_decisions AS
SELECT connection, conversation_id, strftime('%Y-%m-%dT%H:%M:%SZ', closed_at / 1000, 'unixepoch') AS closed,
       strftime('%Y-%m-%dT%H:%M:%SZ', reported_at / 1000, 'unixepoch') AS reported, reported_at, decision,
       reason.value ->> 'rule' AS rule, reason.value ->> 'value' AS value, reason.value ->> 'limit' AS "limit",
       reason.value ->> 'message' AS message,
       lower(substr(hex(survey_id), 1, 8) || '-' || substr(hex(survey_id), 9, 4) || '-' || substr(hex(survey_id), 13, 4) || '-'
           || substr(hex(survey_id), 17, 4) || '-' || substr(hex(survey_id), 21)) AS survey_id, teammate_id, team, policy
FROM closing LEFT JOIN json_each(closing.reasons) AS reason;

CREATE VIEW report_mails AS
SELECT lower(substr(hex(outbox.id), 1, 8) || '-' || substr(hex(outbox.id), 9, 4) || '-' || substr(hex(outbox.id), 13, 4) || '-'
           || substr(hex(outbox.id), 17, 4) || '-' || substr(hex(outbox.id), 21)) AS survey_id,
       survey.connection, survey.conversation_id, outbox.state,
       strftime('%Y-%m-%dT%H:%M:%SZ', outbox.first_due / 1000, 'unixepoch') AS first_due,
       CASE WHEN state IN ('waiting', 'sending', 'failed')
           THEN strftime('%Y-%m-%dT%H:%M:%SZ', outbox.due_at / 1000, 'unixepoch') END AS due,
       strftime('%Y-%m-%dT%H:%M:%SZ', outbox.accepted_at / 1000, 'unixepoch') AS accepted,
       outbox.tries, coalesce(outbox.stop, outbox.note) AS reason, survey.teammate_id, survey.team,
       outbox.first_due AS first_due_at, outbox.due_at, outbox.accepted_at
FROM outbox JOIN survey ON survey.id = outbox.id;

CREATE VIEW report_facts AS
SELECT asked_at AS at, teammate_id, team, 1 AS asked, standing IN ('rated', 'locked') AS answered,
       standing = 'held' AS held, standing = 'unrated' AND opened IS NOT NULL AS unconfirmed,
       standing = 'unrated' AND opened IS 'phone_young' AS unconfirmed_phone_young,
       standing = 'unrated' AND opened IS 'phone_later' AS unconfirmed_phone_later,
       standing = 'unrated' AND opened IS 'other_young' AS unconfirmed_other_young,
       standing = 'unrated' AND opened IS 'other_later' AS unconfirmed_other_later,
       0 AS positive, 0 AS terrible, 0 AS bad, 0 AS okay, 0 AS great, 0 AS amazing, 0 AS waiting, 0 AS failed
FROM rating WHERE asked_at IS NOT NULL AND standing <> 'voided'
UNION ALL
SELECT rated_at, teammate_id, team, 0, 0, 0, 0, 0, 0, 0, 0, rating.score IN (SELECT score FROM score WHERE positive),
       rating.score = 1, rating.score = 2, rating.score = 3, rating.score = 4, rating.score = 5, 0, 0
FROM rating WHERE standing IN ('rated', 'locked')
UNION ALL
-- By the time that the mail was first to go out: it never did.
SELECT first_due, teammate_id, team, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, state <> 'failed', state = 'failed'
FROM outbox CROSS JOIN rating ON rating.survey_id = outbox.id
WHERE state IN ('waiting', 'sending', 'failed') AND standing <> 'voided';

CREATE VIEW report_teammates AS
SELECT teammate_id, (SELECT name FROM teammate WHERE id = teammate_id) AS teammate, sum(asked) AS asked,
       sum(answered) AS answered, sum(terrible + bad + okay + great + amazing) AS ratings, sum(positive) AS positive,
       round(1.0 * sum(positive) / sum(terrible + bad + okay + great + amazing), 4) AS csat, sum(terrible) AS terrible,
       sum(bad) AS bad, sum(okay) AS okay, sum(great) AS great, sum(amazing) AS amazing, sum(held) AS held,
       sum(unconfirmed) AS unconfirmed, sum(waiting) AS waiting, sum(failed) AS failed,
       sum(unconfirmed_phone_young) AS unconfirmed_phone_young, sum(unconfirmed_phone_later) AS unconfirmed_phone_later,
       sum(unconfirmed_other_young) AS unconfirmed_other_young, sum(unconfirmed_other_later) AS unconfirmed_other_later
FROM report_facts GROUP BY teammate_id;

CREATE VIEW report_teams AS
SELECT team, sum(asked) AS asked,
       sum(answered) AS answered, sum(terrible + bad + okay + great + amazing) AS ratings, sum(positive) AS positive,
       round(1.0 * sum(positive) / sum(terrible + bad + okay + great + amazing), 4) AS csat, sum(terrible) AS terrible,
       sum(bad) AS bad, sum(okay) AS okay, sum(great) AS great, sum(amazing) AS amazing, sum(held) AS held,
       sum(unconfirmed) AS unconfirmed, sum(waiting) AS waiting, sum(failed) AS failed,
       sum(unconfirmed_phone_young) AS unconfirmed_phone_young, sum(unconfirmed_phone_later) AS unconfirmed_phone_later,
       sum(unconfirmed_other_young) AS unconfirmed_other_young, sum(unconfirmed_other_later) AS unconfirmed_other_later
FROM report_facts GROUP BY team;

CREATE VIEW report_days AS
SELECT (SELECT name FROM day WHERE starts <= at ORDER BY starts DESC LIMIT 1) AS day, sum(asked) AS asked,
       sum(answered) AS answered, sum(terrible + bad + okay + great + amazing) AS ratings, sum(positive) AS positive,
       round(1.0 * sum(positive) / sum(terrible + bad + okay + great + amazing), 4) AS csat, sum(terrible) AS terrible,
       sum(bad) AS bad, sum(okay) AS okay, sum(great) AS great, sum(amazing) AS amazing, sum(held) AS held,
       sum(unconfirmed) AS unconfirmed, sum(waiting) AS waiting, sum(failed) AS failed,
       sum(unconfirmed_phone_young) AS unconfirmed_phone_young, sum(unconfirmed_phone_later) AS unconfirmed_phone_later,
       sum(unconfirmed_other_young) AS unconfirmed_other_young, sum(unconfirmed_other_later) AS unconfirmed_other_later
FROM report_facts GROUP BY 1;

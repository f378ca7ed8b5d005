-- WRITE_DUMP=1 cargo test --test it the_newest_schema_has_a_dump
-- writes this. It ends at 2026-11-22T10:21:33Z.
-- aw_admin_fe28d64b5fe2_b93e5e7b0a9e73f39b974c55c52767bd5b40eaae40867d33869451dd5732a15f
-- /r/AUkRAaICssUAftiiqKgjxkdQ4kZunR6So3ter2nU0sV-BoA
-- /r/AUkSAaICssUAftiiqKgjxkdQ4iKcPFt_jf0GLmSttY0J6nQ
-- /r/AUkTAaICssUAftiiqKgjxkdQ4lTLtne5virsyNOAA2LdA3g
-- /r/AUkUAaICssUAftiiqKgjxkdQ4h5cTrZMf2FkCu8axS3vh_8
-- /r/AUkVAaICssUAftiiqKgjxkdQ4oJ8j-OQsnlZZ_yiYm5pCx0
-- /u/AUkgAaICssUAftiiqKgjxkdQ4kJNF70PasqoQ-QhKRlPIRM

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
INSERT INTO _sqlx_migrations VALUES (3, 'one click', '2026-11-22 10:00:00', 1, X'6DBE7820F0E1A8E52557DADA82BD8E2E4C976AF803664906D1532D32A4FE461F260062B22A3450E818AB544FE75E666C', 0);
INSERT INTO _sqlx_migrations VALUES (4, 'cuts', '2026-11-22 10:00:00', 1, X'A875DE73752A96AFBEA4EF2782727F598F66BDCFB60E2BD344EB3B26D269F8C38BD9F2D9C8FB233F6015CC2DD9B72F5F', 0);

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO setting VALUES ('address_key', 'acdf0f0a03fdb0fa');
INSERT INTO setting VALUES ('service', 'cb4c4b07-f011-4d6e-9b06-e3cb5f9f2de1');
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
INSERT INTO closing VALUES ('', 'bounced', 1795341600000, 1795341600000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795341480000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202B2C50075EFBC7D1B0170ACBEFE', 1795341600000, '[]', 'eda29d953ab121d49998ed714badb200');
INSERT INTO closing VALUES ('', 'failed', 1795342833000, 1795342833000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795342713000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202C5956871939E80F96E47B2BC04', 1795342833000, '[]', '96368c43388f2781a4f197abaaecf5d9');
INSERT INTO closing VALUES ('', 'held', 1795341600000, 1795341600000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795341480000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202B2C500703489FA7E8D0CECCD73', 1795341600000, '[]', 'b433fbc68d11756c5d5ab8f816204763');
INSERT INTO closing VALUES ('', 'left', 1795341600000, 1795341600000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795341480000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202B2C5007EF18973E88CCD77CC52', 1795341600000, '[]', '76fad80de44a8191f11b8f8b3ed49f73');
INSERT INTO closing VALUES ('', 'locked', 1795341600000, 1795341600000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795341480000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202B2C5007CB794A842AB6CBF7536', 1795341600000, '[]', '8ce06a053d1f8b3a26e21ae8e1fb6bb3');
INSERT INTO closing VALUES ('', 'looked', 1795341600000, 1795341600000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795341480000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202B2C5007D488F5F15F65DA4E082', 1795341600000, '[]', 'fbd35866c93d336c3ece6bdeabbaa7ea');
INSERT INTO closing VALUES ('', 'rated', 1795341600000, 1795341600000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795341480000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202B2C500731BA192652C7A2C9B4F', 1795341600000, '[]', '846798398f0939ec7dc585716dff69da');
INSERT INTO closing VALUES ('', 'reopened', 1795342833000, 1795342833000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795342713000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202C595687481BDFC09FA11CD0E0C', 1795342833000, '[]', 'ddf81e138b9802f5eafb14632e3670d3');
INSERT INTO closing VALUES ('', 'sending', 1795342833000, 1795342833000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795342713000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202C595687983A06B37BDA561FB14', 1795342833000, '[]', '309b9597e53c1b48fcd86ac2c00d8feb');
INSERT INTO closing VALUES ('', 'short', 1795342833000, 1795342833000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 9, 1795342713000, 1, 1, 't8', NULL, '[]', NULL, 'skip', NULL, NULL, '[{"rule":"too_short","value":9,"limit":250,"message":"9 characters were written: asking takes more than 250"}]', '48d734fd7ab8c500bc825058f72ff507');
INSERT INTO closing VALUES ('', 'silent', 1795341600000, 1795341600000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795341480000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202B2C5007ED8A2A8A823C64750E2', 1795341600000, '[]', '91c42bb7350b4474ec1de28c7ae53d3a');
INSERT INTO closing VALUES ('', 'voided', 1795341600000, 1795341600000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795341480000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202B2C50074C5B2AA31842E816095', 1795341600000, '[]', '33696c24849b734eab9cb5318d1b60e5');
INSERT INTO closing VALUES ('', 'waiting', 1795342833000, 1795342833000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795342713000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202C5956876C19631A9AF5315EBC5', 1795342833000, '[]', '453c66e910fcaaa51a972e98b5b0156d');

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
INSERT INTO survey VALUES (X'01A202B2C500703489FA7E8D0CECCD73', '', 'held', 1795341600000, 1795341600000, 'b433fbc68d11756c5d5ab8f816204763', 'held@example.com', 'held', 'held', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202B2C500731BA192652C7A2C9B4F', '', 'rated', 1795341600000, 1795341600000, '846798398f0939ec7dc585716dff69da', 'rated@example.com', 'rated', 'rated', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202B2C50074C5B2AA31842E816095', '', 'voided', 1795341600000, 1795341600000, '33696c24849b734eab9cb5318d1b60e5', 'voided@example.com', 'voided', 'voided', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202B2C50075EFBC7D1B0170ACBEFE', '', 'bounced', 1795341600000, 1795341600000, 'eda29d953ab121d49998ed714badb200', 'bounced@example.com', 'bounced', 'bounced', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202B2C5007CB794A842AB6CBF7536', '', 'locked', 1795341600000, 1795341600000, '8ce06a053d1f8b3a26e21ae8e1fb6bb3', 'locked@example.com', 'locked', 'locked', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202B2C5007D488F5F15F65DA4E082', '', 'looked', 1795341600000, 1795341600000, 'fbd35866c93d336c3ece6bdeabbaa7ea', 'looked@example.com', 'looked', 'looked', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202B2C5007ED8A2A8A823C64750E2', '', 'silent', 1795341600000, 1795341600000, '91c42bb7350b4474ec1de28c7ae53d3a', 'silent@example.com', 'silent', 'silent', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202B2C5007EF18973E88CCD77CC52', '', 'left', 1795341600000, 1795341600000, '76fad80de44a8191f11b8f8b3ed49f73', 'left@example.com', 'left', 'left', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202C5956871939E80F96E47B2BC04', '', 'failed', 1795342833000, 1795342833000, '96368c43388f2781a4f197abaaecf5d9', 'failed@example.com', 'failed', 'failed', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202C595687481BDFC09FA11CD0E0C', '', 'reopened', 1795342833000, 1795342833000, 'ddf81e138b9802f5eafb14632e3670d3', 'reopened@example.com', 'reopened', 'reopened', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202C5956876C19631A9AF5315EBC5', '', 'waiting', 1795342833000, 1795342833000, '453c66e910fcaaa51a972e98b5b0156d', 'waiting@example.com', 'waiting', 'waiting', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202C595687983A06B37BDA561FB14', '', 'sending', 1795342833000, 1795342833000, '309b9597e53c1b48fcd86ac2c00d8feb', 'sending@example.com', 'sending', 'sending', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);

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
INSERT INTO outbox VALUES (X'01A202B2C500703489FA7E8D0CECCD73', 'request', 'accepted', 1795343400000, 1795341600000, 1, 1795341600000, NULL, NULL, NULL);
INSERT INTO outbox VALUES (X'01A202B2C500731BA192652C7A2C9B4F', 'request', 'accepted', 1795343400000, 1795341600000, 1, 1795341600000, NULL, NULL, NULL);
INSERT INTO outbox VALUES (X'01A202B2C50074C5B2AA31842E816095', 'request', 'accepted', 1795343400000, 1795341600000, 1, 1795341600000, NULL, NULL, NULL);
INSERT INTO outbox VALUES (X'01A202B2C50075EFBC7D1B0170ACBEFE', 'request', 'accepted', 1795343400000, 1795341600000, 1, 1795341600000, NULL, 'hard bounce: 550 unknown', NULL);
INSERT INTO outbox VALUES (X'01A202B2C5007CB794A842AB6CBF7536', 'request', 'accepted', 1795343400000, 1795341600000, 1, 1795341600000, NULL, NULL, NULL);
INSERT INTO outbox VALUES (X'01A202B2C5007D488F5F15F65DA4E082', 'request', 'accepted', 1795343400000, 1795341600000, 1, 1795341600000, NULL, NULL, NULL);
INSERT INTO outbox VALUES (X'01A202B2C5007ED8A2A8A823C64750E2', 'request', 'accepted', 1795343400000, 1795341600000, 1, 1795341600000, NULL, NULL, NULL);
INSERT INTO outbox VALUES (X'01A202B2C5007EF18973E88CCD77CC52', 'request', 'accepted', 1795343400000, 1795341600000, 1, 1795341600000, NULL, NULL, NULL);
INSERT INTO outbox VALUES (X'01A202C5956871939E80F96E47B2BC04', 'request', 'failed', 1795342833000, 1795342833000, 1, NULL, NULL, '550 no such user', NULL);
INSERT INTO outbox VALUES (X'01A202C595687481BDFC09FA11CD0E0C', 'request', 'cancelled', 1795342877633, 1795342833000, 1, NULL, 'reopened', '451 later', NULL);
INSERT INTO outbox VALUES (X'01A202C5956876C19631A9AF5315EBC5', 'request', 'waiting', 1795342867446, 1795342833000, 1, NULL, NULL, '451 later', NULL);
INSERT INTO outbox VALUES (X'01A202C595687983A06B37BDA561FB14', 'request', 'sending', 1795342868537, 1795342833000, 1, NULL, NULL, '451 later', X'CB4C4B07F0114D6E9B06E3CB5F9F2DE1');

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
INSERT INTO rating VALUES (X'01A202B2C500703489FA7E8D0CECCD73', 1795341600000, 't7', 'Billing', NULL, NULL, 'held', NULL, 5, 'seen', 1795342823000, 8500526420799250052, 1795342820000, 1795342823000, NULL, NULL, 0, 'other_later');
INSERT INTO rating VALUES (X'01A202B2C500731BA192652C7A2C9B4F', 1795341600000, 't7', 'Billing', NULL, NULL, 'rated', NULL, 4, 'pressed', 1795342810000, 3527850826146981314, 1795342210000, NULL, NULL, NULL, 0, 'other_later');
INSERT INTO rating VALUES (X'01A202B2C50074C5B2AA31842E816095', 1795341600000, 't7', 'Billing', NULL, NULL, 'voided', 'rated', 1, 'pressed', 1795342833000, 8649137833413973823, 1795342823000, NULL, NULL, NULL, 0, 'other_later');
INSERT INTO rating VALUES (X'01A202B2C50075EFBC7D1B0170ACBEFE', 1795341600000, 't7', 'Billing', NULL, NULL, 'unrated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);
INSERT INTO rating VALUES (X'01A202B2C5007CB794A842AB6CBF7536', 1795341600000, 't7', 'Billing', NULL, NULL, 'locked', NULL, 1, 'commented', 1795342820000, 6252779688499247594, 1795342810000, NULL, 'It''s still broken.
Thank you.', NULL, 0, 'other_later');
INSERT INTO rating VALUES (X'01A202B2C5007D488F5F15F65DA4E082', 1795341600000, 't7', 'Billing', NULL, NULL, 'unrated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 'other_later');
INSERT INTO rating VALUES (X'01A202B2C5007ED8A2A8A823C64750E2', 1795341600000, 't7', 'Billing', NULL, NULL, 'unrated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);
INSERT INTO rating VALUES (X'01A202B2C5007EF18973E88CCD77CC52', 1795341600000, 't7', 'Billing', NULL, NULL, 'unrated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);
INSERT INTO rating VALUES (X'01A202C5956871939E80F96E47B2BC04', NULL, 't7', 'Billing', NULL, NULL, 'unrated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);
INSERT INTO rating VALUES (X'01A202C595687481BDFC09FA11CD0E0C', NULL, 't7', 'Billing', NULL, NULL, 'unrated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);
INSERT INTO rating VALUES (X'01A202C5956876C19631A9AF5315EBC5', NULL, 't7', 'Billing', NULL, NULL, 'unrated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);
INSERT INTO rating VALUES (X'01A202C595687983A06B37BDA561FB14', NULL, 't7', 'Billing', NULL, NULL, 'unrated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);

CREATE TABLE clicks (
    survey_id BLOB PRIMARY KEY,
    trail     TEXT NOT NULL            -- the newest views [at, score], tries [at, page, score, how] and hot spans [from,
                                       -- until] as JSON: they are always read whole
) STRICT, WITHOUT ROWID;
INSERT INTO clicks VALUES (X'01A202B2C500703489FA7E8D0CECCD73', '{"views":[[1795342820000,5,0],[1795342823000,1,0]],"tries":[[1795342823000,8500526420799250052,5,"seen",false,"counted"]],"hot":[[1795342823000,1795343123000]]}');
INSERT INTO clicks VALUES (X'01A202B2C500731BA192652C7A2C9B4F', '{"views":[[1795342200000,3,0],[1795342210000,3,0]],"tries":[[1795342210000,7934367014156133980,3,"pressed",false,"counted"],[1795342810000,3527850826146981314,4,"pressed",false,"counted"]],"hot":[]}');
INSERT INTO clicks VALUES (X'01A202B2C50074C5B2AA31842E816095', '{"views":[[1795342823000,1,0]],"tries":[[1795342833000,8649137833413973823,1,"pressed",false,"counted"]],"hot":[]}');
INSERT INTO clicks VALUES (X'01A202B2C5007CB794A842AB6CBF7536', '{"views":[[1795342810000,1,0]],"tries":[],"hot":[]}');
INSERT INTO clicks VALUES (X'01A202B2C5007D488F5F15F65DA4E082', '{"views":[[1795342200000,4,0]],"tries":[],"hot":[]}');

CREATE TABLE history (
    survey_id BLOB NOT NULL,
    number    INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    kind      TEXT NOT NULL,           -- rated, held, commented; no CHECK, because more kinds will come
    score     INTEGER NOT NULL,
    evidence  TEXT NOT NULL,
    PRIMARY KEY (survey_id, number)
) STRICT, WITHOUT ROWID;
INSERT INTO history VALUES (X'01A202B2C500703489FA7E8D0CECCD73', 1, 1795342823000, 'rated', 5, 'seen');
INSERT INTO history VALUES (X'01A202B2C500703489FA7E8D0CECCD73', 2, 1795342823000, 'held', 5, 'seen');
INSERT INTO history VALUES (X'01A202B2C500731BA192652C7A2C9B4F', 1, 1795342210000, 'rated', 3, 'pressed');
INSERT INTO history VALUES (X'01A202B2C500731BA192652C7A2C9B4F', 2, 1795342810000, 'rated', 4, 'pressed');
INSERT INTO history VALUES (X'01A202B2C50074C5B2AA31842E816095', 1, 1795342833000, 'rated', 1, 'pressed');
INSERT INTO history VALUES (X'01A202B2C5007CB794A842AB6CBF7536', 1, 1795342820000, 'commented', 1, 'commented');

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
INSERT INTO api_key VALUES ('27aae8eee934', 'test', 'read', '4a90a6108a26aaa9d7ce520235bbcd646b4b32515bf814b7a2c1e27347c8a7ed', 't7', 'Billing', 1795342893000, NULL, NULL, NULL);
INSERT INTO api_key VALUES ('5e500c268ef5', 'test', 'trigger', 'e13c4a801ff85f4f7abc4867d64bbaca32092cce77edd9dc1d54362eca5421c0', NULL, NULL, 1795342833000, 1795342893000, NULL, NULL);
INSERT INTO api_key VALUES ('fe28d64b5fe2', 'tests', 'admin', '6637a2d1b8e5956d8250fd4d9ea5050b94a759a24317e93b22884ebd460b53ea', NULL, NULL, 1795341600000, NULL, NULL, NULL);

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


CREATE TABLE answer (
    survey_id BLOB NOT NULL,
    question  TEXT NOT NULL,           -- 'reasons', or the key of [question]
    choice    TEXT NOT NULL,           -- the key that was ticked; its texts are in the configuration
    PRIMARY KEY (survey_id, question, choice)
) STRICT, WITHOUT ROWID;


CREATE TABLE day (
    name   TEXT PRIMARY KEY,           -- 2026-11-22
    week   TEXT NOT NULL,              -- 2026-W47: ISO 8601, so it begins on Monday
    month  TEXT NOT NULL,              -- 2026-11
    starts INTEGER NOT NULL UNIQUE,
    ends   INTEGER NOT NULL            -- exclusive: the start of the next day
) STRICT;


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

CREATE TRIGGER answer_locked_insert BEFORE INSERT ON answer
WHEN (SELECT coalesce(voided_from, standing) FROM rating WHERE survey_id = NEW.survey_id) = 'locked'
BEGIN
    SELECT RAISE(ABORT, 'a commented rating is locked');
END;

CREATE TRIGGER answer_locked_delete BEFORE DELETE ON answer
WHEN (SELECT coalesce(voided_from, standing) FROM rating WHERE survey_id = OLD.survey_id) = 'locked'
BEGIN
    SELECT RAISE(ABORT, 'a commented rating is locked');
END;

CREATE TRIGGER answer_fixed BEFORE UPDATE ON answer
BEGIN
    SELECT RAISE(ABORT, 'a tick is replaced as a whole');
END;

CREATE VIEW report_ratings AS
SELECT lower(substr(hex(rating.survey_id), 1, 8) || '-' || substr(hex(rating.survey_id), 9, 4) || '-' || substr(hex(rating.survey_id), 13, 4) || '-'
           || substr(hex(rating.survey_id), 17, 4) || '-' || substr(hex(rating.survey_id), 21)) AS survey_id, connection, conversation_id,
       strftime('%Y-%m-%dT%H:%M:%SZ', rated_at / 1000, 'unixepoch') AS rated,
       rated_at, score, evidence, standing, comment, rating.teammate_id, teammate.name AS teammate, rating.team, url,
       (SELECT nullif(json_group_array(choice), '[]') FROM answer
           WHERE answer.survey_id = rating.survey_id AND question = 'reasons') AS reasons,
       (SELECT question FROM answer WHERE answer.survey_id = rating.survey_id AND question <> 'reasons') AS question,
       (SELECT choice FROM answer WHERE answer.survey_id = rating.survey_id AND question <> 'reasons') AS answer,
       rating.survey_id AS survey_key
FROM rating JOIN survey ON survey.id = rating.survey_id LEFT JOIN teammate ON teammate.id = rating.teammate_id
WHERE standing IN ('rated', 'locked');

CREATE VIEW survey_cut AS
SELECT survey.id AS survey_id, survey.connection, closing.channel, coalesce(closing.tags, '[]') AS tags, survey.policy,
       nullif(lower(substr(locale, 1, instr(replace(locale, '_', '-') || '-', '-') - 1)), '') AS language
FROM survey LEFT JOIN closing ON closing.connection = survey.connection
    AND closing.conversation_id = survey.conversation_id AND closing.closed_at = survey.closed_at;

CREATE VIEW report_facts AS
SELECT at, (SELECT name FROM day WHERE starts <= at ORDER BY starts DESC LIMIT 1) AS day,
       (SELECT week FROM day WHERE starts <= at ORDER BY starts DESC LIMIT 1) AS week,
       (SELECT month FROM day WHERE starts <= at ORDER BY starts DESC LIMIT 1) AS month,
       teammate_id, (SELECT name FROM teammate WHERE teammate.id = facts.teammate_id) AS teammate, team,
       (SELECT connection FROM survey_cut WHERE survey_cut.survey_id = facts.survey_id) AS connection,
       (SELECT channel FROM survey_cut WHERE survey_cut.survey_id = facts.survey_id) AS channel,
       (SELECT tags FROM survey_cut WHERE survey_cut.survey_id = facts.survey_id) AS tags,
       (SELECT policy FROM survey_cut WHERE survey_cut.survey_id = facts.survey_id) AS policy,
       (SELECT language FROM survey_cut WHERE survey_cut.survey_id = facts.survey_id) AS language,
       asked, answered, terrible + bad + okay + great + amazing AS ratings, positive, terrible, bad, okay, great, amazing,
       held, unconfirmed, waiting, failed, unconfirmed_phone_young, unconfirmed_phone_later, unconfirmed_other_young,
       unconfirmed_other_later, survey_id AS survey_key
FROM (
    SELECT asked_at AS at, survey_id, teammate_id, team, 1 AS asked, standing IN ('rated', 'locked') AS answered,
           standing = 'held' AS held, standing = 'unrated' AND opened IS NOT NULL AS unconfirmed,
           standing = 'unrated' AND opened IS 'phone_young' AS unconfirmed_phone_young,
           standing = 'unrated' AND opened IS 'phone_later' AS unconfirmed_phone_later,
           standing = 'unrated' AND opened IS 'other_young' AS unconfirmed_other_young,
           standing = 'unrated' AND opened IS 'other_later' AS unconfirmed_other_later,
           0 AS positive, 0 AS terrible, 0 AS bad, 0 AS okay, 0 AS great, 0 AS amazing, 0 AS waiting, 0 AS failed
    FROM rating WHERE asked_at IS NOT NULL AND standing <> 'voided'
    UNION ALL
    SELECT rated_at, survey_id, teammate_id, team, 0, 0, 0, 0, 0, 0, 0, 0,
           rating.score IN (SELECT score FROM score WHERE positive),
           rating.score = 1, rating.score = 2, rating.score = 3, rating.score = 4, rating.score = 5, 0, 0
    FROM rating WHERE standing IN ('rated', 'locked')
    UNION ALL
    -- By the time that the mail was first to go out: it never did.
    SELECT first_due, survey_id, teammate_id, team, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, state <> 'failed',
           state = 'failed'
    FROM outbox CROSS JOIN rating ON rating.survey_id = outbox.id
    WHERE state IN ('waiting', 'sending', 'failed') AND standing <> 'voided'
) AS facts;

CREATE VIEW report_teammates AS
SELECT teammate_id, (SELECT name FROM teammate WHERE id = teammate_id) AS teammate,
       sum(asked) AS asked, sum(answered) AS answered, round(1.0 * sum(answered) / sum(asked), 4) AS response_rate,
       sum(ratings) AS ratings, sum(positive) AS positive, round(1.0 * sum(positive) / sum(ratings), 4) AS csat,
       sum(terrible) AS terrible, sum(bad) AS bad, sum(okay) AS okay, sum(great) AS great, sum(amazing) AS amazing,
       sum(held) AS held, sum(unconfirmed) AS unconfirmed, sum(waiting) AS waiting, sum(failed) AS failed,
       sum(unconfirmed_phone_young) AS unconfirmed_phone_young, sum(unconfirmed_phone_later) AS unconfirmed_phone_later,
       sum(unconfirmed_other_young) AS unconfirmed_other_young, sum(unconfirmed_other_later) AS unconfirmed_other_later
FROM report_facts GROUP BY teammate_id;

CREATE VIEW report_teams AS
SELECT team,
       sum(asked) AS asked, sum(answered) AS answered, round(1.0 * sum(answered) / sum(asked), 4) AS response_rate,
       sum(ratings) AS ratings, sum(positive) AS positive, round(1.0 * sum(positive) / sum(ratings), 4) AS csat,
       sum(terrible) AS terrible, sum(bad) AS bad, sum(okay) AS okay, sum(great) AS great, sum(amazing) AS amazing,
       sum(held) AS held, sum(unconfirmed) AS unconfirmed, sum(waiting) AS waiting, sum(failed) AS failed,
       sum(unconfirmed_phone_young) AS unconfirmed_phone_young, sum(unconfirmed_phone_later) AS unconfirmed_phone_later,
       sum(unconfirmed_other_young) AS unconfirmed_other_young, sum(unconfirmed_other_later) AS unconfirmed_other_later
FROM report_facts GROUP BY team;

CREATE VIEW report_days AS
SELECT day,
       sum(asked) AS asked, sum(answered) AS answered, round(1.0 * sum(answered) / sum(asked), 4) AS response_rate,
       sum(ratings) AS ratings, sum(positive) AS positive, round(1.0 * sum(positive) / sum(ratings), 4) AS csat,
       sum(terrible) AS terrible, sum(bad) AS bad, sum(okay) AS okay, sum(great) AS great, sum(amazing) AS amazing,
       sum(held) AS held, sum(unconfirmed) AS unconfirmed, sum(waiting) AS waiting, sum(failed) AS failed,
       sum(unconfirmed_phone_young) AS unconfirmed_phone_young, sum(unconfirmed_phone_later) AS unconfirmed_phone_later,
       sum(unconfirmed_other_young) AS unconfirmed_other_young, sum(unconfirmed_other_later) AS unconfirmed_other_later
FROM report_facts GROUP BY day;

CREATE VIEW report_reasons AS
SELECT question, choice AS reason, (SELECT name FROM day WHERE starts <= rated_at ORDER BY starts DESC LIMIT 1) AS day,
       (SELECT week FROM day WHERE starts <= rated_at ORDER BY starts DESC LIMIT 1) AS week,
       (SELECT month FROM day WHERE starts <= rated_at ORDER BY starts DESC LIMIT 1) AS month, score, rating.teammate_id,
       (SELECT name FROM teammate WHERE teammate.id = rating.teammate_id) AS teammate, rating.team,
       (SELECT connection FROM survey_cut WHERE survey_cut.survey_id = rating.survey_id) AS connection,
       (SELECT channel FROM survey_cut WHERE survey_cut.survey_id = rating.survey_id) AS channel,
       (SELECT tags FROM survey_cut WHERE survey_cut.survey_id = rating.survey_id) AS tags,
       (SELECT policy FROM survey_cut WHERE survey_cut.survey_id = rating.survey_id) AS policy,
       (SELECT language FROM survey_cut WHERE survey_cut.survey_id = rating.survey_id) AS language,
       rated_at, rating.survey_id AS survey_key
FROM rating CROSS JOIN answer ON answer.survey_id = rating.survey_id
WHERE standing IN ('rated', 'locked');

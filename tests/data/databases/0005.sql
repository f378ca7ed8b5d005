-- WRITE_DUMP=1 cargo test --test it the_newest_schema_has_a_dump
-- writes this. It ends at 2026-11-22T10:21:33Z.
-- aw_admin_3c9737281dc0_a058ec5b0de594d1906ffac4a282c3a5384f6698886260336111ca59be39d7b5
-- /r/AUkRAaICssUAd3qg6-fmJmwtmS9mf0hf7J_sHzNOERzXuNg
-- /r/AUkSAaICssUAd3qg6-fmJmwtmVjCWKJejoyohCCFcqvZ8g0
-- /r/AUkTAaICssUAd3qg6-fmJmwtmREbkTyPRycwZxzqmzyE75c
-- /r/AUkUAaICssUAd3qg6-fmJmwtmYTuE1Yj7PPhaiozyOWUzVo
-- /r/AUkVAaICssUAd3qg6-fmJmwtmeAV2XQ7HB-48OvO2ekcmWQ
-- /u/AUkgAaICssUAd3qg6-fmJmwtmaiASzd-sFe3XnKG8y1t4W4

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
INSERT INTO _sqlx_migrations VALUES (3, 'one click', '2026-11-22 10:00:00', 1, X'01B3A5369877ED3783BDEDC8B1C5D1AD54D42FE39F1AD4CD39E8AF4757D0808084B6314C5E7706710AEF5F3FF64BE9E7', 0);
INSERT INTO _sqlx_migrations VALUES (4, 'team', '2026-11-22 10:00:00', 1, X'2E305B939CCC2448724E44C3DF117E8A3AB369FE7B16A791722A329EF372AC5BF352562E09CB2A7C2E8590ED74465AA6', 0);
INSERT INTO _sqlx_migrations VALUES (5, 'told', '2026-11-22 10:00:00', 1, X'17056AED65B4EED725E00980169E3BD9C65B45792811BA79BC179D7DAA463D8AD68E9B1FF9296EEAB0E5ADC53D007CAE', 0);

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO setting VALUES ('address_key', 'acdf0f0a03fdb0fa');
INSERT INTO setting VALUES ('service', '251130ba-ecae-4799-9921-a9f40fc1c947');
INSERT INTO setting VALUES ('timezone', 'UTC');

CREATE TABLE score (
    score    INTEGER PRIMARY KEY CHECK (score BETWEEN 1 AND 5),
    positive INTEGER NOT NULL CHECK (positive IN (0, 1))
, follow_up INTEGER NOT NULL DEFAULT 0 CHECK (follow_up IN (0, 1, 2))) STRICT;
INSERT INTO score VALUES (1, 0, 1);
INSERT INTO score VALUES (2, 0, 1);
INSERT INTO score VALUES (3, 0, 0);
INSERT INTO score VALUES (4, 1, 0);
INSERT INTO score VALUES (5, 1, 0);

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
    reasons          TEXT NOT NULL, address_hash TEXT, fetched_at INTEGER, fetch_failed TEXT,    -- of 'skip': a JSON array of {rule, value, limit, message}
    PRIMARY KEY (connection, conversation_id, closed_at)
) STRICT, WITHOUT ROWID;
INSERT INTO closing VALUES ('', 'bounced', 1795341600000, 1795341600000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795341480000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202B2C50079AEBDCEE6569D9FB370', 1795341600000, '[]', 'eda29d953ab121d49998ed714badb200', NULL, NULL);
INSERT INTO closing VALUES ('', 'failed', 1795342833000, 1795342833000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795342713000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202C59568737C9168D261F2EDFE12', 1795342833000, '[]', '96368c43388f2781a4f197abaaecf5d9', NULL, NULL);
INSERT INTO closing VALUES ('', 'held', 1795341600000, 1795341600000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795341480000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202B2C500770C991BF971CCDEDF0D', 1795341600000, '[]', 'b433fbc68d11756c5d5ab8f816204763', NULL, NULL);
INSERT INTO closing VALUES ('', 'left', 1795341600000, 1795341600000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795341480000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202B2C50072F49C8D2E983AA2F6E7', 1795341600000, '[]', '76fad80de44a8191f11b8f8b3ed49f73', NULL, NULL);
INSERT INTO closing VALUES ('', 'locked', 1795341600000, 1795341600000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795341480000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202B2C5007A58A5A50CDB95A2CD82', 1795341600000, '[]', '8ce06a053d1f8b3a26e21ae8e1fb6bb3', NULL, NULL);
INSERT INTO closing VALUES ('', 'looked', 1795341600000, 1795341600000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795341480000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202B2C50078399FE7456FF21F896F', 1795341600000, '[]', 'fbd35866c93d336c3ece6bdeabbaa7ea', NULL, NULL);
INSERT INTO closing VALUES ('', 'rated', 1795341600000, 1795341600000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795341480000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202B2C50075D5A1C1C31552196667', 1795341600000, '[]', '846798398f0939ec7dc585716dff69da', NULL, NULL);
INSERT INTO closing VALUES ('', 'reopened', 1795342833000, 1795342833000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795342713000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202C595687DA7BF514631F37A17F5', 1795342833000, '[]', 'ddf81e138b9802f5eafb14632e3670d3', NULL, NULL);
INSERT INTO closing VALUES ('', 'sending', 1795342833000, 1795342833000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795342713000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202C595687E238E9BCE22F5258019', 1795342833000, '[]', '309b9597e53c1b48fcd86ac2c00d8feb', NULL, NULL);
INSERT INTO closing VALUES ('', 'short', 1795342833000, 1795342833000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 9, 1795342713000, 1, 1, 't8', NULL, '[]', NULL, 'skip', NULL, NULL, '[{"rule":"too_short","value":9,"limit":250,"message":"9 characters were written: asking takes more than 250"}]', '48d734fd7ab8c500bc825058f72ff507', NULL, NULL);
INSERT INTO closing VALUES ('', 'silent', 1795341600000, 1795341600000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795341480000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202B2C500777AA0EBE7E6266C2D99', 1795341600000, '[]', '91c42bb7350b4474ec1de28c7ae53d3a', NULL, NULL);
INSERT INTO closing VALUES ('', 'voided', 1795341600000, 1795341600000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795341480000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202B2C500767881C01B4273B41035', 1795341600000, '[]', '33696c24849b734eab9cb5318d1b60e5', NULL, NULL);
INSERT INTO closing VALUES ('', 'waiting', 1795342833000, 1795342833000, 'closed', 'Refund', 'https://desk.example.com/8841', 'email', 'customer', 612, 1795342713000, 1, 1, 't7', 'Billing', '[]', NULL, 'ask', X'01A202C595687940BDADDEB404D6746A', 1795342833000, '[]', '453c66e910fcaaa51a972e98b5b0156d', NULL, NULL);

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
INSERT INTO survey VALUES (X'01A202B2C50072F49C8D2E983AA2F6E7', '', 'left', 1795341600000, 1795341600000, '76fad80de44a8191f11b8f8b3ed49f73', 'left@example.com', 'left', 'left', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202B2C50075D5A1C1C31552196667', '', 'rated', 1795341600000, 1795341600000, '846798398f0939ec7dc585716dff69da', 'rated@example.com', 'rated', 'rated', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202B2C500767881C01B4273B41035', '', 'voided', 1795341600000, 1795341600000, '33696c24849b734eab9cb5318d1b60e5', 'voided@example.com', 'voided', 'voided', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202B2C500770C991BF971CCDEDF0D', '', 'held', 1795341600000, 1795341600000, 'b433fbc68d11756c5d5ab8f816204763', 'held@example.com', 'held', 'held', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202B2C500777AA0EBE7E6266C2D99', '', 'silent', 1795341600000, 1795341600000, '91c42bb7350b4474ec1de28c7ae53d3a', 'silent@example.com', 'silent', 'silent', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202B2C50078399FE7456FF21F896F', '', 'looked', 1795341600000, 1795341600000, 'fbd35866c93d336c3ece6bdeabbaa7ea', 'looked@example.com', 'looked', 'looked', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202B2C50079AEBDCEE6569D9FB370', '', 'bounced', 1795341600000, 1795341600000, 'eda29d953ab121d49998ed714badb200', 'bounced@example.com', 'bounced', 'bounced', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202B2C5007A58A5A50CDB95A2CD82', '', 'locked', 1795341600000, 1795341600000, '8ce06a053d1f8b3a26e21ae8e1fb6bb3', 'locked@example.com', 'locked', 'locked', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202C59568737C9168D261F2EDFE12', '', 'failed', 1795342833000, 1795342833000, '96368c43388f2781a4f197abaaecf5d9', 'failed@example.com', 'failed', 'failed', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202C595687940BDADDEB404D6746A', '', 'waiting', 1795342833000, 1795342833000, '453c66e910fcaaa51a972e98b5b0156d', 'waiting@example.com', 'waiting', 'waiting', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202C595687DA7BF514631F37A17F5', '', 'reopened', 1795342833000, 1795342833000, 'ddf81e138b9802f5eafb14632e3670d3', 'reopened@example.com', 'reopened', 'reopened', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);
INSERT INTO survey VALUES (X'01A202C595687E238E9BCE22F5258019', '', 'sending', 1795342833000, 1795342833000, '309b9597e53c1b48fcd86ac2c00d8feb', 'sending@example.com', 'sending', 'sending', NULL, 't7', 'Billing', 'Refund', 'https://desk.example.com/8841', NULL, NULL);

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
INSERT INTO outbox VALUES (X'01A202B2C50072F49C8D2E983AA2F6E7', 'request', 'accepted', 1795343400000, 1795341600000, 1, 1795341600000, NULL, NULL, NULL);
INSERT INTO outbox VALUES (X'01A202B2C50075D5A1C1C31552196667', 'request', 'accepted', 1795343400000, 1795341600000, 1, 1795341600000, NULL, NULL, NULL);
INSERT INTO outbox VALUES (X'01A202B2C500767881C01B4273B41035', 'request', 'accepted', 1795343400000, 1795341600000, 1, 1795341600000, NULL, NULL, NULL);
INSERT INTO outbox VALUES (X'01A202B2C500770C991BF971CCDEDF0D', 'request', 'accepted', 1795343400000, 1795341600000, 1, 1795341600000, NULL, NULL, NULL);
INSERT INTO outbox VALUES (X'01A202B2C500777AA0EBE7E6266C2D99', 'request', 'accepted', 1795343400000, 1795341600000, 1, 1795341600000, NULL, NULL, NULL);
INSERT INTO outbox VALUES (X'01A202B2C50078399FE7456FF21F896F', 'request', 'accepted', 1795343400000, 1795341600000, 1, 1795341600000, NULL, NULL, NULL);
INSERT INTO outbox VALUES (X'01A202B2C50079AEBDCEE6569D9FB370', 'request', 'accepted', 1795343400000, 1795341600000, 1, 1795341600000, NULL, 'hard bounce: 550 unknown', NULL);
INSERT INTO outbox VALUES (X'01A202B2C5007A58A5A50CDB95A2CD82', 'request', 'accepted', 1795343400000, 1795341600000, 1, 1795341600000, NULL, NULL, NULL);
INSERT INTO outbox VALUES (X'01A202C59568737C9168D261F2EDFE12', 'request', 'failed', 1795342833000, 1795342833000, 1, NULL, NULL, '550 no such user', NULL);
INSERT INTO outbox VALUES (X'01A202C595687940BDADDEB404D6746A', 'request', 'waiting', 1795342881190, 1795342833000, 1, NULL, NULL, '451 later', NULL);
INSERT INTO outbox VALUES (X'01A202C595687DA7BF514631F37A17F5', 'request', 'cancelled', 1795342881992, 1795342833000, 1, NULL, 'reopened', '451 later', NULL);
INSERT INTO outbox VALUES (X'01A202C595687E238E9BCE22F5258019', 'request', 'sending', 1795342872308, 1795342833000, 1, NULL, NULL, '451 later', X'251130BAECAE47999921A9F40FC1C947');

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
INSERT INTO rating VALUES (X'01A202B2C50072F49C8D2E983AA2F6E7', 1795341600000, 't7', 'Billing', NULL, NULL, 'unrated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);
INSERT INTO rating VALUES (X'01A202B2C50075D5A1C1C31552196667', 1795341600000, 't7', 'Billing', NULL, NULL, 'rated', NULL, 4, 'pressed', 1795342810000, 8105366843477120228, 1795342210000, NULL, NULL, NULL, 0, 'other_later');
INSERT INTO rating VALUES (X'01A202B2C500767881C01B4273B41035', 1795341600000, 't7', 'Billing', NULL, NULL, 'voided', 'rated', 1, 'pressed', 1795342833000, 5303463977972753777, 1795342823000, NULL, NULL, NULL, 0, 'other_later');
INSERT INTO rating VALUES (X'01A202B2C500770C991BF971CCDEDF0D', 1795341600000, 't7', 'Billing', NULL, NULL, 'held', NULL, 5, 'seen', 1795342823000, 4909311956872265936, 1795342820000, 1795342823000, NULL, NULL, 0, 'other_later');
INSERT INTO rating VALUES (X'01A202B2C500777AA0EBE7E6266C2D99', 1795341600000, 't7', 'Billing', NULL, NULL, 'unrated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);
INSERT INTO rating VALUES (X'01A202B2C50078399FE7456FF21F896F', 1795341600000, 't7', 'Billing', NULL, NULL, 'unrated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 'other_later');
INSERT INTO rating VALUES (X'01A202B2C50079AEBDCEE6569D9FB370', 1795341600000, 't7', 'Billing', NULL, NULL, 'unrated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);
INSERT INTO rating VALUES (X'01A202B2C5007A58A5A50CDB95A2CD82', 1795341600000, 't7', 'Billing', NULL, NULL, 'locked', NULL, 1, 'commented', 1795342820000, 2484737472029102009, 1795342810000, NULL, 'It''s still broken.
Thank you.', NULL, 0, 'other_later');
INSERT INTO rating VALUES (X'01A202C59568737C9168D261F2EDFE12', NULL, 't7', 'Billing', NULL, NULL, 'unrated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);
INSERT INTO rating VALUES (X'01A202C595687940BDADDEB404D6746A', NULL, 't7', 'Billing', NULL, NULL, 'unrated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);
INSERT INTO rating VALUES (X'01A202C595687DA7BF514631F37A17F5', NULL, 't7', 'Billing', NULL, NULL, 'unrated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);
INSERT INTO rating VALUES (X'01A202C595687E238E9BCE22F5258019', NULL, 't7', 'Billing', NULL, NULL, 'unrated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);

CREATE TABLE clicks (
    survey_id BLOB PRIMARY KEY,
    trail     TEXT NOT NULL            -- the newest views [at, score], tries [at, page, score, how] and hot spans [from,
                                       -- until] as JSON: they are always read whole
) STRICT, WITHOUT ROWID;
INSERT INTO clicks VALUES (X'01A202B2C50075D5A1C1C31552196667', '{"views":[[1795342200000,3,0],[1795342210000,3,0]],"tries":[[1795342210000,464751920622057808,3,"pressed",false,"counted"],[1795342810000,8105366843477120228,4,"pressed",false,"counted"]],"hot":[]}');
INSERT INTO clicks VALUES (X'01A202B2C500767881C01B4273B41035', '{"views":[[1795342823000,1,0]],"tries":[[1795342833000,5303463977972753777,1,"pressed",false,"counted"]],"hot":[]}');
INSERT INTO clicks VALUES (X'01A202B2C500770C991BF971CCDEDF0D', '{"views":[[1795342820000,5,0],[1795342823000,1,0]],"tries":[[1795342823000,4909311956872265936,5,"seen",false,"counted"]],"hot":[[1795342823000,1795343123000]]}');
INSERT INTO clicks VALUES (X'01A202B2C50078399FE7456FF21F896F', '{"views":[[1795342200000,4,0]],"tries":[],"hot":[]}');
INSERT INTO clicks VALUES (X'01A202B2C5007A58A5A50CDB95A2CD82', '{"views":[[1795342810000,1,0]],"tries":[],"hot":[]}');

CREATE TABLE history (
    survey_id BLOB NOT NULL,
    number    INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    kind      TEXT NOT NULL,           -- rated, held, commented; no CHECK, because more kinds will come
    score     INTEGER NOT NULL,
    evidence  TEXT NOT NULL, who TEXT, reason TEXT,
    PRIMARY KEY (survey_id, number)
) STRICT, WITHOUT ROWID;
INSERT INTO history VALUES (X'01A202B2C50075D5A1C1C31552196667', 1, 1795342210000, 'rated', 3, 'pressed', NULL, NULL);
INSERT INTO history VALUES (X'01A202B2C50075D5A1C1C31552196667', 2, 1795342810000, 'rated', 4, 'pressed', NULL, NULL);
INSERT INTO history VALUES (X'01A202B2C500767881C01B4273B41035', 1, 1795342833000, 'rated', 1, 'pressed', NULL, NULL);
INSERT INTO history VALUES (X'01A202B2C500770C991BF971CCDEDF0D', 1, 1795342823000, 'rated', 5, 'seen', NULL, NULL);
INSERT INTO history VALUES (X'01A202B2C500770C991BF971CCDEDF0D', 2, 1795342823000, 'held', 5, 'seen', NULL, NULL);
INSERT INTO history VALUES (X'01A202B2C5007A58A5A50CDB95A2CD82', 1, 1795342820000, 'commented', 1, 'commented', NULL, NULL);

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
INSERT INTO api_key VALUES ('178933949cca', 'test', 'trigger', '306aa3fdb9dc600b146cbe7b3a41e56e02269e66131d2157585a9c0580acfe08', NULL, NULL, 1795342833000, 1795342893000, NULL, NULL);
INSERT INTO api_key VALUES ('3c9737281dc0', 'tests', 'admin', '12d839217d77886265ef16f56f0e8a85cee1d9165c44b33d79fb5dd78204b448', NULL, NULL, 1795341600000, NULL, NULL, NULL);
INSERT INTO api_key VALUES ('5388880818a6', 'test', 'read', '023393a43a18fefbc5639ee524c6a75f6dc93d3399c5d490306e473a1d1388f9', 't7', 'Billing', 1795342893000, NULL, NULL, NULL);

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


CREATE TABLE rolled (
    only_row INTEGER NOT NULL UNIQUE DEFAULT 1 CHECK (only_row = 1),
    until    BLOB NOT NULL             -- the highest rolled survey; empty: none
) STRICT;
INSERT INTO rolled VALUES (1, X'');

CREATE TABLE rollup_series (
    id       INTEGER PRIMARY KEY,
    cut      TEXT NOT NULL,            -- all, team, teammate, channel, 'team channel' and so on
    question TEXT NOT NULL,            -- empty, or that of a tick: then only its ratings are summed
    value    TEXT NOT NULL,            -- the teammate, the channel and so on; empty for none
    team     TEXT NOT NULL,            -- by teammate and by 'team channel'; empty for none
    choice   TEXT NOT NULL,            -- what was ticked
    UNIQUE (cut, question, value, team, choice)
) STRICT;


CREATE TABLE rollup (
    cut      TEXT NOT NULL,
    home     TEXT NOT NULL,            -- of 'team channel' and so on the team, else empty
    level    INTEGER NOT NULL,         -- 0 day, 1 week, 2 month
    day      INTEGER NOT NULL,         -- the first day of it, in days since 1970-01-01
    series   INTEGER NOT NULL,
    asked    INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    held     INTEGER NOT NULL,
    unconfirmed INTEGER NOT NULL,
    unconfirmed_phone_young INTEGER NOT NULL,
    unconfirmed_phone_later INTEGER NOT NULL,
    unconfirmed_other_young INTEGER NOT NULL,
    unconfirmed_other_later INTEGER NOT NULL,
    terrible INTEGER NOT NULL,
    bad      INTEGER NOT NULL,
    okay     INTEGER NOT NULL,
    great    INTEGER NOT NULL,
    amazing  INTEGER NOT NULL,
    PRIMARY KEY (cut, home, level, day, series)
) STRICT, WITHOUT ROWID;


CREATE TABLE unrolled (
    survey_id BLOB PRIMARY KEY,
    asked_at  INTEGER,
    standing  TEXT NOT NULL,
    opened    TEXT,
    rated_at  INTEGER,
    score     INTEGER,
    ticks     TEXT NOT NULL            -- [question, choice] of each, as JSON
) STRICT, WITHOUT ROWID;


CREATE TABLE follow_up (
    survey_id   BLOB PRIMARY KEY,
    opened_at   INTEGER NOT NULL,      -- when the rating was given, or given anew: the age counts from here
    teammate_id TEXT,                  -- as in rating
    team        TEXT,                  -- as in rating
    state       TEXT NOT NULL CHECK (state IN ('open', 'taken', 'done')),
    who         TEXT,                  -- who took it, or said that it is done; null while it is open
    changed_at  INTEGER NOT NULL,      -- when the state last changed
    CHECK ((state = 'open') = (who IS NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO follow_up VALUES (X'01A202B2C5007A58A5A50CDB95A2CD82', 1795342820000, 't7', 'Billing', 'open', NULL, 1795342820000);

CREATE TABLE follow_up_step (
    survey_id BLOB NOT NULL,
    number    INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    who       TEXT,                    -- the name of a key or of a proxy's user; null if the customer did it, by a new rating
    deed      TEXT NOT NULL,           -- take, note, done, reopen; no CHECK, because more may come
    score     INTEGER NOT NULL,        -- the score at that time
    note      TEXT,                    -- it may name the customer, so erasing removes it
    PRIMARY KEY (survey_id, number)
) STRICT, WITHOUT ROWID;


CREATE TABLE decided (
    level       TEXT NOT NULL CHECK (level IN ('all', 'team', 'teammate')), -- every closing is in each of them: a count for
                                       -- all reads one row a day and outcome, one for teams a row a team
    teammate_id TEXT NOT NULL,         -- '' for none, and in other levels than 'teammate'
    outcome     TEXT NOT NULL,         -- 'ask', 'skip', or a rule that failed
    day         TEXT NOT NULL,
    team        TEXT NOT NULL,         -- '' for none, and in the level 'all'
    closings    INTEGER NOT NULL,
    only_reason INTEGER NOT NULL,      -- of these, the ones that failed no other rule; of 'skip', those that failed just one
    PRIMARY KEY (level, teammate_id, outcome, day, team)
) STRICT, WITHOUT ROWID;


CREATE TABLE decided_until (
    only_row INTEGER NOT NULL UNIQUE DEFAULT 1 CHECK (only_row = 1),
    until    INTEGER NOT NULL          -- the end of the last day that is counted; 0: none is
) STRICT;
INSERT INTO decided_until VALUES (1, 0);

CREATE TABLE digest (
    id       BLOB PRIMARY KEY,
    week     TEXT NOT NULL,            -- its Monday: 2026-11-16
    address  TEXT NOT NULL,            -- in the form that addresses are compared in
    teammate TEXT NOT NULL,            -- of this teammate only; empty for all
    team     TEXT NOT NULL,            -- of this team only; empty for all
    UNIQUE (week, address, teammate, team)
) STRICT, WITHOUT ROWID;


CREATE TABLE digest_stop (
    address  TEXT NOT NULL,
    teammate TEXT NOT NULL,
    team     TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (address, teammate, team)
) STRICT, WITHOUT ROWID;


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


CREATE INDEX survey_conversation ON survey (connection, conversation_id);

CREATE INDEX survey_address ON survey (address_hash, made_at);

CREATE INDEX outbox_due ON outbox (due_at) WHERE state IN ('waiting', 'sending');

CREATE INDEX rating_rated ON rating (rated_at, teammate_id, team, score, standing) WHERE standing IN ('rated', 'locked');

CREATE INDEX outbox_unsent ON outbox (first_due, state) WHERE state IN ('waiting', 'sending', 'failed');

CREATE INDEX rating_erasable ON rating (survey_id) WHERE erased_at IS NULL;

CREATE INDEX closing_address ON closing (address_hash) WHERE address_hash IS NOT NULL;

CREATE INDEX closing_erasable ON closing (reported_at) WHERE subject IS NOT NULL OR url IS NOT NULL;

CREATE INDEX closing_skipped ON closing (reported_at) WHERE survey_id IS NULL;

CREATE INDEX reopening_age ON reopening (reopened_at);

CREATE INDEX outbox_failed ON outbox (due_at) WHERE state = 'failed';

CREATE INDEX rating_asked ON rating (asked_at, teammate_id, team, standing, opened)
WHERE asked_at IS NOT NULL AND standing <> 'voided';

CREATE INDEX rating_teammate_asked ON rating (teammate_id, asked_at) WHERE asked_at IS NOT NULL AND standing <> 'voided';

CREATE INDEX rating_commented ON rating (rated_at, teammate_id, team, score)
WHERE standing IN ('rated', 'locked') AND comment IS NOT NULL;

CREATE INDEX rating_aside ON rating (standing, rated_at, teammate_id, team, score)
WHERE standing IN ('held', 'voided') AND rated_at IS NOT NULL;

CREATE INDEX follow_up_state ON follow_up (state, opened_at);

CREATE INDEX follow_up_teammate ON follow_up (teammate_id, state, opened_at);

CREATE INDEX follow_up_team ON follow_up (team, state, opened_at);

CREATE INDEX rating_teammate ON rating (teammate_id, rated_at, score, team, standing) WHERE standing IN ('rated', 'locked');

CREATE INDEX outbox_returned ON outbox (accepted_at)
WHERE state = 'accepted' AND (note GLOB 'hard bounce*' OR note GLOB 'soft bounce*' OR note GLOB 'complaint*');

CREATE INDEX outbox_cancelled ON outbox (first_due, stop) WHERE state = 'cancelled';

CREATE INDEX event_survey ON event (survey_id) WHERE survey_id IS NOT NULL;

CREATE INDEX event_at ON event (at);

CREATE INDEX event_closing ON event (connection, conversation_id) WHERE connection IS NOT NULL;

CREATE INDEX telling_due ON telling (target, due_at) WHERE state IN ('waiting', 'sending');

CREATE INDEX telling_failed ON telling (target, due_at) WHERE state = 'failed';

CREATE INDEX enriching_due ON enriching (connection, due_at);

CREATE TRIGGER rating_locked BEFORE UPDATE OF standing, voided_from, score, comment ON rating
WHEN coalesce(OLD.voided_from, OLD.standing) = 'locked' AND (
    coalesce(NEW.voided_from, NEW.standing) <> 'locked' OR NEW.score IS NOT OLD.score
    OR (NEW.comment IS NOT OLD.comment AND NEW.comment IS NOT NULL)
)
BEGIN
    SELECT RAISE(ABORT, 'a commented rating is locked');
END;

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

CREATE TRIGGER rating_unrolled AFTER UPDATE OF asked_at, standing, opened, rated_at, score ON rating
WHEN OLD.survey_id <= (SELECT until FROM rolled) AND (OLD.asked_at IS NOT NEW.asked_at OR OLD.standing IS NOT NEW.standing
    OR OLD.opened IS NOT NEW.opened OR OLD.rated_at IS NOT NEW.rated_at OR OLD.score IS NOT NEW.score)
BEGIN
    INSERT INTO unrolled VALUES (OLD.survey_id, OLD.asked_at, OLD.standing, OLD.opened, OLD.rated_at, OLD.score,
        (SELECT json_group_array(json_array(question, choice)) FROM answer WHERE answer.survey_id = OLD.survey_id))
    ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER rating_late AFTER INSERT ON rating WHEN NEW.survey_id <= (SELECT until FROM rolled)
BEGIN
    INSERT INTO unrolled VALUES (NEW.survey_id, NULL, 'voided', NULL, NULL, NULL, '[]') ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER answer_unrolled_insert BEFORE INSERT ON answer WHEN NEW.survey_id <= (SELECT until FROM rolled)
BEGIN
    INSERT INTO unrolled SELECT survey_id, asked_at, standing, opened, rated_at, score,
        (SELECT json_group_array(json_array(question, choice)) FROM answer WHERE answer.survey_id = NEW.survey_id)
    FROM rating WHERE survey_id = NEW.survey_id ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER answer_unrolled_delete BEFORE DELETE ON answer WHEN OLD.survey_id <= (SELECT until FROM rolled)
BEGIN
    INSERT INTO unrolled SELECT survey_id, asked_at, standing, opened, rated_at, score,
        (SELECT json_group_array(json_array(question, choice)) FROM answer WHERE answer.survey_id = OLD.survey_id)
    FROM rating WHERE survey_id = OLD.survey_id ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER rating_stays BEFORE DELETE ON rating WHEN OLD.survey_id <= (SELECT until FROM rolled)
BEGIN
    SELECT RAISE(ABORT, 'a rating that reports count is voided, not deleted');
END;

CREATE TRIGGER rating_frozen BEFORE UPDATE OF survey_id, teammate_id, team ON rating
WHEN OLD.survey_id IS NOT NEW.survey_id OR OLD.teammate_id IS NOT NEW.teammate_id OR OLD.team IS NOT NEW.team
BEGIN
    SELECT RAISE(ABORT, 'whom a rating counts for is frozen');
END;

CREATE VIEW report_all_ratings AS
SELECT lower(substr(hex(rating.survey_id), 1, 8) || '-' || substr(hex(rating.survey_id), 9, 4) || '-'
           || substr(hex(rating.survey_id), 13, 4) || '-' || substr(hex(rating.survey_id), 17, 4) || '-'
           || substr(hex(rating.survey_id), 21)) AS survey_id, connection, conversation_id,
       strftime('%Y-%m-%dT%H:%M:%SZ', rated_at / 1000, 'unixepoch') AS rated,
       rated_at, score, evidence, standing, comment, rating.teammate_id, teammate.name AS teammate, rating.team, url,
       (SELECT nullif(json_group_array(choice), '[]') FROM answer
           WHERE answer.survey_id = rating.survey_id AND question = 'reasons') AS reasons,
       (SELECT question FROM answer WHERE answer.survey_id = rating.survey_id AND question <> 'reasons') AS question,
       (SELECT choice FROM answer WHERE answer.survey_id = rating.survey_id AND question <> 'reasons') AS answer,
       closed_at, asked_at, held_at, rating.survey_id AS survey_key
FROM rating JOIN survey ON survey.id = rating.survey_id LEFT JOIN teammate ON teammate.id = rating.teammate_id
WHERE score IS NOT NULL;

CREATE VIEW report_ratings AS
SELECT survey_id, connection, conversation_id, rated, rated_at, score, evidence, standing, comment, teammate_id, teammate,
       team, url, reasons, question, answer, survey_key
FROM report_all_ratings WHERE standing IN ('rated', 'locked');

CREATE VIEW report_moderation AS
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', at / 1000, 'unixepoch') AS decided, who, kind AS decision, reason, history.score,
       connection, conversation_id, at, history.survey_id AS survey_key
FROM history JOIN survey ON survey.id = history.survey_id WHERE who IS NOT NULL;

CREATE VIEW follow_up_due AS
SELECT survey_id, rated_at, teammate_id, team
FROM rating CROSS JOIN score ON score.score = rating.score
WHERE standing IN ('rated', 'locked') AND (follow_up = 1 OR (follow_up = 2 AND standing = 'locked'));

CREATE TRIGGER follow_up_opens AFTER UPDATE OF standing, score ON rating
WHEN NEW.standing IS NOT OLD.standing OR NEW.score IS NOT OLD.score
BEGIN
    INSERT INTO follow_up (survey_id, opened_at, teammate_id, team, state, changed_at)
        SELECT survey_id, rated_at, teammate_id, team, 'open', rated_at FROM follow_up_due
        WHERE survey_id = NEW.survey_id
        ON CONFLICT (survey_id) DO NOTHING;
    DELETE FROM follow_up WHERE survey_id = NEW.survey_id AND state = 'open'
        AND NOT EXISTS (SELECT 1 FROM follow_up_due WHERE survey_id = NEW.survey_id)
        AND NOT EXISTS (SELECT 1 FROM follow_up_step WHERE survey_id = NEW.survey_id);
END;

CREATE TRIGGER follow_up_reopens AFTER INSERT ON history
WHEN NEW.kind IN ('rated', 'commented')
BEGIN
    INSERT INTO follow_up_step (survey_id, number, at, deed, score)
        SELECT survey_id, 1 + (SELECT max(number) FROM follow_up_step WHERE survey_id = NEW.survey_id), NEW.at, 'reopen',
            NEW.score
        FROM follow_up WHERE survey_id = NEW.survey_id AND state = 'done'
            AND EXISTS (SELECT 1 FROM follow_up_due WHERE survey_id = NEW.survey_id);
    UPDATE follow_up SET state = 'open', who = NULL, opened_at = NEW.at, changed_at = NEW.at
        WHERE survey_id = NEW.survey_id AND state = 'done'
            AND EXISTS (SELECT 1 FROM follow_up_due WHERE survey_id = NEW.survey_id);
END;

CREATE VIEW report_follow_ups AS
SELECT lower(substr(hex(follow_up.survey_id), 1, 8) || '-' || substr(hex(follow_up.survey_id), 9, 4) || '-'
           || substr(hex(follow_up.survey_id), 13, 4) || '-' || substr(hex(follow_up.survey_id), 17, 4) || '-'
           || substr(hex(follow_up.survey_id), 21)) AS survey_id, survey.connection, survey.conversation_id,
       follow_up.state, strftime('%Y-%m-%dT%H:%M:%SZ', opened_at / 1000, 'unixepoch') AS opened, opened_at, who,
       strftime('%Y-%m-%dT%H:%M:%SZ', changed_at / 1000, 'unixepoch') AS changed, changed_at,
       (SELECT count(*) FROM follow_up_step AS step WHERE step.survey_id = follow_up.survey_id AND note IS NOT NULL)
           AS notes,
       rating.score, rating.standing, rating.rated_at, rating.comment, follow_up.teammate_id,
       (SELECT name FROM teammate WHERE teammate.id = follow_up.teammate_id) AS teammate, follow_up.team, survey.url,
       follow_up.survey_id AS survey_key
FROM follow_up CROSS JOIN rating ON rating.survey_id = follow_up.survey_id
    CROSS JOIN survey ON survey.id = follow_up.survey_id;

CREATE VIEW report_decisions AS
SELECT connection, conversation_id, strftime('%Y-%m-%dT%H:%M:%SZ', closed_at / 1000, 'unixepoch') AS closed,
       strftime('%Y-%m-%dT%H:%M:%SZ', reported_at / 1000, 'unixepoch') AS reported, reported_at,
       (SELECT name FROM day WHERE starts <= reported_at ORDER BY starts DESC LIMIT 1) AS day,
       (SELECT week FROM day WHERE starts <= reported_at ORDER BY starts DESC LIMIT 1) AS week,
       (SELECT month FROM day WHERE starts <= reported_at ORDER BY starts DESC LIMIT 1) AS month, decision,
       reason.value ->> 'rule' AS rule, reason.value ->> 'value' AS value, reason.value ->> 'limit' AS "limit",
       reason.value ->> 'message' AS message, decision = 'skip' AND json_array_length(reasons) = 1 AS only_reason,
       lower(substr(hex(survey_id), 1, 8) || '-' || substr(hex(survey_id), 9, 4) || '-' || substr(hex(survey_id), 13, 4) || '-'
           || substr(hex(survey_id), 17, 4) || '-' || substr(hex(survey_id), 21)) AS survey_id,
       teammate_id, (SELECT name FROM teammate WHERE teammate.id = closing.teammate_id) AS teammate, team, policy
FROM closing LEFT JOIN json_each(closing.reasons) AS reason;

CREATE TRIGGER closing_decided AFTER INSERT ON closing WHEN NEW.reported_at < (SELECT until FROM decided_until)
BEGIN
    INSERT INTO decided
    SELECT level.column1, level.column2, outcome.value, day.name, level.column3, 1,
           NEW.decision = 'skip' AND json_array_length(NEW.reasons) = 1
    FROM day CROSS JOIN (VALUES ('all', '', ''), ('team', '', coalesce(NEW.team, '')),
            ('teammate', coalesce(NEW.teammate_id, ''), coalesce(NEW.team, ''))) AS level
        CROSS JOIN (SELECT NEW.decision AS value UNION ALL SELECT value ->> 'rule' FROM json_each(NEW.reasons)) AS outcome
    WHERE day.name = (SELECT name FROM day WHERE starts <= NEW.reported_at ORDER BY starts DESC LIMIT 1)
    ON CONFLICT DO UPDATE SET closings = closings + 1, only_reason = only_reason + excluded.only_reason;
END;

CREATE TRIGGER closing_deleted AFTER DELETE ON closing WHEN OLD.reported_at < (SELECT until FROM decided_until)
BEGIN
    UPDATE decided SET closings = closings - 1,
        only_reason = only_reason - (OLD.decision = 'skip' AND json_array_length(OLD.reasons) = 1)
    WHERE (level, teammate_id, team) IN (VALUES ('all', '', ''), ('team', '', coalesce(OLD.team, '')),
            ('teammate', coalesce(OLD.teammate_id, ''), coalesce(OLD.team, '')))
        AND outcome IN (SELECT OLD.decision UNION ALL SELECT value ->> 'rule' FROM json_each(OLD.reasons))
        AND day = (SELECT name FROM day WHERE starts <= OLD.reported_at ORDER BY starts DESC LIMIT 1);
END;

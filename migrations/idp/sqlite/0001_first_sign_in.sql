-- People, sign-in, tickets and what leaves the house. Times are microseconds since 1970 (UTC);
-- ids are UUIDv7; secrets are hashes, keyed MACs or ciphertext, never clear.

-- One run of `yimen import people`. Its rows count from the moment published_at is set: a single
-- row changes, so an import of any size is all there or not there at all.
CREATE TABLE imports (
    seq           INTEGER PRIMARY KEY,
    file_name     TEXT    NOT NULL,
    started_at    INTEGER NOT NULL,
    heartbeat_at  INTEGER NOT NULL,
    published_at  INTEGER,
    abandoned_at  INTEGER,
    row_count     INTEGER NOT NULL DEFAULT 0,
    -- How far the rows that this import replaced, or an abandoned one left, have been removed.
    tidied_to     TEXT    NOT NULL DEFAULT '',
    tidied_at     INTEGER
) STRICT;
-- Only one import may be staging at a time.
CREATE UNIQUE INDEX imports_one_staging ON imports ((1))
    WHERE published_at IS NULL AND abandoned_at IS NULL;
CREATE INDEX imports_untidy ON imports (seq) WHERE tidied_at IS NULL;

CREATE TABLE org_units (
    id         BLOB PRIMARY KEY,
    parent_id  BLOB REFERENCES org_units (id),
    name       TEXT NOT NULL,
    path       TEXT NOT NULL UNIQUE
) STRICT;

-- A human, permanent. What the school says of them is in roster; what they did is here and below.
CREATE TABLE persons (
    id                   BLOB PRIMARY KEY,
    created_at           INTEGER NOT NULL,
    state                TEXT    NOT NULL DEFAULT 'active',
    activated_at         INTEGER,
    initial_tries        INTEGER NOT NULL DEFAULT 0,
    notice_version       TEXT,
    notice_accepted_at   INTEGER,
    not_before           INTEGER NOT NULL DEFAULT 0,
    locale               TEXT
) STRICT;

-- What the school says of the holder of an account number: one row per number and import that
-- changed it. The newest published one counts (view current_roster).
CREATE TABLE roster (
    number          TEXT    NOT NULL,
    import_seq      INTEGER NOT NULL REFERENCES imports (seq),
    person_id       BLOB    NOT NULL REFERENCES persons (id),
    display_number  TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    sex             TEXT,
    affiliation     TEXT    NOT NULL,
    org_unit_id     BLOB REFERENCES org_units (id),
    id_kind         TEXT,
    id_number_enc   BLOB,
    id_number_index BLOB,
    phone_enc       BLOB,
    phone_index     BLOB,
    email_enc       BLOB,
    email_index     BLOB,
    initial_mac     BLOB,
    admission_mac   BLOB,
    valid_from      INTEGER,
    valid_until     INTEGER,
    digest          BLOB    NOT NULL,
    PRIMARY KEY (number, import_seq)
) STRICT;
CREATE INDEX roster_person ON roster (person_id);
CREATE INDEX roster_import ON roster (import_seq, number);
CREATE INDEX roster_id_number ON roster (id_number_index) WHERE id_number_index IS NOT NULL;

CREATE VIEW current_roster AS
    SELECT r.* FROM roster r
    JOIN imports i ON i.seq = r.import_seq AND i.published_at IS NOT NULL
    WHERE NOT EXISTS (
        SELECT 1 FROM roster n
        JOIN imports ni ON ni.seq = n.import_seq AND ni.published_at IS NOT NULL
        WHERE n.number = r.number AND n.import_seq > r.import_seq);

CREATE TABLE roles (
    person_id   BLOB    NOT NULL REFERENCES persons (id),
    role        TEXT    NOT NULL,
    granted_at  INTEGER NOT NULL,
    PRIMARY KEY (person_id, role)
) STRICT;

-- Contacts that their owner proved. One number or address belongs to one person.
CREATE TABLE contacts (
    person_id    BLOB    NOT NULL REFERENCES persons (id),
    kind         TEXT    NOT NULL,
    value_enc    BLOB    NOT NULL,
    value_index  BLOB    NOT NULL,
    verified_at  INTEGER NOT NULL,
    PRIMARY KEY (person_id, kind)
) STRICT;
CREATE UNIQUE INDEX contacts_owner ON contacts (kind, value_index);

CREATE TABLE passwords (
    person_id    BLOB PRIMARY KEY REFERENCES persons (id),
    phc          TEXT    NOT NULL,
    set_at       INTEGER NOT NULL,
    must_change  INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE password_history (
    person_id  BLOB    NOT NULL REFERENCES persons (id),
    set_at     INTEGER NOT NULL,
    phc        TEXT    NOT NULL,
    PRIMARY KEY (person_id, set_at)
) STRICT;

CREATE TABLE activation_codes (
    person_id   BLOB PRIMARY KEY REFERENCES persons (id),
    code_mac    BLOB    NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    used_at     INTEGER
) STRICT;

-- A sign-in from its first proof to completion, keyed by the hash of its cookie.
CREATE TABLE signins (
    id_hash      BLOB PRIMARY KEY,
    person_id    BLOB    NOT NULL REFERENCES persons (id),
    number       TEXT    NOT NULL,
    purpose      TEXT    NOT NULL,
    destination  TEXT    NOT NULL,
    version      INTEGER NOT NULL DEFAULT 0,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    finished_at  INTEGER
) STRICT;
CREATE INDEX signins_expiry ON signins (expires_at);
CREATE INDEX signins_person ON signins (person_id);

-- Which factor was shown, and when. A recipient is the blind index of the number it was sent to.
CREATE TABLE proofs (
    signin_hash  BLOB    NOT NULL REFERENCES signins (id_hash) ON DELETE CASCADE,
    factor       TEXT    NOT NULL,
    recipient    BLOB,
    shown_at     INTEGER NOT NULL,
    PRIMARY KEY (signin_hash, factor)
) STRICT;

CREATE TABLE sessions (
    id_hash       BLOB PRIMARY KEY,
    sid           BLOB    NOT NULL UNIQUE,
    person_id     BLOB    NOT NULL REFERENCES persons (id),
    number        TEXT    NOT NULL,
    factors       TEXT    NOT NULL,
    signed_in_at  INTEGER NOT NULL,
    last_seen_at  INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    ended_at      INTEGER,
    end_reason    TEXT,
    address       TEXT,
    user_agent    TEXT
) STRICT;
CREATE INDEX sessions_person ON sessions (person_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- One application's participation in a session: whom to tell when it ends.
CREATE TABLE grants (
    id              BLOB PRIMARY KEY,
    sid             BLOB    NOT NULL REFERENCES sessions (sid) ON DELETE CASCADE,
    application_id  TEXT    NOT NULL,
    protocol        TEXT    NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX grants_session ON grants (sid);

CREATE TABLE service_tickets (
    ticket_hash     BLOB PRIMARY KEY,
    grant_id        BLOB    NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    service         TEXT    NOT NULL,
    from_new_login  INTEGER NOT NULL,
    issued_at       INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    consumed_at     INTEGER
) STRICT;
CREATE INDEX service_tickets_grant ON service_tickets (grant_id);
CREATE INDEX service_tickets_expiry ON service_tickets (expires_at);

-- Browsers that completed a sign-in of this person: not a factor, only a better queue and counter.
CREATE TABLE known_devices (
    id_hash     BLOB PRIMARY KEY,
    person_id   BLOB    NOT NULL REFERENCES persons (id),
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX known_devices_person ON known_devices (person_id);
CREATE INDEX known_devices_expiry ON known_devices (expires_at);

-- Captchas that were answered: an id is good once. The answer is a keyed MAC of the id.
CREATE TABLE spent_captchas (
    id_hash     BLOB PRIMARY KEY,
    expires_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX spent_captchas_expiry ON spent_captchas (expires_at);

CREATE TABLE one_time_codes (
    id               BLOB PRIMARY KEY,
    flow_hash        BLOB    NOT NULL,
    purpose          TEXT    NOT NULL,
    person_id        BLOB,
    recipient_enc    BLOB    NOT NULL,
    recipient_index  BLOB    NOT NULL,
    code_mac         BLOB    NOT NULL,
    attempts         INTEGER NOT NULL DEFAULT 0,
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    used_at          INTEGER,
    delivery         TEXT    NOT NULL DEFAULT 'queued'
) STRICT;
CREATE INDEX one_time_codes_flow ON one_time_codes (flow_hash, purpose);
CREATE INDEX one_time_codes_expiry ON one_time_codes (expires_at);

-- Counters that decide. The row of a bucket is the lock under which its events are counted.
CREATE TABLE throttles (
    bucket      BLOB PRIMARY KEY,
    touched_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX throttles_touched ON throttles (touched_at);

CREATE TABLE throttle_events (
    id      BLOB PRIMARY KEY,
    bucket  BLOB    NOT NULL REFERENCES throttles (bucket) ON DELETE CASCADE,
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX throttle_events_bucket ON throttle_events (bucket, at);

-- Wrong secrets of the last hours, to see one password tried on many accounts.
CREATE TABLE failed_secrets (
    id           BLOB PRIMARY KEY,
    at           INTEGER NOT NULL,
    account_key  BLOB    NOT NULL,
    secret_mac   BLOB    NOT NULL,
    initial      INTEGER NOT NULL
) STRICT;
CREATE INDEX failed_secrets_at ON failed_secrets (at);

CREATE TABLE alarms (
    kind       TEXT PRIMARY KEY,
    raised_at  INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    detail     TEXT    NOT NULL
) STRICT;

CREATE TABLE applications (
    id          TEXT PRIMARY KEY,
    entry       TEXT    NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;

-- Named values of the whole installation: change counters that every node polls, the check value
-- of the master key.
CREATE TABLE settings (
    name   TEXT PRIMARY KEY,
    value  TEXT NOT NULL
) STRICT;
INSERT INTO settings (name, value) VALUES ('applications.version', '0');

CREATE TABLE outbox (
    id            BLOB PRIMARY KEY,
    kind          TEXT    NOT NULL,
    payload_enc   BLOB    NOT NULL,
    created_at    INTEGER NOT NULL,
    next_at       INTEGER NOT NULL,
    attempts      INTEGER NOT NULL DEFAULT 0,
    leased_until  INTEGER,
    done_at       INTEGER,
    result        TEXT
) STRICT;
CREATE INDEX outbox_due ON outbox (next_at) WHERE done_at IS NULL;
CREATE INDEX outbox_done ON outbox (done_at) WHERE done_at IS NOT NULL;

CREATE TABLE audit_events (
    id              BLOB PRIMARY KEY,
    at              INTEGER NOT NULL,
    event           TEXT    NOT NULL,
    result          TEXT    NOT NULL,
    reason          TEXT,
    person_id       BLOB,
    claimed         BLOB,
    application_id  TEXT,
    address         TEXT,
    request_id      TEXT,
    detail          TEXT    NOT NULL
) STRICT;
CREATE INDEX audit_events_at ON audit_events (at);
CREATE INDEX audit_events_person ON audit_events (person_id, at);

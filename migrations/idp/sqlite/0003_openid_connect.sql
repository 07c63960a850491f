-- OpenID Connect: signing keys, authorizations and their tokens, consent, devices, registration.

-- The keys by which our tokens are signed; one key, one algorithm. Of nodes that make the next
-- generation at once, one does.
CREATE TABLE signing_keys (
    kid          TEXT PRIMARY KEY,
    algorithm    TEXT   NOT NULL,
    generation   INTEGER NOT NULL,
    private_enc  BLOB  NOT NULL,
    public_jwk   TEXT  NOT NULL,
    created_at   INTEGER NOT NULL,
    -- Published before, signs from then on, until the next of its algorithm does.
    active_from  INTEGER NOT NULL,
    -- Set when the next is active: until then it stays published.
    expires_at   INTEGER
) STRICT;
CREATE UNIQUE INDEX signing_keys_generation ON signing_keys (algorithm, generation);

-- The subject by which an OIDC application knows the person; its notice says it again. An
-- application has one such grant in a session, however many codes it asked for.
ALTER TABLE grants ADD COLUMN subject TEXT;
CREATE UNIQUE INDEX grants_oidc ON grants (sid, application_id) WHERE protocol = 'oidc';

-- What was answered on the way already.
ALTER TABLE hops ADD COLUMN answers TEXT NOT NULL DEFAULT '[]';

-- A code on its way through the browser. The authorization that it will give has its id already,
-- so that a replay finds what to revoke.
CREATE TABLE authorization_codes (
    code_hash         BLOB PRIMARY KEY,
    authorization_id  BLOB   NOT NULL UNIQUE,
    grant_id          BLOB   NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    application_id    TEXT   NOT NULL,
    request           TEXT  NOT NULL,
    issued_at         INTEGER NOT NULL,
    expires_at        INTEGER NOT NULL,
    consumed_at       INTEGER
) STRICT;
CREATE INDEX authorization_codes_grant ON authorization_codes (grant_id);
CREATE INDEX authorization_codes_expiry ON authorization_codes (expires_at);

-- What an application may do for a person (or for itself, without one). It ends with its grant's
-- session; without a grant it is offline access, and lives until it expires or is revoked.
CREATE TABLE authorizations (
    id               BLOB PRIMARY KEY,
    application_id   TEXT   NOT NULL,
    person_id        BLOB REFERENCES persons (id),
    grant_id         BLOB REFERENCES grants (id) ON DELETE CASCADE,
    -- The account number that the application received.
    number           TEXT,
    subject          TEXT   NOT NULL,
    scope            TEXT   NOT NULL,
    -- What its tokens say again: claims that were asked for, when and how she signed in, its key.
    detail           TEXT  NOT NULL,
    -- Of the refresh token that is good now.
    generation       INTEGER NOT NULL DEFAULT 0,
    rotated_at       INTEGER,
    created_at       INTEGER NOT NULL,
    last_used_at     INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    revoked_at       INTEGER,
    revoked_because  TEXT
) STRICT;
CREATE INDEX authorizations_person ON authorizations (person_id, application_id);
CREATE INDEX authorizations_grant ON authorizations (grant_id) WHERE grant_id IS NOT NULL;
CREATE INDEX authorizations_expiry ON authorizations (expires_at);

-- Also for tokens that can be read without asking us: whether one is still good is known here.
CREATE TABLE access_tokens (
    token_hash        BLOB PRIMARY KEY,
    authorization_id  BLOB   NOT NULL REFERENCES authorizations (id) ON DELETE CASCADE,
    scope             TEXT   NOT NULL,
    audience          TEXT   NOT NULL,
    -- The key that must come along (RFC 9449 §6).
    key_thumbprint    TEXT,
    issued_at         INTEGER NOT NULL,
    expires_at        INTEGER NOT NULL,
    revoked_at        INTEGER
) STRICT;
CREATE INDEX access_tokens_authorization ON access_tokens (authorization_id);
CREATE INDEX access_tokens_expiry ON access_tokens (expires_at);

-- A request that the application pushed (RFC 9126): good for one answer.
CREATE TABLE pushed_requests (
    uri_hash        BLOB PRIMARY KEY,
    application_id  TEXT   NOT NULL,
    parameters      TEXT  NOT NULL,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    -- When it was first presented: from then on a person has time to sign in.
    opened_at       INTEGER,
    consumed_at     INTEGER
) STRICT;
CREATE INDEX pushed_requests_expiry ON pushed_requests (expires_at);

-- What a person let an application know.
CREATE TABLE consents (
    person_id       BLOB   NOT NULL REFERENCES persons (id),
    application_id  TEXT   NOT NULL,
    -- Scopes and single claims, as a list.
    granted         TEXT  NOT NULL,
    granted_at      INTEGER NOT NULL,
    PRIMARY KEY (person_id, application_id)
) STRICT;

-- A device that waits for a person to let it in (RFC 8628).
CREATE TABLE device_grants (
    device_hash       BLOB PRIMARY KEY,
    user_code_mac     BLOB  NOT NULL UNIQUE,
    authorization_id  BLOB   NOT NULL UNIQUE,
    application_id    TEXT   NOT NULL,
    request           TEXT  NOT NULL,
    state             TEXT   NOT NULL DEFAULT 'pending',
    grant_id          BLOB REFERENCES grants (id) ON DELETE CASCADE,
    -- Seconds between two polls; it grows for who polls too fast.
    poll_seconds      INTEGER NOT NULL,
    polled_at         INTEGER,
    created_at        INTEGER NOT NULL,
    expires_at        INTEGER NOT NULL
) STRICT;
CREATE INDEX device_grants_expiry ON device_grants (expires_at);
CREATE INDEX device_grants_grant ON device_grants (grant_id) WHERE grant_id IS NOT NULL;

-- Ids of foreign assertions and proofs, each good once.
CREATE TABLE spent_ids (
    id_hash     BLOB PRIMARY KEY,
    expires_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX spent_ids_expiry ON spent_ids (expires_at);

-- What an administrator hands out so that a client may register itself (RFC 7591).
CREATE TABLE initial_access_tokens (
    token_hash  BLOB PRIMARY KEY,
    label       TEXT   NOT NULL,
    -- What clients registered by it may be told of people.
    releasable  TEXT  NOT NULL,
    uses_left   INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
) STRICT;

-- A client that registered itself, and the token by which it reads and removes itself (RFC 7592).
CREATE TABLE registered_clients (
    application_id  TEXT PRIMARY KEY REFERENCES applications (id) ON DELETE CASCADE,
    token_hash      BLOB  NOT NULL,
    label           TEXT   NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT;

-- Where somebody lives or works, as the school says.
ALTER TABLE roster ADD COLUMN address_enc BLOB;
DROP VIEW current_roster;
CREATE VIEW current_roster AS
    SELECT r.* FROM roster r
    JOIN imports i ON i.seq = r.import_seq AND i.published_at IS NOT NULL
    WHERE NOT EXISTS (
        SELECT 1 FROM roster n
        JOIN imports ni ON ni.seq = n.import_seq AND ni.published_at IS NOT NULL
        WHERE n.number = r.number AND n.import_seq > r.import_seq);

-- Messages of one lane are leased in the order in which they are due.
CREATE INDEX outbox_lane ON outbox (kind, lane, next_at) WHERE done_at IS NULL;

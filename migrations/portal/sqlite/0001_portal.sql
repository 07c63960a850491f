-- The hall as a relying party: who is signed in here, and what was used once. Times are
-- microseconds since 1970 (UTC); ids are random.

-- A session, under the hash of its cookie. `sealed` holds the person as the provider told, and the
-- tokens, which no browser ever sees.
CREATE TABLE portal_sessions (
    id              BLOB PRIMARY KEY,
    cookie_hash     BLOB    NOT NULL UNIQUE,
    subject         TEXT    NOT NULL,
    -- The provider's name for the session, by which its logout tokens speak of it.
    sid             TEXT,
    sealed          BLOB    NOT NULL,
    -- Counts what was sealed, so that of two renewals one is kept.
    version         INTEGER NOT NULL,
    -- When the tokens are to be renewed; NULL: they can't be.
    renew_at        INTEGER,
    -- Somebody renews them, until then.
    renewing_until  INTEGER,
    began_at        INTEGER NOT NULL,
    seen_at         INTEGER NOT NULL,
    ends_at         INTEGER NOT NULL
) STRICT;
CREATE INDEX portal_sessions_sid ON portal_sessions (sid);
CREATE INDEX portal_sessions_subject ON portal_sessions (subject);
CREATE INDEX portal_sessions_ends ON portal_sessions (ends_at);

-- What may be used once (state, logout token), or never again (a session's name after its end).
CREATE TABLE portal_spent (
    kind        TEXT    NOT NULL,
    hash        BLOB    NOT NULL,
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (kind, hash)
) STRICT;
CREATE INDEX portal_spent_expires ON portal_spent (expires_at);

CREATE TABLE portal_settings (
    name   TEXT PRIMARY KEY,
    value  TEXT NOT NULL
) STRICT;

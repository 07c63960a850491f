-- Renewals that a lost answer or a crash leaves open, and logouts that arrive while a sign-in
-- completes.

-- The refresh token is on its way since then, and no answer to it was kept; NULL: it is unused.
ALTER TABLE portal_sessions ADD COLUMN renewal_sent_at BIGINT;

-- Names by which logout tokens speak: the provider's session (sid) or the person (sub). Whoever
-- begins or ends sessions of a name holds its row, so that the two come one after the other.
CREATE TABLE portal_endings (
    kind        TEXT    NOT NULL,
    hash        BYTEA   NOT NULL,
    -- What was signed in until then is over; NULL: nothing ended.
    ended_at    BIGINT,
    expires_at  BIGINT  NOT NULL,
    PRIMARY KEY (kind, hash)
);
CREATE INDEX portal_endings_expires ON portal_endings (expires_at);
INSERT INTO portal_endings (kind, hash, ended_at, expires_at)
    SELECT kind, hash, expires_at - 900000000, expires_at FROM portal_spent WHERE kind = 'sid';

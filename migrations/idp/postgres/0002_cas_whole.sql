-- CAS, whole: proxy tickets, single logout, what a signed-in person is asked on the way to an
-- application, groups.

-- A session asks before each application (CAS `warn`), outlives the browser (CAS `rememberMe`),
-- or belongs to a program: `browser`, `rest`, `probe`.
ALTER TABLE sessions ADD COLUMN warn BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE sessions ADD COLUMN remembered BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE sessions ADD COLUMN kind TEXT NOT NULL DEFAULT 'browser';
CREATE INDEX sessions_live ON sessions (last_seen_at) WHERE ended_at IS NULL;

ALTER TABLE signins ADD COLUMN warn BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE signins ADD COLUMN remember BOOLEAN NOT NULL DEFAULT FALSE;

-- The account number that the application received, the service that is told of the logout with
-- its lane, and the ticket by which it knows the session: sealed, since the notice says it again.
ALTER TABLE grants ADD COLUMN number TEXT;
ALTER TABLE grants ADD COLUMN service TEXT;
ALTER TABLE grants ADD COLUMN lane TEXT;
ALTER TABLE grants ADD COLUMN ticket_enc BYTEA;

-- What an application got to act for a person at other applications. It lives as long as the
-- session. `parent_id` is the one by which its own ticket was made: the chain.
CREATE TABLE proxy_granting_tickets (
    id           UUID PRIMARY KEY,
    ticket_hash  BYTEA   NOT NULL UNIQUE,
    grant_id     UUID    NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    parent_id    UUID REFERENCES proxy_granting_tickets (id) ON DELETE CASCADE,
    callback     TEXT    NOT NULL,
    depth        BIGINT  NOT NULL,
    created_at   BIGINT  NOT NULL
);
CREATE INDEX proxy_granting_tickets_grant ON proxy_granting_tickets (grant_id);
CREATE INDEX proxy_granting_tickets_parent ON proxy_granting_tickets (parent_id)
    WHERE parent_id IS NOT NULL;

-- Set for a proxy ticket: by which proxy-granting ticket it was made.
ALTER TABLE service_tickets ADD COLUMN proxied_by UUID
    REFERENCES proxy_granting_tickets (id) ON DELETE CASCADE;
CREATE INDEX service_tickets_proxied_by ON service_tickets (proxied_by)
    WHERE proxied_by IS NOT NULL;

-- A signed-in person on the way to an application, while she is asked something. Good once, for
-- her session alone.
CREATE TABLE hops (
    id_hash      BYTEA PRIMARY KEY,
    sid          UUID    NOT NULL REFERENCES sessions (sid) ON DELETE CASCADE,
    destination  JSONB   NOT NULL,
    fresh        BOOLEAN NOT NULL,
    created_at   BIGINT  NOT NULL,
    expires_at   BIGINT  NOT NULL
);
CREATE INDEX hops_session ON hops (sid);
CREATE INDEX hops_expiry ON hops (expires_at);

-- Which of her numbers an application knows a person by, where it lets her choose.
CREATE TABLE number_choices (
    person_id       UUID    NOT NULL REFERENCES persons (id),
    application_id  TEXT    NOT NULL,
    number          TEXT    NOT NULL,
    chosen_at       BIGINT  NOT NULL,
    PRIMARY KEY (person_id, application_id)
);

CREATE TABLE group_members (
    group_name  TEXT    NOT NULL,
    person_id   UUID    NOT NULL REFERENCES persons (id),
    added_at    BIGINT  NOT NULL,
    PRIMARY KEY (group_name, person_id)
);
CREATE INDEX group_members_person ON group_members (person_id);

-- The ledger of logouts: a session that ended with grants, and below it whom to tell. The person
-- may look at it for a while at a random address.
CREATE TABLE logouts (
    id               UUID PRIMARY KEY,
    sid              UUID    NOT NULL,
    person_id        UUID    NOT NULL REFERENCES persons (id),
    number           TEXT    NOT NULL,
    reason           TEXT    NOT NULL,
    ended_at         BIGINT  NOT NULL,
    view_hash        BYTEA UNIQUE,
    view_expires_at  BIGINT
);
CREATE INDEX logouts_ended ON logouts (ended_at);
CREATE INDEX logouts_person ON logouts (person_id);

-- One grant that is told. Its message in the outbox has the same id, and so has the document.
CREATE TABLE logout_notices (
    grant_id        UUID PRIMARY KEY,
    logout_id       UUID    NOT NULL REFERENCES logouts (id) ON DELETE CASCADE,
    application_id  TEXT    NOT NULL,
    protocol        TEXT    NOT NULL,
    state           TEXT    NOT NULL,
    attempts        BIGINT  NOT NULL DEFAULT 0,
    reason          TEXT,
    settled_at      BIGINT
);
CREATE INDEX logout_notices_logout ON logout_notices (logout_id);

-- Messages of one lane are delivered a few at a time: for logout notices it is the host.
ALTER TABLE outbox ADD COLUMN lane TEXT NOT NULL DEFAULT '';

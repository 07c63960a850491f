-- What was asked to be sent, how often, and the inbox of demo and tests. Times are microseconds
-- since 1970 (UTC); ids are UUIDv7; a phone number is a keyed MAC everywhere but in the inbox.

-- One row for each idempotency key: a key that comes again gets the outcome it got before.
CREATE TABLE sms_messages (
    id               BLOB PRIMARY KEY,
    idempotency_key  TEXT    NOT NULL UNIQUE,
    request_mac      BLOB    NOT NULL,
    number_key       BLOB    NOT NULL,
    purpose          TEXT    NOT NULL,
    submitted_at     INTEGER NOT NULL,
    -- NULL: accepted, and counted. Else it was refused until then by a limit.
    retry_at         INTEGER
) STRICT;
CREATE INDEX sms_messages_submitted ON sms_messages (submitted_at);

-- A number, or a whole country. Its row is the lock under which its attempts are counted.
CREATE TABLE sms_buckets (
    bucket      BLOB PRIMARY KEY,
    touched_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX sms_buckets_touched ON sms_buckets (touched_at);

-- What was handed to a provider, whether it arrived or not.
CREATE TABLE sms_attempts (
    message_id  BLOB    NOT NULL REFERENCES sms_messages (id) ON DELETE CASCADE,
    bucket      BLOB    NOT NULL REFERENCES sms_buckets (bucket) ON DELETE CASCADE,
    at          INTEGER NOT NULL,
    PRIMARY KEY (message_id, bucket)
) STRICT;
CREATE INDEX sms_attempts_bucket ON sms_attempts (bucket, at);

-- The provider `inbox`: numbers and codes in clear, so only for demo and tests, and for a day.
CREATE TABLE sms_inbox (
    id           BLOB PRIMARY KEY,
    number       TEXT    NOT NULL,
    body         TEXT    NOT NULL,
    received_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX sms_inbox_number ON sms_inbox (number, received_at);
CREATE INDEX sms_inbox_received ON sms_inbox (received_at);

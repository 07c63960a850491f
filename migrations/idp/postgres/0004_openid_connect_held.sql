-- What OpenID Connect needed once it was held against its attackers.

-- A client may have so many open pushes and waiting devices: they are counted at each.
CREATE INDEX pushed_requests_application ON pushed_requests (application_id, expires_at);
CREATE INDEX device_grants_application ON device_grants (application_id, expires_at);

-- A code stands for the number and the subject that it was issued for, and a device for those of
-- who let it in, also when the session's grant has been asked for another one since.
ALTER TABLE authorization_codes ADD COLUMN number TEXT;
ALTER TABLE authorization_codes ADD COLUMN subject TEXT;
ALTER TABLE device_grants ADD COLUMN number TEXT;
ALTER TABLE device_grants ADD COLUMN subject TEXT;

-- The hosts at which clients must be that register by it, or below which: a JSON list; none: any.
ALTER TABLE initial_access_tokens ADD COLUMN hosts JSONB NOT NULL DEFAULT '[]';

-- Who may ask. Plain SQL that SQLite and PostgreSQL both take; times are milliseconds since 1970 UTC.

CREATE TABLE IF NOT EXISTS meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS keys (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    kind         TEXT NOT NULL,
    role         TEXT NOT NULL,
    -- JSON lists; null: all.
    groups       TEXT,
    collections  TEXT,
    origins      TEXT NOT NULL,
    -- BLAKE3 of the secret, hexadecimal.
    hash         TEXT NOT NULL UNIQUE,
    prefix       TEXT NOT NULL,
    -- 1 for the key that the first start made by itself.
    first        BIGINT NOT NULL,
    created_ms   BIGINT NOT NULL,
    created_by   TEXT NOT NULL,
    expires_ms   BIGINT,
    last_used_ms BIGINT,
    revoked_ms   BIGINT
);

CREATE TABLE IF NOT EXISTS users (
    id           TEXT PRIMARY KEY,
    issuer       TEXT NOT NULL,
    subject      TEXT NOT NULL,
    name         TEXT,
    email        TEXT,
    role         TEXT,
    groups       TEXT NOT NULL,
    last_seen_ms BIGINT NOT NULL,
    blocked      BIGINT NOT NULL,
    UNIQUE (issuer, subject)
);
CREATE INDEX IF NOT EXISTS users_by_last_seen ON users (last_seen_ms, id);

CREATE TABLE IF NOT EXISTS sessions (
    -- BLAKE3 of the cookie's value, hexadecimal.
    hash       TEXT PRIMARY KEY,
    key_id     TEXT REFERENCES keys (id) ON DELETE CASCADE,
    user_id    TEXT REFERENCES users (id) ON DELETE CASCADE,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS sessions_by_end ON sessions (expires_ms);

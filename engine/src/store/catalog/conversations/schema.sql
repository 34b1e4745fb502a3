-- Conversations. Plain SQL that SQLite and PostgreSQL both take; times are milliseconds since 1970 UTC.

CREATE TABLE IF NOT EXISTS meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS conversations (
    id         TEXT PRIMARY KEY,
    -- Key of the asker; empty for those whom nobody knows, to whom the id is the key.
    owner      TEXT NOT NULL,
    title      TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    -- Of the last turn.
    updated_ms BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS conversations_by_owner ON conversations (owner, updated_ms, id);
CREATE INDEX IF NOT EXISTS conversations_by_age ON conversations (updated_ms);

CREATE TABLE IF NOT EXISTS turns (
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    -- From 1; the numbers of a conversation never come again.
    number          BIGINT NOT NULL,
    asked_ms        BIGINT NOT NULL,
    -- What earlier turns added to the question, and whether it needed that: a JSON list, and 0 or 1.
    carried         TEXT NOT NULL,
    sure            BIGINT NOT NULL,
    -- The answer as it was given, with its question.
    answer          TEXT NOT NULL,
    PRIMARY KEY (conversation_id, number)
);

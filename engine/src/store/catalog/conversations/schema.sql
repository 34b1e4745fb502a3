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
    -- Of the answer.
    answer_id       TEXT,
    PRIMARY KEY (conversation_id, number)
);
CREATE INDEX IF NOT EXISTS turns_by_answer ON turns (answer_id);

-- What the asker says of an answer. It goes with the turn.
CREATE TABLE IF NOT EXISTS feedback (
    conversation_id TEXT NOT NULL,
    number          BIGINT NOT NULL,
    -- up or down.
    rating          TEXT NOT NULL,
    reason          TEXT,
    comment         TEXT,
    rated_ms        BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, number),
    FOREIGN KEY (conversation_id, number) REFERENCES turns (conversation_id, number) ON DELETE CASCADE
);

-- Questions that ask for the same. There is no text of an asker in it, so that it may outlive what was asked; the numbers
-- count what is deleted too.
CREATE TABLE IF NOT EXISTS topics (
    id          TEXT PRIMARY KEY,
    -- The collections that its askers were held to, as JSON: questions of others are of other topics.
    realm       TEXT NOT NULL,
    -- open, answered, dismissed.
    state       TEXT NOT NULL,
    document_id TEXT,
    note        TEXT,
    decided_ms  BIGINT,
    first_ms    BIGINT NOT NULL,
    last_ms     BIGINT NOT NULL,
    count       BIGINT NOT NULL,
    unanswered  BIGINT NOT NULL,
    down        BIGINT NOT NULL,
    handoffs    BIGINT NOT NULL,
    askers      BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS topics_by_activity ON topics (last_ms, id);

-- A turn whose question was not answered well. It goes with the turn, and with it all text and what was made of the text.
CREATE TABLE IF NOT EXISTS asked (
    conversation_id TEXT NOT NULL,
    number          BIGINT NOT NULL,
    -- Absent until it is filed.
    topic_id        TEXT REFERENCES topics (id) ON DELETE CASCADE,
    question        TEXT NOT NULL,
    -- As it stands alone.
    standalone      TEXT NOT NULL,
    -- What the asker could see, and the part of it that topics are parted by; both JSON.
    reach           TEXT NOT NULL,
    realm           TEXT NOT NULL,
    -- Of the spelling: the same for questions that differ in nothing that matters.
    spelling        TEXT NOT NULL,
    -- Terms, as a JSON list, and the vector in bytes; absent until it is filed, the vector also where the embedder does not
    -- know the language.
    terms           TEXT,
    vector          BLOB,
    -- 0 or 1.
    unanswered      BIGINT NOT NULL,
    down            BIGINT NOT NULL,
    handed_on_ms    BIGINT,
    note            TEXT,
    asked_ms        BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, number),
    FOREIGN KEY (conversation_id, number) REFERENCES turns (conversation_id, number) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS asked_by_topic ON asked (topic_id, asked_ms);
CREATE INDEX IF NOT EXISTS asked_by_spelling ON asked (spelling);

-- The source of truth. Plain SQL that SQLite and PostgreSQL both take; times are milliseconds since 1970 UTC.

CREATE TABLE IF NOT EXISTS meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- A folder that was ingested into a collection.
CREATE TABLE IF NOT EXISTS sources (
    id         TEXT PRIMARY KEY,
    collection TEXT NOT NULL,
    root       TEXT NOT NULL,
    UNIQUE (collection, root)
);

-- What was last seen of each file: an unchanged one costs a hash.
CREATE TABLE IF NOT EXISTS files (
    source_id    TEXT NOT NULL REFERENCES sources (id),
    path         TEXT NOT NULL,
    bytes        BIGINT NOT NULL,
    -- Nanoseconds since 1970; 0 when it must not be relied on.
    modified_ns  BIGINT NOT NULL,
    hash         TEXT NOT NULL,
    pipeline     TEXT NOT NULL,
    labels       TEXT NOT NULL,
    error_code   TEXT,
    error_reason TEXT,
    PRIMARY KEY (source_id, path)
);
-- Of the few that failed.
CREATE INDEX IF NOT EXISTS files_failed ON files (source_id, path) WHERE error_code IS NOT NULL;

-- A file, or a line of a .jsonl file. The id outlives changes and moves.
CREATE TABLE IF NOT EXISTS documents (
    id         TEXT PRIMARY KEY,
    source_id  TEXT NOT NULL REFERENCES sources (id),
    path       TEXT NOT NULL,
    uri        TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    -- A file may be called `faq.jsonl#7`, like a line of `faq.jsonl`: the uri alone does not tell them apart.
    UNIQUE (source_id, path, uri)
);
CREATE INDEX IF NOT EXISTS documents_by_uri ON documents (uri);

-- The content of a document at one time. state: staged (being written), live (what readers see), retired (going).
CREATE TABLE IF NOT EXISTS versions (
    document_id TEXT NOT NULL REFERENCES documents (id),
    version     BIGINT NOT NULL,
    state       TEXT NOT NULL,
    hash        TEXT NOT NULL,
    collection  TEXT NOT NULL,
    allow_json  TEXT NOT NULL,
    deny_json   TEXT NOT NULL,
    tags        TEXT NOT NULL,
    title       TEXT,
    language    TEXT,
    media_type  TEXT NOT NULL,
    bytes       BIGINT NOT NULL,
    characters  BIGINT NOT NULL,
    chunk_count BIGINT NOT NULL,
    -- Of an attachment: what the uri of its mail has after the path.
    part_of     TEXT,
    metadata    TEXT NOT NULL,
    links       TEXT NOT NULL,
    notes       TEXT NOT NULL,
    outline     TEXT NOT NULL,
    text        TEXT NOT NULL,
    created_ms  BIGINT NOT NULL,
    PRIMARY KEY (document_id, version)
);
-- Of the few versions that are on their way in or out. Were the live ones in it, a planner would take it for the way to the
-- live version of a document, and walk through all documents.
CREATE INDEX IF NOT EXISTS versions_pending ON versions (state) WHERE state <> 'live';
-- What lists and counts look at, without the texts between: it begins with the document, so that it is no detour to one.
CREATE INDEX IF NOT EXISTS versions_live ON versions
    (document_id, collection, allow_json, deny_json, media_type, language, title, chunk_count) WHERE state = 'live';

-- What a search may filter by, besides the columns of a version: tags, authors, other metadata. Values are lower case.
CREATE TABLE IF NOT EXISTS fields (
    document_id TEXT NOT NULL,
    version     BIGINT NOT NULL,
    name        TEXT NOT NULL,
    value       TEXT NOT NULL,
    FOREIGN KEY (document_id, version) REFERENCES versions (document_id, version)
);
CREATE INDEX IF NOT EXISTS fields_by_value ON fields (name, value);
CREATE INDEX IF NOT EXISTS fields_by_version ON fields (document_id, version);

CREATE TABLE IF NOT EXISTS chunks (
    id          TEXT PRIMARY KEY,
    document_id TEXT NOT NULL,
    version     BIGINT NOT NULL,
    ordinal     BIGINT NOT NULL,
    start_char  BIGINT NOT NULL,
    end_char    BIGINT NOT NULL,
    page        BIGINT,
    heading     TEXT,
    table_header TEXT,
    language    TEXT,
    text        TEXT NOT NULL,
    FOREIGN KEY (document_id, version) REFERENCES versions (document_id, version)
);
CREATE INDEX IF NOT EXISTS chunks_by_version ON chunks (document_id, version);

CREATE TABLE IF NOT EXISTS jobs (
    id         TEXT PRIMARY KEY,
    created_ms BIGINT NOT NULL,
    body       TEXT NOT NULL
);

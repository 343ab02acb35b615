"""The first schema, as version 0.1.0 made it. It is frozen: later ones are migrations of it."""

from __future__ import annotations

MIGRATION_1 = """
CREATE TABLE pipeline (
    pipeline_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- A place where a test case has a history; the branch of all pre-merge runs is `pre-merge`.
CREATE TABLE stream (
    stream_id INTEGER PRIMARY KEY,
    pipeline_id INTEGER NOT NULL REFERENCES pipeline,
    environment TEXT NOT NULL,
    branch TEXT NOT NULL,
    variant TEXT NOT NULL,
    UNIQUE (pipeline_id, environment, branch, variant)
) STRICT;

CREATE TABLE service (
    service_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- `stable` is the first 8 bytes of the SHA-256 of namespace::classname::name.
CREATE TABLE test_case (
    test_id INTEGER PRIMARY KEY,
    stable BLOB NOT NULL UNIQUE,
    namespace TEXT NOT NULL,
    classname TEXT NOT NULL,
    name TEXT NOT NULL,
    file TEXT
) STRICT;

CREATE TABLE alias (
    old_test_id INTEGER PRIMARY KEY REFERENCES test_case,
    new_test_id INTEGER NOT NULL REFERENCES test_case
) STRICT;

-- Services that reports declare as exercised; they stay known once seen. Position 0 is the one called directly.
CREATE TABLE exercised (
    test_id INTEGER NOT NULL REFERENCES test_case,
    service_id INTEGER NOT NULL REFERENCES service,
    position INTEGER NOT NULL,
    PRIMARY KEY (test_id, service_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX exercised_service ON exercised (service_id);

CREATE TABLE signature (
    signature_id INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,
    key TEXT NOT NULL,
    title TEXT NOT NULL,
    UNIQUE (version, key)
) STRICT;

-- `body` is the trace, deflated; signature is NULL for the reason of a skip.
CREATE TABLE failure (
    failure_id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    signature_id INTEGER REFERENCES signature,
    type TEXT NOT NULL,
    message TEXT NOT NULL,
    body BLOB
) STRICT;

-- The ledger: every input ever seen. It outlives pruning.
CREATE TABLE source_file (
    source_id INTEGER PRIMARY KEY,
    location BLOB NOT NULL,
    path TEXT NOT NULL,
    folder BLOB NOT NULL,
    digest BLOB NOT NULL,
    size_bytes INTEGER NOT NULL,
    mtime_ms INTEGER,
    kind TEXT NOT NULL,
    format TEXT,
    status TEXT NOT NULL,
    reason TEXT,
    line INTEGER,
    warnings TEXT NOT NULL,
    counts TEXT NOT NULL,
    run_id INTEGER REFERENCES run,
    first_seen_ms INTEGER NOT NULL,
    last_seen_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL
) STRICT;
CREATE INDEX source_file_location ON source_file (location);
CREATE INDEX source_file_digest ON source_file (digest, run_id);
CREATE INDEX source_file_folder ON source_file (folder);
CREATE INDEX source_file_rejected ON source_file (last_seen_ms) WHERE status = 'rejected';
CREATE INDEX source_file_run ON source_file (run_id);

CREATE TABLE run (
    run_id INTEGER PRIMARY KEY,
    pipeline_id INTEGER NOT NULL REFERENCES pipeline,
    name TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    environment TEXT NOT NULL,
    branch TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    is_start_estimated INTEGER NOT NULL,
    state TEXT NOT NULL,
    run_trigger TEXT,
    revision TEXT,
    base_revision TEXT,
    repository TEXT,
    url TEXT,
    service_id INTEGER REFERENCES service,
    version TEXT,
    merge_request TEXT,
    UNIQUE (pipeline_id, name, attempt, environment)
) STRICT;
CREATE INDEX run_started ON run (started_ms);

-- One report file of one run. `identity` is what the report itself says, `given` what options said, `environ` what
-- the CI server's variables said, `resolved` what all sources together say.
CREATE TABLE part (
    part_id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES run,
    stream_id INTEGER NOT NULL REFERENCES stream,
    source_id INTEGER NOT NULL UNIQUE REFERENCES source_file,
    namespace TEXT NOT NULL,
    identity TEXT NOT NULL,
    given TEXT NOT NULL,
    environ TEXT NOT NULL,
    resolved TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    job TEXT NOT NULL,
    job_url TEXT NOT NULL,
    shard_index INTEGER,
    shard_total INTEGER
) STRICT;
CREATE INDEX part_run ON part (run_id);
CREATE INDEX part_stream ON part (stream_id, started_ms);

-- What a `run.json` says of its run.
CREATE TABLE run_note (
    source_id INTEGER PRIMARY KEY REFERENCES source_file,
    run_id INTEGER NOT NULL REFERENCES run,
    identity TEXT NOT NULL
) STRICT;
CREATE INDEX run_note_run ON run_note (run_id);

CREATE TABLE result (
    part_id INTEGER NOT NULL,
    test_id INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    duration_ms INTEGER,
    start_offset_ms INTEGER,
    failure_id INTEGER,
    PRIMARY KEY (part_id, test_id, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX result_failed ON result (test_id) WHERE outcome IN (1, 2);

-- The name as written, only where it differs from the identity.
CREATE TABLE result_name (
    part_id INTEGER NOT NULL,
    test_id INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (part_id, test_id, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE result_link (
    part_id INTEGER NOT NULL,
    test_id INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    url TEXT NOT NULL,
    PRIMARY KEY (part_id, test_id, ordinal, position)
) STRICT, WITHOUT ROWID;

-- Totals of one run in one stream, attempts of all its parts merged.
CREATE TABLE run_total (
    run_id INTEGER NOT NULL REFERENCES run,
    stream_id INTEGER NOT NULL REFERENCES stream,
    attempts INTEGER NOT NULL,
    passed INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    errored INTEGER NOT NULL,
    skipped INTEGER NOT NULL,
    flaky INTEGER NOT NULL,
    PRIMARY KEY (run_id, stream_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_total_stream ON run_total (stream_id);

-- Of first run attempts, by UTC day of the run's start. Flips are those within the day; the edges join days.
CREATE TABLE test_day (
    stream_id INTEGER NOT NULL,
    test_id INTEGER NOT NULL,
    day INTEGER NOT NULL,
    executed INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    flaky INTEGER NOT NULL,
    retried INTEGER NOT NULL,
    flips INTEGER NOT NULL,
    first_red INTEGER NOT NULL,
    last_red INTEGER NOT NULL,
    PRIMARY KEY (stream_id, test_id, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX test_day_red ON test_day (day, stream_id, test_id, failed, flaky) WHERE failed + flaky > 0;

CREATE TABLE service_day (
    service_id INTEGER NOT NULL,
    stream_id INTEGER NOT NULL,
    day INTEGER NOT NULL,
    executed INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    flaky INTEGER NOT NULL,
    PRIMARY KEY (service_id, stream_id, day)
) STRICT, WITHOUT ROWID;

-- Failing attempts; sparse.
CREATE TABLE signature_day (
    day INTEGER NOT NULL,
    signature_id INTEGER NOT NULL,
    stream_id INTEGER NOT NULL,
    test_id INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    PRIMARY KEY (day, signature_id, stream_id, test_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE change (
    change_row INTEGER PRIMARY KEY,
    change_id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    service_id INTEGER REFERENCES service,
    environment TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    status TEXT NOT NULL,
    content TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;
CREATE INDEX change_at ON change (at_ms);

-- Commits told apart from the deploys that carry them; they attach when read.
CREATE TABLE commit_note (
    sha TEXT PRIMARY KEY,
    record TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE catalog_entry (
    source_id INTEGER NOT NULL REFERENCES source_file,
    service_id INTEGER NOT NULL REFERENCES service,
    record TEXT NOT NULL,
    PRIMARY KEY (source_id, service_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE owner_file (
    source_id INTEGER PRIMARY KEY REFERENCES source_file,
    repository TEXT,
    record TEXT NOT NULL
) STRICT;

CREATE TABLE incident (
    incident_id INTEGER PRIMARY KEY,
    ident TEXT NOT NULL UNIQUE,
    stream_id INTEGER NOT NULL REFERENCES stream,
    lead_test_id INTEGER NOT NULL REFERENCES test_case,
    title TEXT NOT NULL,
    onset_ms INTEGER NOT NULL,
    last_red_ms INTEGER NOT NULL,
    is_open INTEGER NOT NULL
) STRICT;

CREATE TABLE incident_alias (
    ident TEXT PRIMARY KEY,
    incident_id INTEGER NOT NULL REFERENCES incident
) STRICT, WITHOUT ROWID;

CREATE TABLE incident_member (
    incident_id INTEGER NOT NULL REFERENCES incident,
    stream_id INTEGER NOT NULL REFERENCES stream,
    test_id INTEGER NOT NULL REFERENCES test_case,
    PRIMARY KEY (incident_id, stream_id, test_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_member_test ON incident_member (test_id, stream_id);

-- `revision` counts write transactions; a kept answer holds for the revision it was made at.
CREATE TABLE state (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO state VALUES ('revision', 0);

CREATE TABLE kept_answer (
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    revision INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (name, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE triage_event (
    event_id INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    actor TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    action TEXT NOT NULL,
    old_value TEXT,
    new_value TEXT
) STRICT;
CREATE INDEX triage_event_subject ON triage_event (subject_kind, subject, event_id);
-- A REPLACE deletes without firing the trigger on DELETE.
CREATE TRIGGER triage_event_keeps_ids BEFORE INSERT ON triage_event
WHEN EXISTS (SELECT 1 FROM triage_event WHERE event_id = NEW.event_id)
BEGIN SELECT RAISE(ABORT, 'triage_event is append-only'); END;
CREATE TRIGGER triage_event_keeps_rows BEFORE DELETE ON triage_event
BEGIN SELECT RAISE(ABORT, 'triage_event is append-only'); END;
CREATE TRIGGER triage_event_keeps_values BEFORE UPDATE ON triage_event
BEGIN SELECT RAISE(ABORT, 'triage_event is append-only'); END;
"""

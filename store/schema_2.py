"""The second migration, as it was released."""

MIGRATION_2 = """
-- Results of a part that stand under the identity that theirs continues as; `old_test_id` is what the report says.
CREATE TABLE continued (
    part_id INTEGER NOT NULL,
    test_id INTEGER NOT NULL REFERENCES test_case,
    old_test_id INTEGER NOT NULL REFERENCES test_case,
    PRIMARY KEY (part_id, test_id)
) STRICT, WITHOUT ROWID;

-- `position` is what counts; `own_position` what reports say of this identity, NULL where only a former one declares.
ALTER TABLE exercised ADD COLUMN own_position INTEGER;
UPDATE exercised SET own_position = position;

-- What a refused input was read with and by, to show it and to read it again.
CREATE TABLE refusal (
    source_id INTEGER PRIMARY KEY REFERENCES source_file,
    version TEXT NOT NULL,
    given TEXT NOT NULL,
    environ TEXT NOT NULL,
    line_column INTEGER,
    excerpt TEXT NOT NULL
) STRICT;

-- New names of one base name by UTC day of their run: how much arrived, no fact that any order would give.
CREATE TABLE name_day (
    namespace TEXT NOT NULL,
    classname TEXT NOT NULL,
    base TEXT NOT NULL,
    day INTEGER NOT NULL,
    names INTEGER NOT NULL,
    pattern TEXT NOT NULL,
    PRIMARY KEY (namespace, classname, base, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX name_day_many ON name_day (day) WHERE names > 1000;

-- Results of a part as whole streams are read: its cases, each set of them once (`test << 1 | whether it was only
-- skipped`, ascending, as differences of 32 bits, deflated), and what is no plain result. See `store/packed.py`.
CREATE TABLE case_set (
    set_id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    cases BLOB NOT NULL
) STRICT;
CREATE TABLE packed_part (
    part_id INTEGER PRIMARY KEY,
    set_id INTEGER NOT NULL REFERENCES case_set,
    specials BLOB NOT NULL
) STRICT;
INSERT INTO state VALUES ('unpacked', 1);
DROP INDEX part_run;
CREATE INDEX part_run ON part (run_id, stream_id);

-- Runs of a stream in order of time; when the newest run ended; whose pipeline it is.
CREATE INDEX run_pipeline ON run (pipeline_id, started_ms);
CREATE INDEX run_ended ON run (coalesce(ended_ms, started_ms));
CREATE INDEX run_service ON run (pipeline_id, service_id);

-- Services by day over many streams, without sorting.
CREATE INDEX service_day_order ON service_day (service_id, day, stream_id, executed, failed, flaky);

-- Rankings of suspects by a digest of all that they were asked; see `tui/answers/rankings.py`.
CREATE TABLE kept_ranking (
    digest TEXT PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;

-- Traces of failures of one type, deflated: what the bodies of others start from. See `store/traces.py`.
CREATE TABLE trace_sample (
    sample_id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    text BLOB NOT NULL
) STRICT;
CREATE INDEX trace_sample_kind ON trace_sample (kind);
ALTER TABLE failure ADD COLUMN sample_id INTEGER REFERENCES trace_sample;

-- Reports that repeat what other reports of their run hold.
CREATE INDEX part_merged ON part (run_id) WHERE instr(identity, '"is_merged":true');
"""

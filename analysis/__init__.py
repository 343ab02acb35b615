"""Pure functions on arrays and records: no I/O, no clock, no SQL."""

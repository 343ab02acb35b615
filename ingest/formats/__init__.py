"""One module a report dialect; bytes to records; no clock, no database."""

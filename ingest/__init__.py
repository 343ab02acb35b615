"""Files, archives, directories and CI servers to records."""

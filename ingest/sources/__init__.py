"""Where bytes come from: files, directories, standard input, live tail."""

"""One screen a module with its style sheet."""

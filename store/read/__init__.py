"""Read functions, one module a subject."""

"""A small story in the words of a web shop: demo data, examples and fixtures."""

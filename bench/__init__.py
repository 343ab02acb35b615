"""What measures speed and accuracy: prints tables, asserts nothing."""

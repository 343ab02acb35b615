"""CI servers to inputs: which runs they have, what these left, what was deployed."""

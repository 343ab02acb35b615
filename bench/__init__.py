"""What measures speed and accuracy: prints tables, asserts nothing."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in `tui.cli`: measured is what runs

"""Properties of analyses are about values: how long an example takes is measured by the bench."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("analysis", deadline=None, max_examples=60)
settings.load_profile("analysis")

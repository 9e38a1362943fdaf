"""How many examples hypothesis tries: HYPOTHESIS_PROFILE=deep for thousands.

The everyday profile draws the same examples in every run, so that a change that breaks
nothing is never stopped by an unlucky draw; the deep one draws new ones each time.
"""

import os

from hypothesis import HealthCheck, settings

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile(
    "everyday",
    max_examples=25,
    derandomize=True,
    deadline=None,
    suppress_health_check=SLOW,
)
settings.register_profile(
    "deep", max_examples=3000, deadline=None, suppress_health_check=SLOW
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "everyday"))

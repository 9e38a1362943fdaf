"""How the suite runs, by two environment variables.

HYPOTHESIS_PROFILE=deep draws thousands of examples, new ones each time. The everyday
profile draws the same ones in every run, so that a change that breaks nothing is never
stopped by an unlucky draw. VALUEGRAD_SKIPS=forbidden makes a skipped test a failed one,
for a run in which every library that the tests compare with is there.
"""

import os

import pytest
from hypothesis import HealthCheck, settings


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("VALUEGRAD_SKIPS") == "forbidden":
        report.outcome = "failed"


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

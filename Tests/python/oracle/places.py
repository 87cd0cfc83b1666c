"""Where things are, and the caches that belong to the tests alone."""

import os
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
REPOSITORY = TESTS.parents[1]
PRODUCT = REPOSITORY / "dist" / "python"
MUTANTS = TESTS / "mutants"
RECORDER = Path(__file__).with_name("recorder.py")
SCRATCH = Path(os.environ.get("ORACLE_SCRATCH", REPOSITORY / ".build" / "oracle"))

# The user's cache as it was when this process began, for pip alone.
_USER_CACHE = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")


def own_caches():
    """Variables that keep a child from the user's cache, whichever flags it is started with.

    `-I` and `-E` make importahead ignore its own variables, but not where caches are.
    """
    downloads = os.environ.get("PIP_CACHE_DIR", os.path.join(_USER_CACHE, "pip"))
    return {"XDG_CACHE_HOME": str(SCRATCH / "cache"), "PIP_CACHE_DIR": downloads}

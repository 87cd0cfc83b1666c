"""readahead(2) for Python imports.

Importing this package switches nothing on: the hook (`importahead.hook`) does, at interpreter
start. `stats()` tells what it did.
"""

__all__ = ["stats"]
__version__ = "0.1.0"


def stats():
    """Return what prefetching has done so far in this process.

    Returns:
        dict: counts (int), sizes in bytes (int) and times in seconds (float); see
        `importahead.statistics.KEYS`. Without a session, `backend` is `"none"` and every count 0.
    """
    from importahead import statistics

    return statistics.collect()

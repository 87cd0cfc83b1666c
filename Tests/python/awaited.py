"""Programs that wait for their session, so that a test does not depend on who is faster."""

_WAIT = """
import sys, time
ahead = sys.modules.get("importahead")
deadline = time.monotonic() + 10
while ahead and ahead.stats()[%r] == %r and time.monotonic() < deadline:
    time.sleep(0.002)
"""

# What a program begins with that waits until the session has what the name says; in stock there
# is nothing to wait for.
HAS_BACKEND = _WAIT % ("backend", "none")
HAS_LOOKED_FOR_BUNDLE = _WAIT % ("bundle", "off")
HAS_FETCHED = _WAIT % ("files_fetched", 0)

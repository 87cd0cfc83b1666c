"""Switches importahead on where this directory is on PYTHONPATH; chains to what it shadows."""

import sys


def _leave_path():
    """Take this directory off `sys.path`: the program sees the path it would have without us.

    Until that is done, nothing can be chained to: this file would find itself again.
    """
    from os import path

    # Texts alone are compared: there may be no working directory, and other things than texts.
    here = path.normpath(path.dirname(__file__))
    sys.path[:] = [
        entry for entry in sys.path if not isinstance(entry, str) or path.normpath(entry) != here
    ]


def _chain():
    """Run the `sitecustomize` that this one stands in front of, as if it had been found first."""
    own = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        # Python 2 does not name the module; it has none of ours to chain to either.
        if getattr(error, "name", "sitecustomize") != "sitecustomize":
            raise
    finally:
        if own is not None:
            # The import system takes the module it has just run from here.
            sys.modules.setdefault("sitecustomize", own)


def _say(error):
    """Tell why nothing is prefetched, to who wants to know; any Python may get here."""
    from os import environ

    if environ.get("IMPORTAHEAD_DEBUG"):
        version = ".".join(map(str, sys.version_info[:2]))
        reason = (type(error).__name__, error, version)
        sys.stderr.write("importahead: not active: %s: %s (Python %s)\n" % reason)


try:
    from importahead import activate
except BaseException as error:
    activate = None
    try:
        _say(error)
    except BaseException:  # no standard error
        pass
_leave_path()
if activate is not None:
    activate()
_chain()

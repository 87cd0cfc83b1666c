"""What a session did: the numbers behind `importahead.stats()` and IMPORTAHEAD_STATS."""

import sys

BACKENDS = ("none", "io_uring", "threads")

#: What became of the profile, in the extension's order.
PROFILES = ("off", "none", "read", "written", "rewritten")

#: What became of the bundle, in the extension's order.
BUNDLES = ("off", "none", "read")

#: What each key of `stats()` means, with its unit.
KEYS = {
    "backend": "io_uring, threads, or none where nothing is prefetched",
    "modules_loaded": "modules added to sys.modules since the hook ran",
    "hits": "files that loaders asked for and got from memory",
    "misses": "files that loaders asked for and importlib read",
    "stale": "misses because the file had changed since it was read ahead",
    "waits": "times an importing thread waited for something in flight",
    "wait_seconds": "how long importing threads waited, seconds",
    "files_fetched": "files read into memory",
    "files_unused": "files read into memory that no loader has asked for",
    "bytes_fetched": "size of the files read into memory, bytes",
    "bytes_served": "bytes handed to loaders",
    "bytecode_fetched": "bytecode files among files_fetched",
    "sources_fetched": "source files among files_fetched",
    "directories_listed": "directories read",
    "bytes_warmed": "bytes of shared objects and data files the kernel was asked to read ahead",
    "modules_planned": "modules that the scan expected",
    "demands": "modules found or asked for before they were on their way",
    "rests": "times reading ahead stopped: the page cache had all, and processors were scarce",
    "rings": "rings set up, because something had to be waited for",
    "session_cpu_seconds": "processor time of the session's threads, seconds",
    "session_seconds": "how long the session's thread was alive, seconds",
    "profile": "off; none where there is none; read; written; rewritten: read, and written anew",
    "profile_files": "files that the profile named",
    "profile_used": "files among profile_files that the program needed",
    "bundle": "off; none where it cannot be used; read",
    "bundle_files": "files that the bundle holds",
    "bundle_used": "files among files_fetched that came from the bundle",
    "bundle_stale": "files and directories that have changed since the bundle was made",
    "errors": "failures other than files that are not there",
    "last_error": "error number of the last such failure, 0 for none",
}


def collect():
    """Return the statistics as a dict; see `KEYS`."""
    found = dict.fromkeys(KEYS, 0)
    found.update(_counters() or {})
    found["backend"] = BACKENDS[found["backend"]]
    found["profile"] = PROFILES[found["profile"]]
    found["bundle"] = BUNDLES[found["bundle"]]
    for key in ("wait_seconds", "session_cpu_seconds", "session_seconds"):
        found[key] /= 1e9
    found["files_unused"] = max(0, found["files_fetched"] - found["hits"])
    found["modules_loaded"] = _modules_loaded()
    return {key: found[key] for key in KEYS}


def _modules_loaded():
    at_start = sys.modules["importahead"].modules_at_start
    return 0 if at_start is None else max(0, len(sys.modules) - at_start)


def _counters():
    try:
        from importahead import _importahead
    except ImportError:
        return None
    return _importahead.statistics()


def write_at_exit(destination):
    """Have the statistics written when the interpreter ends; see `write`.

    The profile is written then too, so that it can be told of; otherwise it is when the interpreter
    has gone. What is called is bound now, while importing works.
    """
    import atexit

    from importahead import _importahead

    atexit.register(_finish, _importahead.save_profile, _importahead.stop, destination)


def _finish(save, stop, destination):
    """End the session, whose threads touch no Python and would end with the process, and tell."""
    save()
    stop()
    write(destination)


def write(destination):
    """Write the statistics as one JSON object to a file, or to stderr for `-`.

    Nothing is raised: a destination that cannot be written to is left alone.
    """
    text = "{" + ", ".join(f'"{key}": {_json(value)}' for key, value in collect().items()) + "}\n"
    try:
        if destination == "-":
            sys.stderr.write(text)
        else:
            with open(destination, "w", encoding="utf-8") as file:
                file.write(text)
    except (OSError, ValueError, AttributeError):
        pass


def _json(value):
    return f'"{value}"' if isinstance(value, str) else repr(value)

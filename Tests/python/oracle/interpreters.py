"""Finds the CPython interpreters of this machine at run time."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from oracle.places import own_caches

SUPPORTED = [(3, 9), (3, 10), (3, 11), (3, 12), (3, 13), (3, 14)]

_FACTS = """
import json, os, sys, sysconfig
print(json.dumps([
    list(sys.version_info[:3]), sys.executable, sys.base_prefix, sysconfig.get_path("stdlib"),
    sys.implementation.name, bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    os.path.isdir(os.path.join(sysconfig.get_path("stdlib"), "test", "test_importlib")),
    sysconfig.get_config_var("EXT_SUFFIX"),
]))
"""


@dataclass(frozen=True)
class Interpreter:
    """A CPython found on this machine."""

    version: tuple
    executable: str
    prefix: str
    stdlib: str
    freethreaded: bool
    has_tests: bool
    extension_suffix: str

    @property
    def name(self):
        """`3.11`, or `3.13t` for a free-threaded build."""
        return "%d.%d%s" % (*self.version[:2], "t" if self.freethreaded else "")

    @property
    def minor(self):
        """The feature version, as in `sys.version_info[:2]`."""
        return tuple(self.version[:2])


def clean_environment():
    """The variables a child gets: nothing that changes how Python starts."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "SYSTEMROOT")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment.setdefault("LC_ALL", "C.UTF-8")
    environment["PYTHONHASHSEED"] = "0"
    return {**environment, **own_caches()}


def _examine(executable):
    try:
        answer = subprocess.run(
            [executable, "-I", "-S", "-c", _FACTS],
            capture_output=True,
            timeout=60,
            env=clean_environment(),
        )
        version, path, prefix, stdlib, name, free, tests, suffix = json.loads(answer.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    if answer.returncode or name != "cpython" or tuple(version[:2]) not in SUPPORTED:
        return None
    return Interpreter(tuple(version), path, prefix, stdlib, free, tests, suffix)


def _candidates():
    for major, minor in SUPPORTED:
        roots = [os.environ.get("PYENV_ROOT"), str(Path.home() / ".pyenv")]
        for root in filter(None, roots):
            versions = Path(root, "versions").glob("%d.%d*" % (major, minor))
            for version in sorted(versions, key=_version_key, reverse=True):
                yield str(version / "bin" / "python3")
        for suffix in ("", "t"):
            found = shutil.which("python%d.%d%s" % (major, minor, suffix))
            if found and ".pyenv/shims" not in found:
                yield found
    yield "/usr/bin/python3"


def _version_key(path):
    return [int(part) for part in path.name.rstrip("t").split(".") if part.isdigit()]


@cache
def discover():
    """The interpreters found: one for each feature version, preferring those with their tests.

    `ORACLE_PYTHONS` (a colon-separated list of names such as `3.9:3.13`) narrows the choice.
    """
    best = {}
    for candidate in _candidates():
        if not os.access(candidate, os.X_OK):
            continue
        found = _examine(os.path.realpath(candidate))
        if found is None:
            continue
        known = best.get(found.name)
        if known is None or (found.has_tests and not known.has_tests):
            best[found.name] = found
    wanted = os.environ.get("ORACLE_PYTHONS")
    names = wanted.split(":") if wanted else list(best)
    found = [best[name] for name in names if name in best]
    return tuple(sorted(found, key=lambda each: (each.minor, each.freethreaded)))

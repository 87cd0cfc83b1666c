"""A program with a bundle of it, and what is told of both."""

import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from profiled import HOOK, ROOT, SETTLED

TOOL = ROOT / "dist" / "bin" / "importahead"
COUNT = 6
# What the interpreter may ask for before the session has begun: a sitecustomize of the distribution's.
EARLY = 1

is_built = pytest.mark.skipif(
    not (HOOK / "importahead" / "_importahead.abi3.so").exists() or not TOOL.exists(),
    reason="dist is not built",
)

# Tells everything about modules that stock and importahead must agree on.
PROGRAM = """
import sys
import time
time.sleep(0.25)  # so that nothing depends on who is faster
for number in range(6):
    __import__("".join(("plug", "in", str(number))))
rows = []
for name, module in list(sys.modules.items()):
    if name.split(".")[0] in ("importahead", "sitecustomize", "_importahead"):
        continue
    spec = getattr(module, "__spec__", None)
    row = [name, getattr(module, "__file__", None), getattr(module, "__cached__", None)]
    row += [str(list(getattr(module, "__path__", []))), getattr(module, "value", None)]
    if spec is not None:
        row += [spec.name, spec.origin, spec.cached, spec.has_location, spec.parent]
        row += [type(spec.loader).__name__, str(spec.submodule_search_locations)]
    rows.append(row)
print([row for row in rows if str(row[1]).startswith(sys.path[0])])
"""


class Tree:
    """A program, its cache directory, and a bundle of it."""

    def __init__(self, path):
        self.path = path
        self.cache = path / "cache"
        self.cache.mkdir()
        self.local = path / "local"
        self.local.mkdir()
        self.bundle = self.local / "app.bundle"
        self.script = self.write("app/main.py", PROGRAM)
        for number in range(COUNT):
            self.write(
                f"app/plugin{number}.py", f"from pack import helper{number}\nvalue = {number}\n"
            )
            self.write(f"app/pack/helper{number}.py", f"value = {number}\n")
        self.write("app/pack/__init__.py", "")

    def write(self, name, text):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def cached(self, name, optimization=""):
        """Where the bytecode of a source is."""
        source = str(self.path / name)
        return Path(importlib.util.cache_from_source(source, optimization=optimization))

    def environment(self, **variables):
        dropped = ("PYTHON", "IMPORTAHEAD")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
        return {**kept, "XDG_CACHE_HOME": str(self.cache), **variables}

    def run(self, *options, script=None, python=sys.executable, **variables):
        """What a run prints and the statistics of it; a run without `PYTHONPATH` is stock."""
        done = subprocess.run(
            [python, *options, str(script or self.script)],
            env=self.environment(IMPORTAHEAD_STATS="-", **variables),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        lines = done.stderr.splitlines()
        if "PYTHONPATH" not in variables and not lines:
            return done.stdout, None
        assert len(lines) == 1, done.stderr
        return done.stdout, json.loads(lines[0])

    def ahead(self, *options, **variables):
        """A run with importahead."""
        return self.run(*options, PYTHONPATH=str(HOOK), **variables)

    def bundled(self, *options, **variables):
        """A run with the bundle, which must print what stock prints before it and after it."""
        before = self.stock(*options, **variables)
        out, counts = self.ahead(*options, IMPORTAHEAD_BUNDLE=str(self.bundle), **variables)
        assert out == before
        assert out == self.stock(*options, **variables)
        return counts

    def stock(self, *options, **variables):
        variables.pop("PYTHONPATH", None)
        return self.run("-B", *options, **variables)[0]

    def tool(self, *arguments, **variables):
        return subprocess.run(
            [str(TOOL), *map(str, arguments)],
            env=self.environment(**variables),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=self.path,
        )

    def make(self, *arguments):
        """Makes the bundle; what the tool said."""
        named = arguments or (self.script,)
        done = self.tool("bundle", "-o", self.bundle, "--python", sys.executable, *named)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return done.stdout

    def settle(self):
        """Lets everything become old enough to be served."""
        time.sleep(SETTLED)


def settled(path):
    """A program that has run, with its bundle; the whole of it is old enough to be served."""
    made = Tree(path)
    made.ahead(IMPORTAHEAD_PROFILE="off")
    made.settle()
    made.ahead()
    made.make()
    return made


@pytest.fixture(scope="module")
def common(tmp_path_factory):
    """A tree that several tests use, and none changes."""
    return settled(tmp_path_factory.mktemp("common"))


@pytest.fixture
def shared(common):
    """The common tree; its bundle is put back, and it alone may be changed."""
    content = common.bundle.read_bytes()
    yield common
    for path in list(common.local.iterdir()):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
    common.bundle.write_bytes(content)


def held(counts):
    """Everything is served from the bundle but what was asked for too early."""
    assert counts["bundle"] == "read"
    assert counts["bundle_files"] in range(2 * COUNT + 1, 2 * COUNT + 2 + EARLY)
    assert counts["bundle_stale"] == 0
    assert counts["bundle_used"] >= counts["bundle_files"] - EARLY
    assert counts["hits"] >= counts["bundle_files"] - EARLY

"""A program that runs again and again with a cache directory of its own."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOOK = ROOT / "dist" / "python"
# Files touched more recently prove nothing (FileStatus.racyWindow).
SETTLED = 2.2

is_built = pytest.mark.skipif(
    not (HOOK / "importahead" / "_importahead.abi3.so").exists(), reason="dist is not built"
)

# The scan cannot know these names.
PROGRAM = """
import time
time.sleep(PAUSE)
import importlib
def load(*parts):
    return importlib.import_module("".join(parts))
for number in range(6):
    load("plug", "in", str(number))
"""


class Tree:
    """A program with its own cache directory."""

    def __init__(self, path):
        self.path = path
        self.cache = path / "cache"
        self.cache.mkdir()
        self.profiles = self.cache / "importahead" / "v1"
        self.script = self.write("app/main.py", PROGRAM.replace("PAUSE", "0"))
        self.patient = self.write("app/patient.py", PROGRAM.replace("PAUSE", "0.5"))
        for number in range(6):
            self.write(f"app/plugin{number}.py", f"import helper{number}\n")
            self.write(f"app/helper{number}.py", "value = 1\n")

    def write(self, name, text):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def start(self, *options, script=None, **variables):
        """The process, not waited for."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "IMPORTAHEAD"))}
        kept.update(PYTHONPATH=str(HOOK), XDG_CACHE_HOME=str(self.cache), IMPORTAHEAD_STATS="-")
        # What is tested lies in the page cache, and the machine may be busy.
        kept.update(IMPORTAHEAD_REST="off")
        return subprocess.Popen(
            [sys.executable, *options, str(script or self.script)],
            env={**kept, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *options, script=None, **variables):
        """The statistics of a run that must end well, with nothing said."""
        process = self.start(*options, script=script, **variables)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        lines = err.splitlines()
        assert len(lines) == 1, err
        assert out == ""
        return json.loads(lines[0])

    def profile(self):
        """The one profile there is."""
        (found,) = self.profiles.glob("*.profile")
        return found

    def settle(self):
        """Lets everything become old enough to be served."""
        time.sleep(SETTLED)


@pytest.fixture(scope="module")
def trees(request, tmp_path_factory):
    """A program for each test, all made at once so that they grow old together."""
    items = [item for item in request.session.items if item.module is request.module]
    count = sum(1 for item in items if "tree" in item.fixturenames)
    made = [Tree(tmp_path_factory.mktemp("profile")) for _ in range(count)]
    for each in made:
        each.run(IMPORTAHEAD_PROFILE="off")
    time.sleep(SETTLED)
    return made


@pytest.fixture
def tree(trees):
    """A program that has run once, with its bytecode written and old."""
    return trees.pop()

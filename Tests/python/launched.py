"""A program that the launcher has started before, and what it takes to make its start cold again."""

import ctypes
import mmap
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "dist"


def environment(**extra):
    """This environment without what steers Python or importahead."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "IMPORTAHEAD"))}
    return {**kept, **extra}


def run(*command, **extra):
    """Run a command and return what came of it."""
    return subprocess.run(
        [str(word) for word in command],
        env=environment(**extra),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def is_resident(path):
    """Whether a file's first page is in the page cache."""
    with path.open("rb") as file:
        libc = ctypes.CDLL(None)
        libc.mmap.restype = ctypes.c_void_p
        size = path.stat().st_size
        start = libc.mmap(None, ctypes.c_size_t(size), 1, 2, file.fileno(), ctypes.c_long(0))
        pages = (ctypes.c_ubyte * (size // mmap.PAGESIZE + 1))()
        libc.mincore(ctypes.c_void_p(start), ctypes.c_size_t(size), pages)
        libc.munmap(ctypes.c_void_p(start), ctypes.c_size_t(size))
        return bool(pages[0] & 1)


def evict(path):
    """Take a file out of the page cache, and say whether that worked."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return not is_resident(path)


class Started:
    """A program that has been run twice, and a way to run it again."""

    def __init__(self, folder):
        # Nobody else reads these files: nothing but the launcher under test can make them warm.
        self.dist = folder / "dist"
        shutil.copytree(DIST, self.dist)
        (folder / "late.py").write_text("value = 1\n" * 2000)
        self.app = folder / "app"
        # An entry of the path, for something to be mounted on.
        (folder / "entry").mkdir()
        self.entry = folder / "entry"
        (folder / "cache").mkdir()
        self.records = folder / "cache" / "importahead" / "v1"
        self.command = [self.dist / "bin" / "importahead", "run", self.app]
        self.variables = {
            "XDG_CACHE_HOME": str(folder / "cache"),
            "HOME": str(folder),
            "PYTHONPATH": str(self.entry),
        }
        for _ in range(2):
            done = self(f"#!{sys.executable}\nimport late\n")
            assert (done.returncode, done.stderr) == (0, "")
        tag = sys.implementation.cache_tag
        self.bytecode = self.dist / "python" / "__pycache__" / f"sitecustomize.{tag}.pyc"

    def __call__(self, program=None, **variables):
        if program is not None:
            self.write(program)
        return run(*self.command, **{**self.variables, **variables})

    def write(self, program):
        """Put another program in its place, which the launcher takes for the same."""
        self.app.write_text(program)
        self.app.chmod(0o755)

    def chill(self):
        """Take what the launcher looks at, and what it would read, out of the page cache."""
        (profile,) = self.records.glob("*.profile")
        if not (evict(profile) and evict(self.bytecode)):
            pytest.skip("this file system evicts nothing")


@pytest.fixture
def started(tmp_path):
    """A program that the launcher has started."""
    if not (DIST / "bin" / "importahead").exists():
        pytest.skip("dist/bin/importahead is not built")
    return Started(tmp_path)

"""Control groups and limits that a test puts a program under, where the machine lets it."""

import os
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path("/sys/fs/cgroup")


class Group:
    """A control group of the test's own; `unified` where it is of version 2."""

    def __init__(self, path, unified):
        self.path = path
        self.unified = unified

    def tell(self, name, value):
        (self.path / name).write_text(str(value))

    def number(self, name):
        return int((self.path / name).read_text())

    def limit_memory(self, size):
        self.tell("memory.max" if self.unified else "memory.limit_in_bytes", size)

    def times_met(self):
        """How often the limit on memory was met."""
        if not self.unified:
            return self.number("memory.failcnt")
        events = dict(each.split() for each in (self.path / "memory.events").open())
        return int(events["max"])

    def limit_processors(self, share):
        """Lets the group run for a share of a period of 100 ms, in hundredths."""
        if self.unified:
            self.tell("cpu.max", f"{share * 1000} 100000")
        else:
            self.tell("cpu.cfs_period_us", 100000)
            self.tell("cpu.cfs_quota_us", share * 1000)

    def enter(self):
        """To be called in a new process."""
        self.tell("cgroup.procs", os.getpid())


@contextmanager
def group(controller):
    """A new group that `controller` can limit; skips where none can be made."""
    unified = not (ROOT / controller).is_dir()
    above = ROOT if unified else ROOT / controller
    path = above / f"importahead-test-{os.getpid()}-{time.monotonic_ns()}"
    try:
        if unified:
            (above / "cgroup.subtree_control").write_text(f"+{controller}")
        path.mkdir()
    except OSError as error:
        pytest.skip(f"no group for {controller} can be made here: {error}")
    try:
        yield Group(path, unified)
    finally:
        for _ in range(100):
            try:
                path.rmdir()
                break
            except OSError:
                time.sleep(0.1)


def evict(*folders):
    """Has the kernel forget the contents of every file below `folders`."""
    for folder in folders:
        for path in Path(folder).rglob("*"):
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    os.fsync(file.fileno())
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

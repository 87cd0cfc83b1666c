"""Ways to make the next start of a program a cold one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

DROP_CACHES = "/proc/sys/vm/drop_caches"


class DroppedCaches:
    """Everything cold: the kernel forgets every clean page, directory entry and inode."""

    description = "the kernel drops its page, dentry and inode caches before each cold run"

    @staticmethod
    def is_allowed() -> bool:
        """Whether this process may do it; tried, because containers refuse it even to root."""
        try:
            DroppedCaches().make_cold()
        except OSError:
            return False
        return True

    def make_cold(self, *more: str) -> None:
        """Write back what is dirty, then drop."""
        os.sync()
        with open(DROP_CACHES, "w") as switch:
            switch.write("3\n")


class EvictedFiles:
    """The interpreter's and the packages' files cold; directory entries and inodes stay warm."""

    description = (
        "the interpreter's and packages' files are evicted from the page cache before each cold "
        "run (as root the whole cache would be dropped, which is colder)"
    )

    def __init__(self, roots: Iterable[str]):
        os.sync()
        self.files = sorted({path for root in roots for path in regular_files(root)})

    def make_cold(self, *more: str) -> None:
        """Tell the kernel that no page of the files, or of those below `more`, is needed."""
        os.sync()
        for path in [*self.files, *(path for root in more for path in regular_files(root))]:
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                continue
            try:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)


def regular_files(root: str) -> Iterator[str]:
    """Every regular file at or below a path."""
    if os.path.isfile(root):
        yield os.path.realpath(root)
    for directory, _, names in os.walk(root):
        for name in names:
            path = os.path.join(directory, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield path

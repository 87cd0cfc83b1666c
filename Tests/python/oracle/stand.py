"""What a tree looks like at one moment, to be brought back."""

import os
import shutil
from pathlib import Path


class Stand:
    """The files, links and folders below a root, with times and modes."""

    def __init__(self, root):
        self.root = Path(root)
        self._entries = {path: _seen(path) for path in _below(self.root)}

    def restore(self):
        """Puts back what was changed, removed or added, and touches nothing else."""
        for path in list(_below(self.root)):
            if not os.path.lexists(path):
                continue  # it was below a folder that is gone
            if self._entries.get(path) == _seen(path):
                continue
            if path.is_symlink() or not path.is_dir():
                path.unlink()
            elif path not in self._entries or self._entries[path][2] is not None:
                shutil.rmtree(path)
            else:
                path.chmod(self._entries[path][0] & 0o7777)
        for path, entry in self._entries.items():
            if not os.path.lexists(path):
                _make(path, *entry)


def _below(root):
    for folder, folders, names in os.walk(root):
        for name in folders + names:
            yield Path(folder, name)


def _seen(path):
    """A folder's mode; a link's target; a file's mode, time and content."""
    status = path.lstat()
    if path.is_symlink():
        return None, status.st_mtime_ns, os.readlink(path)
    content = path.read_bytes() if path.is_file() else None
    return status.st_mode, status.st_mtime_ns if content is not None else 0, content


def _make(path, mode, stamp, content):
    if mode is None:
        path.symlink_to(content)
    elif content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    if mode is not None:
        path.chmod(mode & 0o7777)
    if stamp:
        os.utime(path, ns=(stamp, stamp), follow_symlinks=False)

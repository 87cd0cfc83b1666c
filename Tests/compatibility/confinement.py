"""Keeps what is started on this machine's loopback, and ends what it leaves behind."""

import ctypes
import fcntl
import os
import signal
import socket
import struct
import time
from pathlib import Path

CLONE_NEWNET, PR_SET_CHILD_SUBREAPER = 0x40000000, 36
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def leave_network():
    """Moves this process into a network of its own with nothing but 127.0.0.1; whether it may."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        (flags,) = struct.unpack_from("h", fcntl.ioctl(control, SIOCGIFFLAGS, request), 16)
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))
    return True


def adopt_orphans():
    """Becomes the parent of whatever loses its own below this process."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants():
    """The processes below this one that have not ended, with their command lines."""
    parents, names = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "stat").read_text()
            command = (
                (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            )
        except OSError:
            continue
        state, parent = text.rpartition(")")[2].split()[:2]
        parents[int(folder.name)] = int(parent)
        if state not in "ZX":
            names[int(folder.name)] = command.strip()
    return {pid: names[pid] for pid in names if _is_below(pid, parents)}


def _is_below(pid, parents):
    own = os.getpid()
    while pid in parents:
        pid = parents[pid]
        if pid == own:
            return True
    return False


def end_all(grace):
    """Waits `grace` seconds for every descendant to end, kills the others and names them."""
    deadline = time.monotonic() + grace
    left = descendants()
    while left and time.monotonic() < deadline:
        _reap()
        time.sleep(0.05)
        left = descendants()
    for pid in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    while descendants():
        _reap()
        time.sleep(0.02)
    _reap()
    return list(left.values())


def _reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass

"""Filters of system calls (seccomp(2)) for programs under test, and which calls a program makes."""

import errno
import os
import re
import shutil
import subprocess
import sys

import pytest

KILL, ALLOW, REFUSE = 0x80000000, 0x7FFF0000, 0x00050000 | errno.EPERM

# Text, so that it can stand in a program that confines itself.
CONFINE = """
import ctypes, struct
def confine(numbers, hit, other, every_thread=False):
    steps = [(0x20, 0, 0, 0)]
    for number in numbers:
        steps += [(0x15, 0, 1, number), (0x06, 0, 0, hit)]
    steps.append((0x06, 0, 0, other))
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    kept = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(kept))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    if every_thread:
        assert libc.syscall(317, 1, 1, program) == 0, ctypes.get_errno()
    else:
        assert libc.prctl(22, 2, program, 0, 0) == 0, ctypes.get_errno()
    return kept
"""

WRAPPER = (
    CONFINE
    + """
import os, sys
confine(%r, %d, %d)
os.execv(sys.argv[1], sys.argv[1:])
"""
)

is_x86 = pytest.mark.skipif(
    os.uname().machine != "x86_64", reason="the numbers of system calls are those of x86-64"
)


def behind_filter(numbers=(), hit=KILL, other=ALLOW):
    """What to put before a command, so that a filter is in force when it starts."""
    return [sys.executable, "-I", "-c", WRAPPER % (tuple(numbers), hit, other)]


def traced(command, log, **options):
    """Runs a command; what came of it, and the calls made since the last execve: numbers by name."""
    strace = shutil.which("strace")
    if not strace:
        pytest.skip("strace is not installed")
    command = [strace, "-f", "-n", "-o", str(log), *command]
    done = subprocess.run(command, capture_output=True, timeout=120, **options)
    if b"ptrace" in done.stderr or b"invalid option" in done.stderr:
        pytest.skip("strace cannot do this here: %s" % done.stderr[:80])
    calls = {}
    for line in log.read_text(errors="replace").splitlines():
        found = re.match(r"\d+ +\[ *(\d+)\] (?:<\.\.\. )?(\w+)", line)
        if not found:
            continue
        if found[2] == "execve":
            calls = {}
        calls[found[2]] = int(found[1])
    return done, calls

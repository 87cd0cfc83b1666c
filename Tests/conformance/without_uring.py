"""Runs a command in which io_uring_setup(2) is refused, here and in every child.

    python without_uring.py COMMAND...

The filter answers EPERM, as Docker's default filter does; importahead sees in /proc/self/status
that there is a filter and uses threads without trying.
"""

import ctypes
import os
import platform
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTER_MODE = 38, 22, 2
LOAD_WORD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | 1
IO_URING_SETUP = 425


class Program(ctypes.Structure):
    """`struct sock_fprog` of seccomp(2)."""

    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def refuse_uring():
    """Installs the filter for this process and all it starts."""
    steps = [
        (LOAD_WORD, 0, 0, 0),
        (JUMP_EQUAL, 0, 1, IO_URING_SETUP),
        (RETURN, 0, 0, REFUSE),
        (RETURN, 0, 0, ALLOW),
    ]
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    program = Program(len(steps), code)
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
    if prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs")
    if prctl(PR_SET_SECCOMP, FILTER_MODE, ctypes.addressof(program), 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")


if __name__ == "__main__":
    if platform.machine() in ("x86_64", "aarch64", "riscv64"):
        refuse_uring()
    os.execvp(sys.argv[1], sys.argv[1:])

"""Writes bytecode files of CPython 3.14 whose slice constants refer to one another."""

import struct
import sys
from pathlib import Path

MAGIC = 3627
FLAG = 0x80


def word(number):
    return struct.pack("<i", number)


def text(name):
    return b"Z" + bytes([len(name)]) + name


def piece(code):
    return b"s" + word(len(code)) + code


def module(constants):
    # RESUME; LOAD_CONST 0; RETURN_VALUE
    code = bytes([128, 0, 82, 0, 35, 0])
    fields = piece(code) + b")" + bytes([len(constants)]) + b"".join(constants)
    names = b")\0" + b")\0" + piece(b"") + text(b"f") * 3
    body = b"c" + word(0) * 5 + fields + names + word(1) + piece(b"") + piece(b"")
    return struct.pack("<H", MAGIC) + b"\r\n" + word(0) * 3 + body


def slice_of(*references):
    parts = [b"r" + word(number) for number in references]
    return bytes([FLAG | ord(":")]) + b"".join(parts) + b"N" * (3 - len(parts))


folder = Path(sys.argv[1])
(folder / "itself").write_bytes(module([slice_of(0, 0)]))
(folder / "each-other").write_bytes(module([slice_of(1), slice_of(0)]))
(folder / "plain").write_bytes(module([bytes([ord(":")]) + b"Ni" + word(2) + b"N"]))

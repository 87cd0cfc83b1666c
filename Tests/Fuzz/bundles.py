"""Writes small bundles for the fuzzer to start from; see `BundleIndex.swift` for their form."""

import struct
import sys
from pathlib import Path

SUFFIX = b".cpython-311.pyc"


def record(kind, path, length, size):
    """One entry's record."""
    return struct.pack("<cBHIQQQqq", kind, 1, len(path), length, 0, 7, size, 1, 2) + path


def bundle(*records, names=b"", bodies=0):
    """A bundle's file; the fuzzer puts the checksum right."""
    index = (
        struct.pack("<H", len(SUFFIX)) + SUFFIX + struct.pack("<H", 0) + b"".join(records) + names
    )
    total = 64 + len(index) + bodies
    head = b"importahead bundle 1\n\0\0\0"
    head += struct.pack("<IIQIIQQ", 0x0A0D0DA7, 1, 5, len(records), len(index), total, 0)
    return head + index + bytes(bodies)


def main():
    """Writes the files to the directory that is named."""
    names = b"\1a.py\0\2b\0"
    directory = record(b"d", b"/lib", len(names), 4096)
    source = record(b"s", b"/lib/a.py", 6, 6)
    samples = (
        bundle(),
        bundle(directory, names=names),
        bundle(source, bodies=6),
        bundle(directory, source, record(b"n", b"/lib/n.so", 0, 0), names=names, bodies=6),
        bundle(record(b"b", b"/lib/c.pyc", 3, 3), record(b"s", b"/lib/d.py", 0, 0), bodies=3),
    )
    for number, sample in enumerate(samples):
        Path(sys.argv[1], f"sample{number}").write_bytes(sample)


if __name__ == "__main__":
    main()

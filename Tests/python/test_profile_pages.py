"""Profiles: pages of shared objects."""

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from awaited import HAS_BACKEND
from profiled import HOOK, is_built

pytestmark = is_built

# A session that comes late looks beside what it is asked for, and finds extension modules there.
LIBRARY_PROGRAM = (
    HAS_BACKEND
    + """
import time
from pathlib import Path
time.sleep(0.2)
__import__("_" + "decimal")
"""
)


def page_entries(profile):
    """What the profile knows of shared objects: path to (size, time, ranges, ranges at the end)."""
    fields = profile.read_bytes().split(b"\n", 1)[1].split(b"\0")
    found = {}
    while len(fields) > 1:
        record = fields.pop(0).decode()
        if record[0] in "nl":
            start, _, end = fields.pop(0).decode().partition(";")
            size, modified, *start = start.split()
            ranges = [
                [tuple(int(n, 16) for n in r.split("+")) for r in rs] for rs in (start, end.split())
            ]
            found[record[2:]] = (int(size, 16), int(modified, 16), *ranges)
    return found


@pytest.fixture
def library(tree):
    """A program that loads an extension module of its own directory, and that file."""
    source = importlib.util.find_spec("_decimal").origin
    if source is None or not source.endswith(".so"):
        pytest.skip("_decimal is built in")
    copy = tree.path / "app" / Path(source).name
    shutil.copy(source, copy)
    script = tree.write("app/decimals.py", LIBRARY_PROGRAM)
    tree.settle()
    return script, copy


def test_pages_of_an_extension_module_are_replayed(tree, library):
    script, copy = library
    first = tree.run(script=script)
    size, modified, ranges, _ = page_entries(tree.profile())[str(copy)]
    status = copy.stat()
    assert (size, modified) == (status.st_size, status.st_mtime_ns)
    touched = 4096 * sum(count for _, count in ranges)
    assert 0 < touched <= size + 4096
    known = page_entries(tree.profile())
    second = tree.run(script=script)
    assert second["bytes_warmed"] == 4096 * sum(n for k in known.values() for _, n in k[2])
    assert first["bytes_warmed"] == 0


INNER = "int inner(void) { return 1; }\n"
OUTER = "int inner(void);\nint outer(void) { return inner(); }\n"


def test_names_that_the_dynamic_linker_misses_are_known(tree):
    """It says itself where it looks (ld.so(8), LD_DEBUG); each place is asked for ahead."""
    compiler = shutil.which("cc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler")
    for name in ("one", "two"):
        (tree.path / name).mkdir()
    inner, outer = tree.path / "two" / "libinner.so", tree.path / "outer.so"
    for name, text, target, *options in (
        ("inner.c", INNER, inner, "-Wl,-soname,libinner.so"),
        ("outer.c", OUTER, outer, inner, "-Wl,-rpath,$ORIGIN/one:$ORIGIN/two"),
    ):
        source = tree.write(name, text)
        subprocess.run([compiler, "-shared", "-fPIC", "-o", target, source, *options], check=True)
    script = tree.write(
        "app/linked.py",
        HAS_BACKEND + f"import ctypes\nassert ctypes.CDLL({str(outer)!r}).outer() == 1\n",
    )
    tree.settle()
    process = tree.start(script=script, LD_DEBUG="libs")
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0
    tried = [line.split("trying file=")[1] for line in told.splitlines() if "trying file=" in line]
    missed = [
        path for path in tried if path.startswith(str(tree.path)) and not os.path.exists(path)
    ]
    assert any(path.endswith("one/libinner.so") for path in missed)
    fields = tree.profile().read_bytes().split(b"\n", 1)[1].split(b"\0")
    names = [os.fsdecode(field[2:]) for field in fields if field[:1] == b"m"]
    assert not any(map(os.path.exists, names))
    assert [p for p in missed if not any((p + "/").startswith(n + "/") for n in names)] == []


# Its last function runs behind those of the interpreter, and touches 128 pages far from each other.
LATE_LIBRARY = """
#include <stdlib.h>
static const char table[32 << 20] = {1};
static volatile int sum;
static void last(void) {
  for (size_t at = 0; at < sizeof table; at += 256 << 10) sum += table[at];
}
__attribute__((constructor)) static void first(void) { atexit(last); }
"""

LATE_PROGRAM = (
    HAS_BACKEND
    + """
import ctypes, os, time
time.sleep(0.2)
ctypes.CDLL(os.environ["LATE_LIBRARY"])
"""
)


@pytest.fixture
def late(tree):
    """A program that loads a library which is busy when the program ends, and the library."""
    compiler = shutil.which("cc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler")
    source, target = tree.path / "late.c", tree.path / "late.so"
    source.write_text(LATE_LIBRARY)
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", target, source], check=True)
    tree.settle()
    return tree.write("app/late.py", LATE_PROGRAM), str(target)


def test_pages_that_only_the_end_touches_are_replayed(tree, late):
    script, path = late
    tree.run(script=script, LATE_LIBRARY=path)
    _, _, early, ending = page_entries(tree.profile())[path]
    assert sum(count for _, count in early) < 128 <= sum(count for _, count in ending)
    assert not any(
        a < start + count and start < a + n
        for a, n in places(early)
        for start, count in places(ending)
    )
    before = tree.profile().read_bytes()
    counts = tree.run(script=script, LATE_LIBRARY=path)
    known = page_entries(tree.profile()).values()
    assert counts["bytes_warmed"] == 4096 * sum(n for k in known for _, n in k[2] + k[3])
    # Nothing new was learned: the file is as it was.
    assert tree.profile().read_bytes() == before


def places(ranges):
    """Ranges from the file's beginning, from ranges that count from the one before."""
    end = 0
    for gap, count in ranges:
        yield end + gap, count
        end += gap + count


def test_program_whose_end_is_cut_off_learns_nothing_of_it(tree, late):
    script, path = late
    script.write_text(
        script.read_text()
        + "import importahead._importahead as ours\nours.save_profile()\nos._exit(0)\n"
    )
    tree.settle()
    process = tree.start(script=script, LATE_LIBRARY=path)
    assert process.communicate(timeout=60) == ("", "") and process.returncode == 0
    _, _, early, ending = page_entries(tree.profile())[path]
    assert early and not ending


def test_child_of_a_fork_does_not_keep_its_end(tree, late):
    script, path = late
    script.write_text(
        script.read_text()
        + """
import sys
import importahead._importahead as ours
ours.save_profile()
child = os.fork()
if child: assert os.waitpid(child, 0)[1] == 0; os._exit(0)
sys.exit(0)
"""
    )
    tree.settle()
    process = tree.start(script=script, LATE_LIBRARY=path)
    assert process.communicate(timeout=60)[0] == "" and process.returncode == 0
    assert page_entries(tree.profile())[path][3] == []


@pytest.mark.parametrize("change", ["replaced", "truncated", "removed"])
def test_library_that_is_not_the_one_that_was(tree, library, change):
    script, copy = library
    tree.run(script=script)
    known = page_entries(tree.profile())[str(copy)]
    if change == "replaced":
        other = copy.with_suffix(".new")
        other.write_bytes(copy.read_bytes() + bytes(8192))
        other.replace(copy)
    elif change == "truncated":
        copy.write_bytes(b"\x7fELF")
        script.write_text("try:\n    __import__('_decimal')\nexcept ImportError:\n    pass\n")
    else:
        copy.unlink()
    tree.settle()
    counts = tree.run(script=script)
    assert counts["errors"] == 0
    if change == "replaced":
        assert counts["profile"] == "rewritten"
        assert page_entries(tree.profile())[str(copy)][0] == known[0] + 8192


def test_hostile_library_entries_are_harmless(tree, library):
    script, _ = library
    tree.run(script=script)
    profile = tree.profile()
    fifo = tree.path / "libfifo.so"
    os.mkfifo(fifo)
    huge = tree.path / "libhuge.so"
    with huge.open("wb") as file:
        file.truncate(8 << 30)
    link = tree.path / "liblink.so"
    link.symlink_to("/dev/zero")
    head, rest = profile.read_bytes()[:-17].split(b"\n", 1)
    records = b"".join(
        b"l0%s\0%x %x %s\0" % (str(path).encode(), size, modified, ranges)
        for path, size, modified, ranges in [
            (fifo, 4096, 0, b"0+1 "),
            (huge, 8 << 30, huge.stat().st_mtime_ns, b"0+200000 "),
            (link, 4096, 0, b"0+1 "),
            ("/dev/zero.so", 4096, 0, b"0+1 "),
            ("/proc/self/mem.so", 4096, 0, b"0+1 "),
            (tree.path / "gone.so", 4096, 0, b"0+1 "),
        ]
    )
    content = head + b"\n" + records + rest
    checksum = 0xCBF29CE484222325
    for byte in content:
        checksum = (checksum ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    profile.write_bytes(content + b"%016x\n" % checksum)
    profile.chmod(0o600)
    counts = tree.run(script=script)
    assert counts["profile_files"] > 0
    # More than all profiles together may bring in is refused as a whole.
    assert counts["bytes_warmed"] < 64 << 20


def test_without_proc_nothing_is_recorded(tree, library):
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("needs root and unshare(1)")
    script, _ = library
    hide = "mount -t tmpfs none /proc && exec " + shlex.join([sys.executable, str(script)])
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "IMPORTAHEAD"))}
    kept.update(PYTHONPATH=str(HOOK), XDG_CACHE_HOME=str(tree.cache))
    for _ in range(2):
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", hide], env=kept, capture_output=True, timeout=60
        )
        if b"mount" in done.stderr:
            pytest.skip("no mount namespaces here")
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    # Neither rights nor room can be told: there is no session.
    assert not list(tree.cache.rglob("v1/*"))


# Enough modules for a program that is worth a watch.

"""Profiles: pages of shared objects, data and metadata, and disks that are full."""

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
    """What the profile knows of shared objects: path to (size, time, ranges)."""
    fields = profile.read_bytes().split(b"\n", 1)[1].split(b"\0")
    found = {}
    while len(fields) > 1:
        record = fields.pop(0).decode()
        if record[0] in "nl":
            numbers = fields.pop(0).decode().split()
            ranges = [tuple(int(n, 16) for n in r.split("+")) for r in numbers[2:]]
            found[record[2:]] = (*(int(n, 16) for n in numbers[:2]), ranges)
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
    size, modified, ranges = page_entries(tree.profile())[str(copy)]
    status = copy.stat()
    assert (size, modified) == (status.st_size, status.st_mtime_ns)
    touched = 4096 * sum(count for _, count in ranges)
    assert 0 < touched <= size + 4096
    known = page_entries(tree.profile())
    second = tree.run(script=script)
    assert second["bytes_warmed"] == 4096 * sum(n for k in known.values() for _, n in k[2])
    assert first["bytes_warmed"] == 0


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


def test_without_pagemap_there_are_no_pages(tree, library):
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
    if sys.version_info >= (3, 10):
        assert b"_decimal" in tree.profile().read_bytes()
        assert b"+" not in tree.profile().read_bytes()


# Enough modules for a program that is worth a watch.
LARGE = (
    "import asyncio, email.message, http.client, json, logging.handlers, unittest, xml.dom.minidom"
)


def test_data_and_metadata_are_read_ahead(tree):
    size = 300_000
    tree.write("app/pack/__init__.py", "from pathlib import Path\nwhere = Path(__file__).parent\n")
    tree.write("app/pack/table.txt", "x" * size)
    tree.write("lib/thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: thing\n")
    tree.write("lib/thing-1.0.dist-info/entry_points.txt", "[group]\nname = pack\n")
    tree.write("lib/other-2.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: other\n")
    script = tree.write(
        "app/reader.py",
        LARGE
        + """
import importlib.metadata, pack, time
time.sleep(0.03)  # so that nothing depends on who is faster
assert len((pack.where / "table.txt").read_text()) == 300_000
importlib.metadata.distribution("thing").read_text("entry_points.txt")
""",
    )
    variables = {"PYTHONPATH": f"{HOOK}{os.pathsep}{tree.path / 'lib'}"}
    tree.settle()
    first = tree.run(script=script, **variables)
    content = tree.profile().read_bytes()
    assert b"app/pack/table.txt" in content
    assert b"thing-1.0.dist-info/entry_points.txt" in content
    assert b"other-2.0.dist-info" not in content
    second = tree.run(script=script, **variables)
    assert second["profile"] == "read"
    # The native modules of the interpreter are warmed in both.
    assert second["bytes_warmed"] >= size
    (tree.path / "app" / "pack" / "table.txt").write_text("x" * 300_000 + "y")
    (tree.path / "app" / "pack" / "table.txt").unlink()
    tree.write("app/pack/table.txt", "x" * size)
    third = tree.run(script=script, **variables)
    assert third["profile"] == "read", "what files hold is none of its business"
    assert first["errors"] == second["errors"] == third["errors"] == 0


def test_watch_ends_before_the_session_does(tree):
    # To end one takes the kernel a while, which nobody must wait for at the program's end.
    script = tree.write(
        "app/ending.py",
        LARGE
        + """
import importlib.util, itertools, os, sys, time
def watching():
    for thread in os.listdir("/proc/self/task"):
        folder = f"/proc/self/task/{thread}/fd"
        try:
            numbers = os.listdir(folder)
        except OSError:
            continue
        for number in numbers:
            try:
                if "inotify" in os.readlink(f"{folder}/{number}"):
                    return True
            except OSError:
                pass
    return False
names = (f"absent{number}" for number in itertools.count())
def keep(state, patience):
    # A session that is asked for something does not end.
    end = time.monotonic() + patience
    while watching() != state and time.monotonic() < end:
        importlib.util.find_spec(next(names))
    return watching() == state
print(keep(True, 10), keep(False, 1), flush=True)
del sys.modules["importahead"]
print(keep(False, 5))
""",
    )
    tree.settle()
    process = tree.start(script=script, IMPORTAHEAD_STATS="")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert out.split() == ["True", "False", "True"]


def test_end_is_known_before_modules_are_collected(tree):
    # What a module's functions hold goes with the collection that follows the clearing of sys.modules.
    tree.write("app/late.py", "def use(): return note\n")
    script = tree.write(
        "app/ending.py",
        """
import late, os, sys, weakref
class Note:
    def __del__(self, write=os.write):
        write(1, b"module")
def tell(reference, write=os.write):
    write(1, b"end ")
late.note = Note()
ours = weakref.ref(sys.modules["importahead"], tell)
late.ours = ours
""",
    )
    process = tree.start(script=script, IMPORTAHEAD_STATS="")
    assert process.communicate(timeout=60) == ("end module", "")


def test_data_files_that_became_something_else_are_harmless(tree):
    tree.write("app/pack/__init__.py", "import os\nwhere = os.path.dirname(__file__)\n")
    names = ["fifo", "folder", "gone", "huge", "link"]
    for name in names:
        tree.write(f"app/pack/{name}.txt", "text")
    script = tree.write(
        "app/reader.py",
        LARGE
        + f"""
import os, pack, time
time.sleep(0.03)
for name in {names!r}:
    path = os.path.join(pack.where, name + ".txt")
    if os.path.isfile(path) and os.path.getsize(path) < 10:
        open(path).close()
""",
    )
    tree.settle()
    tree.run(script=script)
    for name in names:
        assert f"pack/{name}.txt".encode() in tree.profile().read_bytes()
        (tree.path / "app" / "pack" / f"{name}.txt").unlink()
    folder = tree.path / "app" / "pack"
    os.mkfifo(folder / "fifo.txt")
    (folder / "folder.txt").mkdir()
    with (folder / "huge.txt").open("wb") as file:
        file.truncate(1 << 40)
    (folder / "link.txt").symlink_to("/dev/zero")
    counts = tree.run(script=script)
    assert counts["errors"] == 0
    assert counts["bytes_warmed"] < 64 << 20


@pytest.fixture
def small(tree):
    """A disk of two pages for the cache directory; skips where nothing may be mounted."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=8k,mode=700", "tmpfs", str(tree.cache)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nothing may be mounted here")
    yield tree
    subprocess.run(["umount", "-l", str(tree.cache)], check=True)


def test_full_disk_keeps_the_profile_there_is(small):
    assert small.run()["profile"] == "written"
    before = small.profile().read_bytes()
    filler = small.cache / "filler"
    with pytest.raises(OSError), filler.open("wb", buffering=0) as file:
        while file.write(b"x" * 512):
            pass
    for number in range(6):
        small.write(f"app/plugin{number}.py", "import json.tool\n")
    small.settle()
    counts = small.run()
    assert counts["profile"] == "read"
    assert counts["profile_files"] >= 12
    assert small.profile().read_bytes() == before
    assert [each.name for each in small.profiles.iterdir()] == [small.profile().name]
    filler.unlink()
    assert small.run()["profile"] == "rewritten"
    assert b"json/tool.py" in small.profile().read_bytes()


def test_full_disk_from_the_beginning(small):
    filler = small.cache / "filler"
    with pytest.raises(OSError), filler.open("wb", buffering=0) as file:
        while file.write(b"x" * 512):
            pass
    assert small.run()["profile"] == "none"
    assert not list(small.cache.rglob("*profile*"))

"""Profiles: data and metadata, and disks that are full."""

import os
import subprocess

import pytest
from profiled import HOOK, is_built

pytestmark = is_built

# A session that comes late looks beside what it is asked for, and finds extension modules there.
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

"""Bundles: bytecode from one file, and never anything that stock would not have read."""

import json
import os
import py_compile
import shutil
import subprocess
from pathlib import Path

import pytest
from awaited import HAS_LOOKED_FOR_BUNDLE
from bundled import COUNT, EARLY, ROOT, held, is_built, settled

pytestmark = is_built


@pytest.fixture
def tree(tmp_path):
    """A tree of the test's own."""
    return settled(tmp_path)


def test_start_is_served_from_the_bundle(shared):
    held(shared.bundled())


def test_first_start_without_a_profile_takes_the_order_from_it(tree):
    shutil.rmtree(tree.cache)
    held(tree.bundled(IMPORTAHEAD_PROFILE="off"))
    held(tree.bundled())


def test_another_program_takes_what_it_has_in_common(tree):
    script = tree.write(
        "app/other.py", "import time\ntime.sleep(0.3)\nimport plugin2\nimport json\n"
    )
    tree.settle()
    counts = tree.bundled(script=script)
    assert counts["bundle_used"] == 3  # its directory's listing has changed: its files have not


@pytest.mark.parametrize("backend", ["io_uring", "threads"])
def test_both_back_ends(shared, backend):
    counts = shared.bundled(IMPORTAHEAD_BACKEND=backend)
    if counts["backend"] != backend:
        pytest.skip(f"no {backend} here")
    held(counts)


def test_edited_source_is_compiled(tree):
    tree.write("app/pack/helper1.py", "value = 'new'\n")
    tree.settle()
    counts = tree.bundled()
    assert counts["bundle_used"] >= 2 * COUNT - EARLY
    # The run above has written the bytecode anew.
    counts = tree.bundled()
    assert counts["bundle_stale"] >= 1


def test_edited_source_of_the_same_size_and_second(tree):
    source = tree.path / "app/pack/helper1.py"
    before = source.stat()
    source.write_text("value = 9\n")
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    tree.settle()
    # importlib cannot tell either: what the bytecode says is what both run.
    held(tree.bundled())


def test_replaced_bytecode_is_run(tree):
    # As a tool would that rewrites bytecode: the source is as it was.
    source = tree.path / "app/pack/helper1.py"
    times = source.stat()
    source.write_text("value = 7\n")
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
    cached = tree.cached("app/pack/helper1.py")
    was = cached.stat()
    py_compile.compile(str(source), cfile=str(cached), doraise=True)
    assert cached.stat().st_size == was.st_size
    os.utime(cached, ns=(was.st_atime_ns, was.st_mtime_ns))
    source.write_text("value = 1\n")
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
    tree.settle()
    counts = tree.bundled()
    assert "7, 'pack.helper1'" in tree.ahead(IMPORTAHEAD_BUNDLE=str(tree.bundle))[0]
    assert counts["bundle_stale"] >= 1


def test_removed_bytecode_is_written_again(tree):
    cached = tree.cached("app/pack/helper1.py")
    content = cached.read_bytes()
    cached.unlink()
    tree.bundled()
    assert cached.read_bytes() == content


@pytest.mark.parametrize("mode", ["CHECKED_HASH", "UNCHECKED_HASH"])
def test_hash_based_bytecode(tree, mode):
    source = tree.path / "app/pack/helper1.py"
    cached = tree.cached("app/pack/helper1.py")
    mode = getattr(py_compile.PycInvalidationMode, mode)

    def compiled(text):
        source.write_text(text)
        py_compile.compile(str(source), cfile=str(cached), doraise=True, invalidation_mode=mode)

    compiled("value = 11\n")
    tree.settle()
    tree.ahead()
    tree.make()
    held(tree.bundled())
    # The source alone is changed: an unchecked file is used, a checked one is not.
    source.write_text("value = 12\n")
    tree.settle()
    held(tree.bundled())
    # Both are changed.
    compiled("value = 13\n")
    tree.settle()
    counts = tree.bundled()
    assert counts["bundle_stale"] >= 1
    assert "13, 'pack.helper1'" in tree.stock()


def test_module_that_was_added_is_found(tree):
    tree.write("app/pack/helper1/__init__.py", "value = 'package'\n")
    tree.settle()
    assert tree.bundled()["bundle"] == "read"
    assert "'package', 'pack.helper1'" in tree.stock()


@pytest.fixture
def mounted(tree):
    """A function that shows the program through a file system of which nothing is known beforehand."""
    slowfs = ROOT / "Benchmarks" / ".build" / "release" / "slowfs"
    slowfs = Path(os.environ.get("SLOWFS", slowfs))
    if os.geteuid() != 0 or not slowfs.exists():
        pytest.skip("needs root and Benchmarks' slowfs")
    app, counts = tree.path / "app", tree.path / "counts"
    source = tree.path / "source"
    app.rename(source)
    app.mkdir()
    running = []

    def mount():
        command = [
            slowfs,
            "--latency",
            "0.1ms",
            "--timeouts",
            "nfs",
            "--counts",
            counts,
            source,
            app,
        ]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        if running[-1].stdout.readline() != "ready\n":
            running.pop().kill()
            pytest.skip("no FUSE here")

    def unmount():
        """What was asked of the file system."""
        subprocess.run(["umount", app], check=True)
        running.pop().communicate(timeout=60)
        return json.loads(counts.read_text())["total"]

    yield mount, unmount
    if running:
        subprocess.run(["umount", app], check=False)
        running.pop().communicate(timeout=60)


def test_listings_and_files_of_a_slow_file_system_come_from_it(tree, mounted):
    mount, unmount = mounted
    mount()
    tree.ahead()
    tree.ahead()
    tree.make()
    unmount()
    mount()
    out, _ = tree.ahead()
    without = unmount()
    mount()
    again, counts = tree.ahead(IMPORTAHEAD_BUNDLE=str(tree.bundle))
    asked = unmount()
    assert again == out
    held(counts)
    # The script itself is opened and read; nothing is listed.
    assert asked.get("opendir", 0) == 0 < without["opendir"]
    assert asked.get("readdir", 0) == 0 < without["readdir"]
    assert asked["open"] <= 3 < without["open"]
    assert asked["lookup"] <= without["lookup"] + 2
    # A listing that is stale is not used.
    (tree.path / "source/pack/helper1").mkdir()
    (tree.path / "source/pack/helper1/__init__.py").write_text("value = 'package'\n")
    tree.settle()
    mount()
    out, counts = tree.ahead(IMPORTAHEAD_BUNDLE=str(tree.bundle))
    assert unmount()["readdir"] >= 1
    assert "'package', 'pack.helper1'" in out
    assert counts["bundle_stale"] >= 1


def test_module_that_was_removed_is_missed(tree):
    shutil.rmtree(tree.path / "app/pack/__pycache__")
    (tree.path / "app/pack/helper5.py").unlink()
    script = tree.write(
        "app/main.py",
        HAS_LOOKED_FOR_BUNDLE
        + "try:\n    import pack.helper5\nexcept ImportError as error:\n    print(error)\n",
    )
    tree.settle()
    assert tree.bundled(script=script)["bundle"] == "read"


def test_environment_that_was_moved(tree):
    elsewhere = tree.path / "elsewhere"
    (tree.path / "app").rename(elsewhere)
    counts = tree.bundled(script=elsewhere / "main.py")
    assert (counts["bundle"], counts["bundle_used"]) == ("read", 0)


def replace_by_copy(tree):
    """Another environment in the place of the first, with the same contents and times."""
    app = tree.path / "app"
    app.rename(tree.path / "old")
    shutil.copytree(tree.path / "old", app)
    tree.settle()


def test_copy_of_the_environment_is_another_one(tree):
    replace_by_copy(tree)
    counts = tree.bundled()
    assert counts["bundle_used"] == 0
    assert counts["bundle_stale"] >= 2 * COUNT


def test_copy_of_the_environment_is_served_where_that_is_asked_for(tree):
    tree.make("--copied", tree.script)
    held(tree.bundled())
    replace_by_copy(tree)
    for path in (tree.path / "app").rglob("*.py*"):
        os.utime(path, (path.stat().st_mtime, int(path.stat().st_mtime)))
    tree.settle()
    held(tree.bundled())
    cached = tree.cached("app/pack/helper1.py")
    os.utime(cached, (0, cached.stat().st_mtime + 1))
    tree.settle()
    assert tree.bundled()["bundle_stale"] == 1

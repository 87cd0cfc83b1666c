"""A start that finds all in the page cache, and too few processors, is left alone until it must wait."""

import json
import os
import shutil
import signal
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from profiled import Tree, is_built

pytestmark = [
    is_built,
    pytest.mark.skipif(
        not Path("/proc/thread-self/schedstat").exists(),
        reason="the kernel does not tell how long threads wait for processors",
    ),
]

COUNT = 400
# The session has read some before it knows that all is cached, and is on its way with more.
MOST = 300
# The processor is busy, and the session that has not begun would have missed it all.
BUSY = """
import time
end = time.monotonic() + 0.3
while time.monotonic() < end:
    pass
"""


@pytest.fixture(scope="module")
def cached(tmp_path_factory):
    """A program with many modules, all of them in the page cache and old enough to be served."""
    tree = Tree(tmp_path_factory.mktemp("rest"))
    for part in ("many", "late"):
        for number in range(COUNT):
            tree.write(f"app/{part}/{part[0]}{number:03d}.py", f"value = {number}\n")
        tree.write(f"app/{part}/__init__.py", "")
    many = "".join(f"from many import m{number:03d}\n" for number in range(COUNT))
    late = many.replace("many", "late").replace("import m", "import l")
    tree.script = tree.write("app/cached.py", BUSY + many)
    tree.write("app/all.py", many + late)
    tree.write("app/inside.py", "import importahead, importlib, json\n" + BUSY + many + INSIDE)
    tree.write("app/server.py", BUSY + many + BUSY + late + "time.sleep(60)\n")
    tree.run(script=tree.path / "app" / "all.py", IMPORTAHEAD_PROFILE="off")
    tree.settle()
    return tree


# Names that no scan sees, without a wait before each import or with one.
INSIDE = """
told = [importahead.stats()]
for number in range(100):
    if PAUSE:
        time.sleep(PAUSE)
    importlib.import_module("la" + "te.l%03d" % number)
    told.append(importahead.stats())
print(json.dumps(told))
"""


@pytest.fixture
def tree(cached):
    """The program, without a profile."""
    shutil.rmtree(cached.profiles, ignore_errors=True)
    return cached


@contextmanager
def one_processor():
    """Has what is started meanwhile share one processor."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def rested(tree, **variables):
    """The statistics of a run that rested, and had no reason to do anything else.

    Memory may be taken away at any time, and a session whose files must be read does not rest; nor
    does one whose program has to wait for anything.
    """
    for _ in range(12):
        with one_processor():
            told = tree.run(IMPORTAHEAD_REST="on", **variables)
        if told["rests"] == 1 and told["files_fetched"] <= MOST:
            return told
    raise AssertionError(f"never rested: {told}")


@pytest.mark.parametrize("backend", ["io_uring", "threads"])
def test_what_is_cached_is_soon_left_alone(tree, backend):
    told = rested(tree, IMPORTAHEAD_PROFILE="off", IMPORTAHEAD_BACKEND=backend)
    assert told["hits"] + told["misses"] >= COUNT
    assert told["errors"] == 0


def test_it_can_be_switched_off(tree):
    told = tree.run(IMPORTAHEAD_PROFILE="off", IMPORTAHEAD_REST="off")
    assert told["rests"] == 0
    assert told["files_fetched"] >= COUNT


def test_what_a_rested_start_needed_is_known_to_the_next(tree):
    first = rested(tree, IMPORTAHEAD_PROFILE="write")
    assert first["profile"] in ("written", "rewritten")
    second = tree.run()
    assert second["rests"] == 0
    assert second["profile_files"] >= COUNT
    assert second["profile_used"] == second["profile_files"]
    assert second["files_fetched"] >= COUNT


def told_from_inside(tree, pause):
    """What a program prints that rests while it imports on."""
    text = (tree.path / "app" / "inside.py").read_text()
    script = tree.write("app/now.py", text.replace("PAUSE", str(pause)))
    for _ in range(12):
        with one_processor():
            process = tree.start(
                script=script,
                IMPORTAHEAD_REST="on",
                IMPORTAHEAD_PROFILE="off",
                IMPORTAHEAD_STATS="",
            )
            out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, "")
        told = json.loads(out)
        if told[0]["rests"]:
            return told
    raise AssertionError(f"never rested: {told}")


def test_who_does_not_wait_is_not_heeded(tree):
    # A program can be made to wait by others, which wakes the session: of many imports in several
    # runs, one must meet no such thing.
    for _ in range(12):
        told = told_from_inside(tree, 0)
        missed = [
            (now["misses"] - then["misses"], now["demands"] - then["demands"])
            for then, now in zip(told, told[1:])
        ]
        if (1, 0) in missed:
            return
    raise AssertionError(missed)


def test_a_wait_ends_the_rest(tree):
    told = told_from_inside(tree, 0.002)
    assert told[-1]["demands"] > told[0]["demands"]


def test_a_program_that_never_ends_has_its_profile_though_it_rests(tree):
    # It computes, and does not wait: the session's thread has gone by the time that more is imported.
    with one_processor():
        process = tree.start(script=tree.path / "app" / "server.py", IMPORTAHEAD_REST="on")
    with process:
        try:
            deadline = time.monotonic() + 20
            while known(tree) < 2 * COUNT and time.monotonic() < deadline:
                time.sleep(0.1)
            assert known(tree) >= 2 * COUNT
        finally:
            os.kill(process.pid, signal.SIGKILL)


def known(tree):
    """How many of the many modules the profiles name."""
    found = "".join(each.read_text("latin-1") for each in tree.profiles.glob("*.profile"))
    return sum(f"{part}{n:03d}.py" in found for n in range(COUNT) for part in ("m", "l"))

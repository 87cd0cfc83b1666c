"""Filters of system calls that kill: nothing but what the interpreter calls by itself (cases U01)."""

import json
import os
import shutil
import subprocess

import pytest
from confined import ALLOW, CONFINE, KILL, behind_filter, is_x86, traced

pytestmark = [is_x86, pytest.mark.part("process"), pytest.mark.kind("source")]

MODULES = 60
# What a program calls by itself that has threads and opens data: the yardstick beside a stock start.
PLAIN = """
import sys, threading, time, os
thread = threading.Thread(target=time.sleep, args=(0.01,))
thread.start()
thread.join()
"""
IMPORTS = "".join("import m%02d\n" % number for number in range(MODULES))
LATE = "for n in range(20):\n    __import__('la' + 'te%02d' % n)\nimport statistics, fractions\n"
# As long as the session's thread may stay when all is done, and longer.
QUIET = "time.sleep(0.4)\n"
# What importahead calls where there is no filter, and some that it might: 98 getrusage, 138 fstatfs, 157
# prctl, 203 and 204 sched_setaffinity and sched_getaffinity, 221 fadvise64, 228 clock_gettime, 254
# inotify_add_watch, 258 mkdirat, 263 unlinkat, 264 renameat, 269 faccessat, 272 unshare, 290 eventfd2, 294
# inotify_init1, 327 preadv2, 332 statx, 425 to 427 io_uring, 436 close_range, 437 openat2, 439 faccessat2.
OURS = (98, 138, 157, 203, 204, 221, 228, 254, 258, 263, 264, 269, 272, 290, 294, 327, 332)
OURS += (425, 426, 427, 436, 437, 439)


@pytest.fixture(scope="module")
def tree(grove):
    """Programs and modules old enough to be served; nothing but bytecode is written to it."""
    folder = grove.root / "filters"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for number in range(MODULES):
        (folder / ("m%02d.py" % number)).write_text("value = %d\n" % number)
    for number in range(20):
        (folder / ("late%02d.py" % number)).write_text("value = %d\n" % number)
    (folder / "all.py").write_text(PLAIN + IMPORTS + LATE)
    (folder / "main.py").write_text(PLAIN + IMPORTS + QUIET + LATE + "print(m59.value)\n")
    grove.touch()
    grove.settle()
    return folder


def variables(lane, **more):
    """The variables of a lane that chooses its back end by itself and keeps profiles."""
    found = {"PATH": os.environ["PATH"], **lane.variables(), "IMPORTAHEAD_BACKEND": "", **more}
    if lane.hooked:
        found["IMPORTAHEAD_PROFILE"] = ""
    return found


def lanes(grove):
    """Stock and one with the hook."""
    return grove.stock, grove.lanes[-1]


def test_u01_under_a_filter_no_call_is_made_that_stock_does_not_make(
    grove, interpreter, tree, tmp_path
):
    """Two starts, the second with the profile of the first; bytecode is written and read."""
    made = {}
    for lane in lanes(grove):
        made[lane] = {}
        for turn in ("first", "second"):
            if turn == "first":
                shutil.rmtree(tree / "__pycache__", ignore_errors=True)
            else:
                grove.touch()
                grove.settle()
            statistics = tmp_path / ("%s.%s.json" % (lane.name, turn))
            command = [*behind_filter(), lane.python(interpreter), "main.py"]
            done, calls = traced(
                command,
                tmp_path / ("%s.%s.log" % (lane.name, turn)),
                cwd=tree,
                env=variables(
                    lane, XDG_CACHE_HOME=str(tmp_path), IMPORTAHEAD_STATS=str(statistics)
                ),
            )
            assert (done.returncode, done.stdout, done.stderr) == (0, b"59\n", b""), lane.name
            made[lane].update(calls)
            if lane.hooked:
                assert json.loads(statistics.read_text())["backend"] == "threads"
    stock, ours = made.values()
    assert json.loads(statistics.read_text())["profile"] in ("read", "rewritten")
    assert json.loads(statistics.read_text())["hits"] > MODULES / 2
    assert sorted(set(ours) - set(stock)) == []


@pytest.mark.parametrize("number", OURS)
def test_u01_a_filter_that_kills_for_one_call(grove, interpreter, tree, tmp_path, number):
    outcomes = []
    for lane in lanes(grove):
        run = subprocess.run(
            [*behind_filter([number]), lane.python(interpreter), "main.py"],
            cwd=tree,
            env=variables(lane, XDG_CACHE_HOME=str(tmp_path)),
            capture_output=True,
            timeout=60,
        )
        outcomes.append((run.returncode, run.stdout, run.stderr))
    assert outcomes == [(0, b"59\n", b"")] * 2


@pytest.mark.parametrize("options", [["-B"], ["-I", "-B"]], ids=lambda each: " ".join(each))
def test_u01_a_filter_without_names(grove, interpreter, tree, tmp_path, options):
    """Without bytecode to write, a program makes no name; neither do we, be there a directory or not."""
    (tmp_path / "there" / "importahead" / "v1").mkdir(parents=True)
    for home in (tmp_path / "there", tmp_path / "not there"):
        # open with O_CREAT is no call of its own; rename, mkdir, rmdir, link, unlink, symlink and their kin.
        names = [82, 83, 84, 86, 87, 88, 258, 263, 264, 265, 266, 316]
        for lane in lanes(grove):
            run = subprocess.run(
                [*behind_filter(names), lane.python(interpreter), *options, "all.py"],
                cwd=tree,
                env=variables(lane, XDG_CACHE_HOME=str(home)),
                capture_output=True,
                timeout=60,
            )
            # -I leaves the script's directory off the path.
            expected = 1 if "-I" in options else 0
            assert run.returncode == expected, (lane.name, run)


PROGRAM_THAT_CONFINES_ITSELF = (
    PLAIN
    + "import ctypes, struct\n"
    + IMPORTS
    + CONFINE
    + "PAUSE\nkept = confine(NUMBERS, HIT, OTHER, EVERY)\n"
    + LATE
    + "print(m59.value)\n"
)


@pytest.mark.parametrize("pause", [0, 0.4])
@pytest.mark.parametrize("every", [False, True], ids=["its thread", "every thread"])
def test_u01_a_filter_that_the_program_installs(grove, interpreter, tree, tmp_path, pause, every):
    """From then on the program may do what stock does and nothing else, thread by thread or all."""
    if every and not pause:
        pytest.skip("a thread that is at work cannot know what is about to be forbidden")
    text = PROGRAM_THAT_CONFINES_ITSELF.replace("PAUSE", "time.sleep(%r)" % pause)
    text = text.replace("EVERY", str(every))
    open_text = text.replace("NUMBERS, HIT, OTHER", "(), %d, %d" % (KILL, ALLOW))
    script = tree / ("late-%s-%s.py" % (pause, every))
    script.write_text(open_text)
    stock, hooked = lanes(grove)
    done, calls = traced(
        [stock.python(interpreter), script.name], tmp_path / "log", cwd=tree, env=variables(stock)
    )
    assert done.returncode == 0, done.stderr
    # Threads are given up, too; 60, 231 and 24 are the end, and what waiting for the GIL takes.
    threads = {"clone", "clone3", "fork", "vfork", "execve", "madvise"}
    numbers = [number for name, number in calls.items() if name not in threads]
    closed = "%r, %d, %d" % (sorted({*numbers, 24, 60, 202, 231}), ALLOW, KILL)
    script.write_text(text.replace("NUMBERS, HIT, OTHER", closed))
    for lane in (stock, hooked):
        for _ in range(3):
            run = subprocess.run(
                [lane.python(interpreter), "-B", script.name],
                cwd=tree,
                env=variables(lane, XDG_CACHE_HOME=str(tmp_path), IMPORTAHEAD_REST=""),
                capture_output=True,
                timeout=60,
            )
            outcome = (run.returncode, run.stdout, run.stderr)
            assert outcome == (0, b"59\n", b""), lane.name

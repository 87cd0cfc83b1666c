"""After a fork parent and child go on with sessions of their own (E)."""

import subprocess
import sys
import time

import pytest
from oracle import discover
from profiled import SETTLED, is_built
from stalled import BACKENDS, STALL, finish

pytestmark = [is_built, pytest.mark.parametrize("backend", BACKENDS)]

TOLD = """
import json, os, sys, time, importlib
def load(first, last):
    for number in range(first, last):
        importlib.import_module("m%02d" % number)
def stats():
    import importahead
    return importahead.stats()
def threads():
    return len(os.listdir("/proc/self/task"))
def child(body):
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(writing, json.dumps(body()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    text = b""
    while True:
        part = os.read(reading, 65536)
        if not part:
            break
        text += part
    os.close(reading)
    os.waitpid(pid, 0)
    return json.loads(text)
"""


def run(stalled, body, backend, *lines, **options):
    """What a program on the file system tells."""
    stalled.write("app/fork.py", TOLD + body)
    with stalled.stall(*lines):
        process = stalled.start(
            stalled.mount / "app" / "fork.py", IMPORTAHEAD_BACKEND=backend, **options
        )
        found, error = finish(process)
    assert process.returncode == 0, error
    return found, error


def imports(first, last):
    """A module of imports that a scan can follow."""
    return "".join("import m%02d\n" % number for number in range(first, last))


def test_parent_and_child_are_served(stalled, backend):
    stalled.write("app/inner.py", imports(0, 20))
    stalled.write("app/outer.py", imports(20, 40))
    body = """
load(50, 51)
before = stats()
def body():
    zero = stats()
    importlib.import_module("in" + "ner")
    return [zero, stats()]
first = child(body)
importlib.import_module("out" + "er")
print(json.dumps([before, first, stats()]))
"""
    (before, (zero, inside), after), error = run(
        stalled, body, backend, "getattr .py 0.002", "open .py 0.002"
    )
    assert zero["hits"] == zero["misses"] == zero["files_fetched"] == 0
    assert inside["hits"] >= 10
    assert inside["modules_planned"] >= 20
    assert after["hits"] - before["hits"] >= 10
    assert error == ""


@pytest.mark.parametrize("ways", [1, 3])
def test_children_of_children_are_served(stalled, backend, ways):
    stalled.write("app/inner.py", imports(0, 20))
    body = (
        """
def body(left=%d):
    if left:
        return child(lambda: body(left - 1))
    importlib.import_module("in" + "ner")
    return stats()["hits"]
print(json.dumps(child(body)))
"""
        % ways
    )
    hits, _ = run(stalled, body, backend, "open .py 0.002")
    assert hits >= 10


def test_a_path_entry_that_a_worker_adds_is_looked_into(stalled, backend):
    stalled.write("site/served.py", "".join("import part%02d\n" % n for n in range(20)))
    for number in range(20):
        stalled.write("site/part%02d.py" % number, "")
    time.sleep(SETTLED)
    body = """
def body():
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(__file__)), "site"))
    import served
    return stats()
print(json.dumps(child(body)))
"""
    found, _ = run(stalled, body, backend, "open part 0.01")
    assert found["hits"] >= 10


def test_threads_are_gone_before_a_fork_although_a_server_is_slow(stalled, backend):
    newer = [each for each in discover() if each.minor >= (3, 12)]
    python = newer[-1].executable if newer else sys.executable
    hung = "".join("    import m%02d\n" % number for number in range(4, 30))
    body = (
        """
import time
if len(sys.argv) > 3:
%s
time.sleep(0.5)
pid = os.fork()
if pid == 0:
    os._exit(0)
left = threads()
os.waitpid(pid, 0)
print(json.dumps(left))
"""
        % hung
    )
    (left), error = run(
        stalled,
        body,
        backend,
        "open m 0.05",
        python=str(python),
        flags=("-B", "-Walways"),
    )
    assert left == 1
    assert "multi-threaded" not in error


def test_requests_on_a_ring_are_ended_before_a_fork(stalled, backend):
    if backend == "threads":
        pytest.skip("a thread in a call that a server does not answer stays (docs/reliability.md)")
    body = """
if len(sys.argv) > 3:
    import m04, m05, m06
time.sleep(0.5)
pid = os.fork()
if pid == 0:
    os._exit(0)
left = threads()
os.waitpid(pid, 0)
print(json.dumps(left))
"""
    left, _ = run(stalled, body, backend, "open m0 %d" % STALL)
    assert left == 1


def test_a_fork_is_bounded_where_a_server_does_not_answer(stalled, backend):
    body = """
if len(sys.argv) > 3:
    import m04, m05, m06
time.sleep(0.5)
def body():
    load(50, 54)
    return stats()["misses"] + stats()["hits"]
print(json.dumps([child(body), child(body)]))
"""
    found, _ = run(stalled, body, backend, "open m0 %d" % STALL)
    assert found[0] >= 4


def test_a_thousand_forks_leave_nothing_behind(stalled, backend):
    body = """
def held():
    with open("/proc/self/statm") as file:
        size = int(file.read().split()[1]) * 4096
    return [len(os.listdir("/proc/self/fd")), threads(), size]
def fork():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
def storm(count, first):
    for number in range(count):
        fork()
        if number % 25 == 0:
            load(first + number // 25, first + number // 25 + 1)
    time.sleep(1)
    fork()
    return held()
print(json.dumps([storm(500, 0), storm(1000, 20)]))
"""
    (before, after), _ = run(stalled, body, backend)
    assert after[:2] == before[:2]
    assert after[2] - before[2] < 4 << 20


def test_a_child_that_nobody_was_told_of_never_hangs(stalled, backend):
    stalled.write("app/inner.py", imports(0, 20))
    body = """
import ctypes
libc = ctypes.CDLL(None)
load(20, 30)
def clone():
    reading, writing = os.pipe()
    pid = libc.syscall(56, 17, 0, 0, 0, 0)
    if pid == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
        importlib.import_module("in" + "ner")
        pid = os.fork()
        if pid == 0:
            load(50, 55)
            os._exit(0)
        os.waitpid(pid, 0)
        os.write(writing, b"%d" % stats()["modules_planned"])
        os._exit(0)
    os.close(writing)
    found = int(os.read(reading, 100) or b"-1")
    os.close(reading)
    os.waitpid(pid, 0)
    return found
print(json.dumps([clone() for _ in range(5)]))
"""
    found, _ = run(stalled, body, backend, "open m 0.005")
    assert all(each >= 0 for each in found)
    assert max(found) >= 20


def test_forks_in_threads(stalled, backend):
    body = """
import threading
def work(number):
    for turn in range(10):
        pid = os.fork()
        if pid == 0:
            # Not what another thread is at: in stock too the child would wait for that thread.
            load(30 + number * 5, 35 + number * 5)
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
all_of_them = [threading.Thread(target=work, args=(number,)) for number in range(5)]
[each.start() for each in all_of_them]
load(0, 30)
[each.join() for each in all_of_them]
print(json.dumps(threads()))
"""
    run(stalled, body, backend, "open m 0.002")


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_multiprocessing(stalled, backend, method):
    stalled.write(
        "app/task.py",
        "import importlib\ndef work(n):\n    return importlib.import_module('m%02d' % n).value\n",
    )
    body = (
        """
import multiprocessing, task
if __name__ == "__main__":
    with multiprocessing.get_context(%r).Pool(4) as pool:
        print(json.dumps(pool.map(task.work, range(40))))
"""
        % method
    )
    found, _ = run(stalled, body, backend)
    assert found == list(range(40))


def test_a_child_leaves_the_profile_to_its_parent(stalled, tmp_path, backend):
    body = """
def body():
    load(0, 30)
    return 1
pid = os.fork()
if pid == 0:
    load(0, 30)
    sys.exit(0)
os.waitpid(pid, 0)
load(30, 33)
print(json.dumps(1))
"""
    options = {"IMPORTAHEAD_PROFILE": str(tmp_path / "profiles")}
    run(stalled, body, backend, **options)
    [kept] = [path for path in (tmp_path / "profiles").iterdir() if path.suffix == ".profile"]
    text = kept.read_bytes()
    assert b"m32.py" in text
    assert b"m05.py" not in text


def test_nothing_of_ours_is_left_once_it_is_stopped(stalled, backend):
    body = """
import importahead
importahead.stop()
left = threads()
pid = os.fork()
if pid == 0:
    os._exit(0)
os.waitpid(pid, 0)
load(0, 20)
print(json.dumps([left, threads()]))
"""
    stalled.write("app/planned.py", imports(0, 60))
    body = "if len(sys.argv) > 3:\n    import planned\n" + body
    found, _ = run(stalled, body, backend, "open m 0.02")
    assert found == [1, 1]


def test_warnings_are_errors(stalled, backend):
    for each in [each for each in discover() if each.minor >= (3, 12)][-1:]:
        body = (
            "load(0, 5)\nprint(json.dumps([child(lambda: load(5, 10) or 1) for _ in range(5)]))\n"
        )
        found, _ = run(
            stalled,
            body,
            backend,
            "open m 0.01",
            python=str(each.executable),
            flags=("-B", "-Werror"),
        )
        assert found == [1] * 5


def test_a_subprocess_does_not_end_reading_ahead(stalled, backend):
    body = """
import subprocess
load(0, 3)
subprocess.run(["true"], preexec_fn=lambda: None)
before = stats()["hits"]
importlib.import_module("in" + "ner")
print(json.dumps([before, stats()["hits"]]))
"""
    stalled.write("app/inner.py", imports(10, 40))
    (before, after), _ = run(stalled, body, backend, "open m 0.005")
    assert after - before >= 10
    assert subprocess.run([sys.executable, "-c", ""]).returncode == 0

"""Where memory, tasks, processors, descriptors or watches are few, the program has them for itself."""

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys

import pytest
from limited import evict, group
from profiled import HOOK, Tree, is_built

pytestmark = is_built

MODULES = 240
BACKENDS = ["io_uring", "threads"]

# Bytecode of 60 kB each, of which a program keeps little.
LARGE = "def text():\n    return %r\n"
NEEDY = """
import sys
kept = bytearray(int(sys.argv[1]) << 20)
for place in range(0, len(kept), 4096):
    kept[place] = 1
"""
THREADS = """
import threading
gate = threading.Event()
started = 0
try:
    for _ in range(int(sys.argv[1])):
        threading.Thread(target=gate.wait, daemon=True).start()
        started += 1
except RuntimeError:
    pass
"""
WATCH = """
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
told = []
for _ in range(int(sys.argv[1])):
    if libc.inotify_init1(0) < 0:
        told.append(errno.errorcode[ctypes.get_errno()])
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A program with many large modules, old enough to be served."""
    tree = Tree(tmp_path_factory.mktemp("limits"))
    for number in range(MODULES):
        body = LARGE % "".join(chr(33 + (place * 7 + number) % 90) for place in range(60000))
        tree.write(f"app/many/m{number:03d}.py", f"value = {number}\n" + body)
    tree.write("app/many/__init__.py", "")
    many = "".join(f"from many import m{number:03d}\n" for number in range(MODULES))
    tree.write("app/needy.py", NEEDY + many + "print(m001.value)\n")
    tree.write("app/threads.py", "import sys\n" + many + THREADS + "print(started)\n")
    tree.write("app/early.py", "import sys\n" + THREADS + "print(started)\n" + many)
    tree.write("app/watch.py", "import sys\n" + many + WATCH + "print(told)\n")
    tree.write("app/plain.py", many + "print(m001.value)\n")
    tree.write("app/all.py", many)
    tree.run(script=tree.path / "app" / "all.py", IMPORTAHEAD_PROFILE="off")
    tree.settle()
    return tree


def run(tree, script, *arguments, before=None, hooked=True, prefix=(), **variables):
    """Runs a program; its result and, where the hook is on, its statistics."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "IMPORTAHEAD"))}
    told = tree.path / "told.json"
    told.unlink(missing_ok=True)
    if hooked:
        kept.update(PYTHONPATH=str(HOOK), IMPORTAHEAD_STATS=str(told), IMPORTAHEAD_REST="off")
    kept.update({"XDG_CACHE_HOME": str(tree.cache), **variables})
    done = subprocess.run(
        [*prefix, sys.executable, "-B", str(tree.path / "app" / script), *map(str, arguments)],
        env=kept,
        preexec_fn=before,
        capture_output=True,
        text=True,
        timeout=120,
    )
    found = json.loads(told.read_text()) if told.exists() and told.stat().st_size else None
    return (done.returncode, done.stdout, done.stderr), found


def forget(tree):
    shutil.rmtree(tree.profiles, ignore_errors=True)


# The program keeps 24 MiB, and the constants of 15 MiB of bytecode: below 46 MiB stock is killed.
@pytest.mark.parametrize("limit", [48, 56, 72, 96, 160])
@pytest.mark.parametrize("start", ["first", "learned"])
def test_a_limit_on_memory_is_not_met_more_often_than_in_stock(place, limit, start):
    forget(place)
    if start == "learned":
        for _ in range(2):
            run(place, "needy.py", 24)
    counts = {}
    for hooked in (False, True):
        found = []
        for _ in range(3):
            evict(place.path / "app")
            with group("memory") as limited:
                limited.limit_memory(limit << 20)
                profile = "read" if start == "learned" else "off"
                result, _ = run(
                    place,
                    "needy.py",
                    24,
                    before=limited.enter,
                    hooked=hooked,
                    IMPORTAHEAD_PROFILE=profile,
                )
                assert result == (0, "1\n", ""), (limit, hooked)
                found.append(limited.times_met())
        counts[hooked] = statistics.median(found)
    # What was charged meanwhile to whom is a matter of chance: 2 MiB of pages.
    assert counts[True] <= counts[False] * 1.05 + 500, counts


def test_a_session_in_a_tight_group_is_none(place):
    forget(place)
    with group("memory") as limited:
        limited.limit_memory(60 << 20)
        result, told = run(place, "plain.py", before=limited.enter)
    assert result == (0, "1\n", "")
    assert (told["backend"], told["files_fetched"]) == ("none", 0)
    assert not list(place.profiles.glob("*.profile")), "what cannot be helped is not recorded"


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("script", ["threads.py", "early.py"])
def test_a_program_can_start_as_many_threads_as_in_stock(place, backend, script):
    for most in (12, 20, 32):
        told = []
        for hooked in (False, True):
            evict(place.path / "app")
            with group("pids") as limited:
                limited.tell("pids.max", most)
                result, _ = run(
                    place,
                    script,
                    8,
                    before=limited.enter,
                    hooked=hooked,
                    IMPORTAHEAD_BACKEND=backend,
                    IMPORTAHEAD_PROFILE="off",
                )
                told.append(result)
        assert told[0] == told[1] == (0, "8\n", ""), (most, told)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_session_is_a_small_share_of_the_tasks(place, backend):
    for most in (64, 128, 200):
        evict(place.path / "app")
        with group("pids") as limited:
            if not (limited.path / "pids.peak").exists():
                pytest.skip("the kernel does not tell how many tasks there were")
            limited.tell("pids.max", most)
            result, told = run(
                place,
                "plain.py",
                before=limited.enter,
                IMPORTAHEAD_BACKEND=backend,
                IMPORTAHEAD_PROFILE="off",
            )
            assert result == (0, "1\n", "")
            assert told["backend"] != "none"
            assert limited.number("pids.peak") <= 1 + most / 8


LIMITS = [
    ("RLIMIT_NOFILE", 5),
    ("RLIMIT_NOFILE", 16),
    ("RLIMIT_NOFILE", 40),
    ("RLIMIT_FSIZE", 0),
    ("RLIMIT_FSIZE", 1000),
    ("RLIMIT_STACK", 256 << 10),
    ("RLIMIT_STACK", resource.RLIM_INFINITY),
    ("RLIMIT_MEMLOCK", 0),
    ("RLIMIT_CPU", 20),
    ("RLIMIT_CPU", 3600),
    ("RLIMIT_NPROC", 1),
    ("RLIMIT_NPROC", 2000),
    ("RLIMIT_AS", 200 << 20),
    ("RLIMIT_AS", 700 << 20),
    ("RLIMIT_DATA", 100 << 20),
    ("RLIMIT_SIGPENDING", 0),
    ("RLIMIT_CORE", 0),
]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name, size", LIMITS)
def test_a_limit_of_the_process_is_none_of_its_business(place, backend, name, size):
    kind = getattr(resource, name)
    hard = resource.getrlimit(kind)[1]
    if size != resource.RLIM_INFINITY and hard not in (resource.RLIM_INFINITY,) and hard < size:
        pytest.skip("the limit is lower here")

    def before():
        resource.setrlimit(kind, (size, hard))

    forget(place)
    evict(place.path / "app")
    stock, _ = run(place, "plain.py", before=before, hooked=False)
    for _ in range(2):
        result, told = run(place, "plain.py", before=before, IMPORTAHEAD_BACKEND=backend)
        assert result == stock
        assert told is None or told["errors"] == 0
    left = [each.name for each in place.profiles.glob(".part-*")]
    assert left == []


def test_a_full_disk_leaves_nothing_behind(place, tmp_path):
    home = tmp_path / "full"
    home.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "importahead", home]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        (home / "filler").write_bytes(b"x" * (56 << 10))
        result, _ = run(place, "plain.py", XDG_CACHE_HOME=str(home))
        assert result == (0, "1\n", "")
        assert not [each for each in home.rglob("*") if each.is_file() and each.name != "filler"]
    finally:
        subprocess.run(["umount", home], check=True)


def test_threads_that_run_before_all_others_are_none_of_ours(place):
    def before():
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))

    try:
        result, told = run(place, "plain.py", before=before)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"no such threads may be started here: {error}")
    assert result == (0, "1\n", "")
    assert told["backend"] == "none"


def test_under_a_quota_of_one_processor_what_is_cached_is_left_alone(place):
    run(place, "plain.py", IMPORTAHEAD_PROFILE="off")
    for _ in range(6):
        with group("cpu") as limited:
            limited.limit_processors(100)
            result, told = run(
                place,
                "plain.py",
                before=limited.enter,
                IMPORTAHEAD_PROFILE="off",
                IMPORTAHEAD_REST="on",
            )
            assert result == (0, "1\n", "")
        if told["rests"] == 1:
            return
    raise AssertionError(told)


@pytest.mark.parametrize("instances, watches", [(1, 40), (2, 40), (1, 65536), (63, 4000)])
def test_a_user_with_few_watches_has_them_all(place, instances, watches):
    few = (
        f"echo {watches} > /proc/sys/user/max_inotify_watches && "
        f'echo {instances} > /proc/sys/user/max_inotify_instances && exec "$@"'
    )
    prefix = ["unshare", "-Ur", "sh", "-c", few, "-"]
    if subprocess.run([*prefix, "true"], capture_output=True).returncode:
        pytest.skip("no user namespace can be made here")
    forget(place)
    evict(place.path / "app")
    for _ in range(2):
        result, _ = run(place, "watch.py", instances, prefix=prefix)
        assert result == (0, "[]\n", "")

"""What the kernel may refuse, and what the extension brings along (cases 40, F12, F15, F16, U1-U8)."""

import ctypes
import errno
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from awaited import HAS_BACKEND
from hung import hung_mount
from oracle import case
from oracle.lanes import POOLS, URING
from oracle.places import REPOSITORY

pytestmark = [pytest.mark.part("process"), pytest.mark.kind("source")]

MODULES = 40
FILES = {"m%02d.py" % number: "value = %d\n" % number for number in range(MODULES)}
BODY = "".join("import m%02d\n" % number for number in range(MODULES)) + "print(m39.value)\n"
FILTER = REPOSITORY / "Tests" / "conformance" / "without_uring.py"

WRAPPED = """
import sys
sys.path.insert(0, %r)
import without_uring
without_uring.REFUSE = %d
without_uring.refuse_uring()
import os
os.execv(sys.argv[1], sys.argv[1:])
"""
ANSWERS = {
    "EPERM": 0x00050000 | errno.EPERM,
    "ENOSYS": 0x00050000 | errno.ENOSYS,
    "ENOMEM": 0x00050000 | errno.ENOMEM,
    "KILL": 0x80000000,
}


@pytest.fixture(scope="module")
def tree(grove):
    """A folder with a program, old enough to be served from memory; nothing is written to it."""
    folder = grove.root / "kernel"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, text in {**FILES, "main.py": HAS_BACKEND + BODY}.items():
        (folder / name).write_text(text)
    grove.touch()
    grove.settle()
    return folder


def run(lane, interpreter, folder, prefix=(), suffix=("main.py",), **variables):
    """Runs the program in a lane behind a wrapper; its exit status, output and errors."""
    statistics = folder.with_suffix(".stats")
    variables = {"PATH": os.environ["PATH"], **lane.variables(), **variables}
    variables["IMPORTAHEAD_STATS"] = str(statistics)
    command = [*prefix, lane.python(interpreter), "-B", *suffix]
    began = time.monotonic()
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, timeout=120)
    text = statistics.read_text() if statistics.exists() else ""
    if statistics.exists():
        statistics.unlink()
    return done.returncode, done.stdout, done.stderr, text, time.monotonic() - began


@pytest.mark.parametrize("answer", list(ANSWERS))
def test_40_u01_io_uring_refused(grove, interpreter, tree, answer):
    prefix = [sys.executable, "-c", WRAPPED % (str(FILTER.parent), ANSWERS[answer])]
    for lane in (each for each in grove.lanes if each.name in ("stock", POOLS)):
        status, stdout, stderr, text, _ = run(
            lane, interpreter, tree, prefix, IMPORTAHEAD_BACKEND=""
        )
        assert (status, stdout, stderr) == (0, b"39\n", b""), lane.name
        if lane.hooked:
            assert '"threads"' in text, text


def test_40_on_one_processor(grove, interpreter, tree):
    if not shutil.which("taskset"):
        pytest.skip("taskset is not installed")
    first = min(os.sched_getaffinity(0))
    for lane in grove.lanes:
        status, stdout, stderr, _, _ = run(lane, interpreter, tree, ["taskset", "-c", str(first)])
        assert (status, stdout, stderr) == (0, b"39\n", b""), lane.name


FAULTS = [
    "io_uring_setup:error=EMFILE",
    "io_uring_setup:error=EINVAL:when=1",
    "io_uring_register:error=EINVAL",
    "io_uring_enter:error=EINTR:when=1+2",
    "io_uring_enter:error=EBUSY:when=2",
    "io_uring_enter:error=ENOMEM:when=3+",
    "clone3,clone:error=EAGAIN",
    "close_range,unshare:error=EPERM",
    "openat:error=EMFILE:when=60+3",
    "pread64:error=EIO:when=3+2",
    "statx:error=EIO",
    "getdents64:error=EIO:when=4",
    "madvise:error=EINVAL",
    "prctl:error=EINVAL",
    "futex:error=EINTR:when=2",
    "eventfd2:error=ENFILE",
]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("lane_name", [URING, POOLS])
def test_u04_failing_system_calls(grove, interpreter, tree, fault, lane_name):
    """No crash and no wrong byte; calls of the program itself may fail and say so."""
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    lane = next(each for each in grove.lanes if each.name == lane_name)
    prefix = ["strace", "-f", "-o", "/dev/null", "-e", "trace=none", "-e", "inject=" + fault]
    status, stdout, stderr, _, _ = run(lane, interpreter, tree, prefix)
    if b"ptrace" in stderr or (b"invalid" in stderr.lower() and not stdout):
        pytest.skip("strace cannot do this here: %s" % stderr[:80])
    if status == 0:
        assert stdout == b"39\n"
    else:
        assert status in (1, 120) and b"Error" in stderr, (status, stderr)


def test_f15_the_extension_brings_nothing_along(grove):
    found = list(grove.hook.glob("importahead/_importahead*.so"))
    if not found:
        pytest.skip("a hook without an extension")
    for tool in ("nm", "readelf"):
        if not shutil.which(tool):
            pytest.skip("%s is not installed" % tool)
    exported = subprocess.run(
        ["nm", "-D", "--defined-only", found[0]], capture_output=True, text=True
    )
    # An upper-case letter means that others can see the symbol.
    lines = [line.split()[1:] for line in exported.stdout.splitlines()]
    names = [name.split("@")[0] for kind, name in lines if kind.isupper()]
    assert names == ["PyInit__importahead"]
    dynamic = subprocess.run(["readelf", "-dl", found[0]], capture_output=True, text=True).stdout
    needed = [line.split("[")[1].rstrip("]") for line in dynamic.splitlines() if "NEEDED" in line]
    assert set(needed) <= {"libc.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}, needed
    assert " TLS " not in dynamic, "a thread-local segment can exhaust the static TLS block"


@pytest.mark.parametrize("library", ["libjemalloc.so.2", "libmimalloc.so.2", "libtcmalloc.so.4"])
def test_f16_under_another_allocator(grove, interpreter, tree, library):
    try:
        ctypes.CDLL(library)
    except OSError:
        pytest.skip("%s is not installed" % library)
    for lane in grove.lanes:
        status, stdout, stderr, _, _ = run(lane, interpreter, tree, LD_PRELOAD=library)
        assert (status, stdout, stderr) == (0, b"39\n", b""), lane.name


def test_f12_an_entry_that_hangs(grove, interpreter, tmp_path):
    """A hung folder delays neither other imports nor the exit (here: a FUSE mount nobody serves)."""
    mount = hung_mount(tmp_path / "hung")
    try:
        (tmp_path / "main.py").write_text(
            "import sys\nsys.path.append('hung')\nimport json\nprint(1)\n"
        )
        for lane in grove.lanes:
            status, stdout, stderr, _, seconds = run(
                lane, interpreter, tmp_path, PYTHONPATH="", IMPORTAHEAD_DEBUG=""
            )
            assert (status, stdout, stderr) == (0, b"1\n", b""), lane.name
            assert seconds < 20, lane.name
    finally:
        mount()


def test_38_s07_a_program_with_capabilities_gets_nothing(grove, interpreter, tree):
    """AT_SECURE is set for a program with file capabilities: no session there."""
    if not shutil.which("setcap") or os.getuid() != 0:
        pytest.skip("setcap is not here, or we may not use it")
    lane = grove.lanes[-1]
    folder = lane.environment(interpreter, "pth") / "bin"
    privileged = folder / "python-privileged"
    shutil.copy(os.path.realpath(folder / "python"), privileged)
    try:
        if subprocess.run(["setcap", "cap_net_raw+ep", privileged], capture_output=True).returncode:
            pytest.skip("capabilities cannot be set on this file system")
        os.chmod(tree, 0o755)
        program = "import importahead, m39; print(importahead.stats()['backend'], m39.value)"
        drop = ["setpriv", "--reuid=65533", "--clear-groups"]
        done = subprocess.run(
            [*drop, privileged, "-c", program], cwd=tree, capture_output=True, env=lane.variables()
        )
        if b"Permission denied" in done.stderr or b"shared libraries" in done.stderr:
            pytest.skip("another user cannot run this interpreter")
        assert done.stdout == b"none 39\n", done
    finally:
        privileged.unlink()


@case(files=FILES, body=BODY + "import json, email.message\n", served=True, known=True)
def test_u07_s11_both_back_ends_and_stock_give_the_same(outcome):
    backends = {run.lane: run.statistics["backend"] for run in outcome.hooked()}
    assert backends[POOLS] in ("threads", "mock")


def test_18_f11_the_exit_is_not_delayed(grove, interpreter, tree):
    """Leaving at once, with everything in flight, costs about what it costs in stock."""
    medians = {}
    for lane in grove.lanes:
        times = sorted(
            run(lane, interpreter, tree, suffix=("-c", "import m00, os; os._exit(0)"))[-1]
            for _ in range(9)
        )
        medians[lane.name] = times[4]
    for seconds in medians.values():
        assert seconds < medians["stock"] + 0.15, medians


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_f11_killed_while_importing(grove, interpreter, tmp_path, number):
    for index in range(200):
        (tmp_path / ("n%03d.py" % index)).write_text("value = 1\n")
    text = "".join("import n%03d\n" % index for index in range(200))
    (tmp_path / "main.py").write_text(
        "import os\nos.write(1, b'x')\n" + text + "import time\ntime.sleep(9)\n"
    )

    def interrupted(lane):
        process = subprocess.Popen(
            [lane.python(interpreter), "-B", "main.py"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], **lane.variables()},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A shell that starts us in the background has had SIGINT ignored.
            preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
        )
        process.stdout.read(1)
        process.send_signal(number)
        errors = process.communicate(timeout=20)[1]
        # The callback that ends each import is Python code whose exceptions CPython prints and
        # ignores: an interrupt that comes just then is lost, in stock too.
        is_lost = b"ignored" in errors and b"_get_module_lock" in errors
        return None if is_lost else process.returncode

    statuses = set()
    for lane in grove.lanes:
        tries = (interrupted(lane) for _ in range(5))
        statuses.add(next((status for status in tries if status is not None), "always lost"))
    assert len(statuses) == 1, statuses


@case(
    files={"late.py": "value = 'late'\n"},
    body="import late\nprint(late.value)\n",
    prepare=lambda root, interpreter, python: None,
    environment={"MALLOC_ARENA_MAX": "1", "MALLOC_PERTURB_": "165"},
)
def test_s12_memory_that_is_not_clean(outcome):
    assert outcome.text == "late\n"

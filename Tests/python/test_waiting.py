"""Nobody waits for what stock would not wait for: hung homes, hung modules, dead threads (D)."""

import os
import platform
import signal
import time

import pytest
from profiled import is_built
from stalled import BACKENDS, STALL, finish

pytestmark = [is_built, pytest.mark.parametrize("backend", BACKENDS)]

REPORT = """
import importahead, json, os, sys
print(json.dumps([os.getpid(), len(sys.modules), importahead.stats()]))
"""


def program(tmp_path, text):
    """A program on a local disk."""
    path = tmp_path / "main.py"
    path.write_text(text)
    aged = time.time() - 3600
    os.utime(path, (aged, aged))
    return path


@pytest.mark.parametrize("operation", ["*", "getattr", "open"])
def test_a_hung_home_holds_up_nothing(stalled, tmp_path, backend, operation):
    for number in range(20):
        (tmp_path / ("local%d.py" % number)).write_text("")
    imports = "".join("import local%d\n" % number for number in range(20))
    script = program(tmp_path, imports + REPORT)
    home = stalled.mount / "home"
    with stalled.stall("%s /home %d" % (operation, STALL)):
        process = stalled.start(
            script, IMPORTAHEAD_BACKEND=backend, IMPORTAHEAD_PROFILE="", HOME=str(home)
        )
        (pid, _, stats), error = finish(process)
        asked = stalled.requests()
    assert process.returncode == 0, error
    assert stats["profile"] == "none"
    # The importing thread asked the server for nothing.
    assert pid not in {thread for _, thread, path in asked if path.startswith("/home")}


def test_a_slow_home_is_read_beside_the_program_and_not_written_to(stalled, tmp_path, backend):
    script = program(tmp_path, "import json, csv, email.message\n" + REPORT)
    with stalled.stall("* /home 1"):
        process = stalled.start(
            script,
            IMPORTAHEAD_BACKEND=backend,
            IMPORTAHEAD_PROFILE="",
            HOME=str(stalled.mount / "home"),
        )
        (pid, _, _), error = finish(process)
        asked = [each for each in stalled.requests() if each[2].startswith("/home")]
    assert process.returncode == 0, error
    assert pid not in {thread for _, thread, _ in asked}
    # No more than a look for a profile: a writer would make a directory.
    assert len(asked) < 8


def test_an_interrupt_is_heard_while_a_module_hangs(stalled, backend):
    stalled.write("app/hanging.py", "import m00, m01\n")
    stalled.write("app/main.py", "import hanging\n")
    with stalled.stall("open hanging %d" % STALL):
        process = stalled.start(stalled.mount / "app" / "main.py", IMPORTAHEAD_BACKEND=backend)
        stalled.wait_for("open", "/app/hanging.py")
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, error = finish(process)
    assert process.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in error


def test_a_signal_handler_that_returns_goes_on_waiting(stalled, backend):
    stalled.write("app/late.py", "value = 7\n")
    body = "import signal, sys\nheard = []\nsignal.signal(signal.SIGUSR1, lambda *_: heard.append(1))\n"
    stalled.write("app/handler.py", body + "import late\nprint([heard, late.value])\n")
    with stalled.stall("open late %d" % STALL):
        process = stalled.start(stalled.mount / "app" / "handler.py", IMPORTAHEAD_BACKEND=backend)
        stalled.wait_for("open", "/app/late.py")
        time.sleep(0.5)
        process.send_signal(signal.SIGUSR1)
        time.sleep(0.5)
        assert process.poll() is None
        process.kill()
        process.communicate()
    stalled.write("app/late.py", "value = 7\n")
    with stalled.stall("open late 1"):
        process = stalled.start(stalled.mount / "app" / "handler.py", IMPORTAHEAD_BACKEND=backend)
        found, error = finish(process)
    assert found == [[], 7], error


def test_modules_that_hang_hold_up_no_other(stalled, backend):
    for number in range(48):
        stalled.write("app/hung%02d.py" % number, "")
    # Planned, since nobody can tell that they are not needed.
    hung = "if len(sys.argv) > 3:\n" + "".join("    import hung%02d\n" % n for n in range(48))
    rest = "import importlib, time\ntime.sleep(1)\n" + "".join(
        "importlib.import_module('m' + '%02d')\n" % number for number in range(20)
    )
    stalled.write("app/many.py", "import sys\n" + hung + rest + REPORT)
    with stalled.stall("open hung %d" % STALL):
        process = stalled.start(stalled.mount / "app" / "many.py", IMPORTAHEAD_BACKEND=backend)
        _, error = finish(process)
    assert process.returncode == 0, error


# A filter that kills one thread at one system call, for every thread that there is.
FILTER = """
import ctypes, struct
def kill_threads_at(number):
    code = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0), (0x06, 0, 0, 0x7FFF0000)]
    body = b"".join(struct.pack("HBBI", *each) for each in code)
    buffer = ctypes.create_string_buffer(body)
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    program = struct.pack("HxxxxxxQ", len(code), ctypes.addressof(buffer))
    assert libc.syscall(317, 1, 1, program) == 0, ctypes.get_errno()
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="knows the numbers of one machine only")
def test_a_thread_that_is_killed_is_missed_at_once(stalled, backend):
    if backend == "io_uring":
        pytest.skip("a ring makes no system call for a read")
    stalled.write("app/victim.py", "import m30\n")
    stalled.write("app/last.py", FILTER + "kill_threads_at(17)\nimport victim\n" + REPORT)
    # The worker opens the file before there is a filter, and reads it after.
    with stalled.stall("open victim 2", "getattr victim 0"):
        process = stalled.start(
            stalled.mount / "app" / "last.py",
            IMPORTAHEAD_BACKEND=backend,
            PYTHONDONTWRITEBYTECODE="1",
        )
        (_, _, stats), error = finish(process)
    assert process.returncode == 0, error
    assert stats["misses"] > 0


def test_what_is_written_at_the_end_is_not_waited_for(stalled, tmp_path, backend):
    # The home answers when the program starts and hangs when it ends.
    script = program(tmp_path, "import json, time\ntime.sleep(1.5)\n" + REPORT)
    process = stalled.start(
        script,
        IMPORTAHEAD_BACKEND=backend,
        IMPORTAHEAD_PROFILE="",
        HOME=str(stalled.mount / "home"),
    )
    time.sleep(0.75)
    with stalled.stall("* /home %d" % STALL):
        _, error = finish(process)
    assert process.returncode == 0, error

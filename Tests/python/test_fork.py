"""Forks, other programs and every way to end (cases 33, 37, F01, F02, F11)."""

import pytest
from oracle import Case, case
from samples import MANY_FILES as FILES

pytestmark = [pytest.mark.part("process"), pytest.mark.kind("source")]


@case(
    files=FILES,
    body="""
    import os
    pid = os.fork()
    if pid == 0:
        import many
        print('child', many.m119.value, flush=True)
        os._exit(3)
    print('parent', os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    import many
    print(many.m119.value)
    """,
    flags=("-Walways",),
    ignored=("events",),
    pause=0,
)
def test_f01_f02_fork_while_prefetching(outcome):
    assert outcome.stock.stderr == b""
    assert outcome.text == "child 119\nparent 3\n119\n"


@case(
    files=FILES,
    body="""
    import os, sys
    for number in range(30):
        pid = os.fork()
        if pid == 0:
            __import__('many.m%03d' % number)
            import pkg.a
            os._exit(number)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == number
        __import__('many.m%03d' % (number + 60))
    print('done', len([name for name in sys.modules if name.startswith('many')]))
    """,
    flags=("-Werror",),
    ignored=("events",),
)
def test_33_f01_a_storm_of_forks(outcome):
    assert outcome.text.startswith("done")


@case(
    files=FILES,
    body="""
    import ctypes, os
    libc = ctypes.CDLL(None)
    pid = libc.fork()
    import many
    if pid == 0:
        libc._exit(many.m005.value)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), many.m119.value)
    """,
)
def test_f01_a_fork_from_c(outcome):
    assert outcome.text == "5 119\n"


@case(
    files=FILES,
    body="""
    import os, sys
    pid = os.fork()
    if pid == 0:
        pid = os.fork()
        if pid == 0:
            import many, json
            sys.stdout.write('grandchild %d\\n' % many.m100.value)
            sys.stdout.flush()
            os._exit(0)
        os.waitpid(pid, 0)
        import many.m001, mod
        os._exit(0)
    # Later on the parent's session goes on.
    threads = len(os.listdir('/proc/self/task'))
    os.waitpid(pid, 0)
    import many
    print(many.m000.value, threads)
    """,
    ignored=("events",),
    pause=0,
)
def test_f02_grandchildren(outcome):
    assert outcome.text == "grandchild 100\n0 1\n"


@case(
    files=FILES,
    body="""
    import os, subprocess, sys
    print(subprocess.run([sys.executable, '-c', 'import many; print(many.m007.value)'],
                         capture_output=True).stdout)
    print(subprocess.run(['cat'], input=b'through a pipe', capture_output=True).stdout)
    print(os.system('exit 3'), os.popen('echo shell').read())
    pid = os.posix_spawn(sys.executable, [sys.executable, '-c', 'import many'], os.environ)
    print(os.waitpid(pid, 0)[1])
    import many
    print(many.m119.value)
    """,
    flags=("-Walways",),
    ignored=("events",),
)
def test_33_subprocesses_of_every_kind(outcome):
    assert "through a pipe" in outcome.text


@case(
    files=FILES,
    body="""
    import os, sys
    if len(sys.argv) == 1:
        import many.m000
        os.execv(sys.executable, [sys.executable, 'main.py', 'again'])
    import many
    print(sorted(int(n) for n in os.listdir('/proc/self/fd')), many.m119.value)
    """,
)
def test_37_exec_while_prefetching(outcome):
    assert outcome.text.startswith("[0, 1, 2, 3]")


EXITS = {
    "at once": "import os\nos._exit(4)\n",
    "sys.exit": "import sys, mod\nsys.exit(5)\n",
    "uncaught": "import mod\nraise KeyError('uncaught')\n",
    "in the middle": "import many.m000\nraise SystemExit('message')\n",
    "os._exit later": "import os, many\nos._exit(6)\n",
    "killed": "import os, signal, mod\nos.kill(os.getpid(), signal.SIGKILL)\n",
    "terminated": "import os, signal, mod\nos.kill(os.getpid(), signal.SIGTERM)\n",
    "aborted": "import os, mod\nos.abort()\n",
    "interrupted": "import os, signal, mod\nos.kill(os.getpid(), signal.SIGINT)\nimport many\n",
    "daemon thread": "import threading, time, mod\n"
    "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n",
    "thread importing": "import threading\n"
    "threading.Thread(target=__import__, args=('many',), daemon=True).start()\n",
    "atexit imports": "import atexit, mod\natexit.register(lambda: print(__import__('many').m003))\n",
    "raises at exit": "import atexit, mod\natexit.register(lambda: 1 / 0)\n",
    "empty": "",
    "fork and leave": "import os, mod\nif os.fork():\n    os._exit(0)\n",
}


def _exits():
    for name, body in EXITS.items():
        ignored = (
            ("events", "descriptors", "modules", "finders") if "thread" in name else ("events",)
        )
        made = Case(files=FILES, body=body, recorded=False, ignored=ignored, pause=0)
        yield pytest.param(made, id=name.replace(" ", "-"))


@pytest.mark.parametrize("case", list(_exits()))
def test_37_f11_every_way_to_end(outcome, case):
    assert outcome.stock.status != "timeout"

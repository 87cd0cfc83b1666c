"""Threads, forks, signals, descriptors and exits (cases 33-37, 41, F1-F14, U3, U9, I20, I21)."""

import os
import shutil
import subprocess

import pytest
from oracle import Case, case

pytestmark = [pytest.mark.part("process"), pytest.mark.kind("source")]

MANY = {"many/m%03d.py" % number: "value = %d\n" % number for number in range(120)}
FILES = {
    **MANY,
    "many/__init__.py": "".join("from . import m%03d\n" % number for number in range(120)),
    "mod.py": "value = 'mod'\n",
    "pkg/__init__.py": "from . import a\n",
    "pkg/a.py": "value = 'a'\n",
}
THREADS = "def threads():\n    return len(__import__('os').listdir('/proc/self/task'))\n"


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
    os.waitpid(pid, 0)
    import many
    print(many.m000.value, len(os.listdir('/proc/self/task')))
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


@case(
    files=FILES,
    body="""
    import signal, os, mod
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    os.kill(os.getpid(), signal.SIGUSR1)
    print(signal.sigwait({signal.SIGUSR1}))
    got = []
    signal.signal(signal.SIGALRM, lambda number, frame: got.append(frame.f_code.co_name))
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    import time
    time.sleep(0.05)
    import many
    print(got, signal.getitimer(signal.ITIMER_REAL))
    print([signal.getsignal(number) is not None for number in (1, 2, 10, 12, 15, 17)])
    """,
)
def test_f05_signals_reach_the_program(outcome):
    assert "<module>" in outcome.text


@case(
    files=FILES,
    body="""
    import signal, os, sys
    signal.signal(signal.SIGALRM, lambda *args: None)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    import many, mod, pkg.a, json, email.message, http.client
    signal.setitimer(signal.ITIMER_REAL, 0)
    print(many.m119.value, len(sys.modules) > 50)
    """,
)
def test_f05_imports_interrupted_by_signals(outcome):
    assert outcome.text == "119 True\n"


@case(
    files=FILES,
    body="""
    import os
    print(os.open('mod.py', os.O_RDONLY))
    os.closerange(3, 200)
    import many
    print(os.open('mod.py', os.O_RDONLY), sorted(os.listdir('/proc/self/fd')))
    import pkg.a
    print(os.dup(0))
    """,
    ignored=("descriptors",),
)
def test_f07_descriptor_numbers_are_those_of_stock(outcome):
    assert outcome.text.startswith("3\n3 ")


@case(
    files=FILES,
    body="""
    import os, select, subprocess, sys
    reader, writer = os.pipe()
    import many.m000
    os.close(writer)
    print(select.select([reader], [], [], 5)[0] == [reader], os.read(reader, 1))
    import many
    """,
)
def test_f08_no_copy_of_the_programs_pipes_is_kept(outcome):
    assert outcome.text == "True b''\n"


def test_f08_standard_input_is_not_held(grove, interpreter, tmp_path):
    """The reader of our output sees its end as soon as the program closes it."""
    (tmp_path / "main.py").write_text(
        "import os\nos.close(1)\nos.close(2)\nimport json, time\ntime.sleep(3)\n"
    )
    for lane in grove.lanes:
        process = subprocess.Popen(
            [lane.python(interpreter), "main.py"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], **lane.variables()},
            stdout=subprocess.PIPE,
        )
        import time

        began = time.monotonic()
        assert process.stdout.read() == b""
        waited = time.monotonic() - began
        process.kill()
        process.wait()
        process.stdout.close()
        assert waited < 2.5, lane.name


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give its rights away")
@case(
    files={
        **FILES,
        "first.py": "import os\nos.setgid(65534)\nos.setuid(65534)\n",
        "secret.py": "value = 1\n",
    },
    body="""
    import first
    try:
        import secret
        print(secret.value)
    except Exception as error:
        print(type(error).__name__, error)
    """,
    prepare=lambda root, interpreter, python: [
        *[os.chmod(path, 0o600) for path in root.rglob("*secret*.py*")],
        *[os.chmod(path, 0o755) for path in (root, root.parent, root / "__pycache__")],
    ],
    recorded=False,
)
def test_f09_rights_given_away_between_prefetch_and_import(outcome):
    assert "PermissionError" in outcome.text


@pytest.mark.skipif(os.getuid() != 0, reason="only root may change the root folder")
@case(
    files={
        **FILES,
        "first.py": "import os\nos.chroot(os.getcwd() + '/jail')\nos.chdir('/')\n",
        "jail/x": "",
    },
    body="""
    import first, sys
    sys.path.insert(0, '/')
    try:
        import mod
        print('found', mod.value)
    except ImportError as error:
        print(error)
    """,
    recorded=False,
)
def test_f09_another_root_folder(outcome):
    assert "No module named" in outcome.text


@case(
    files={**FILES, "sub/other.py": "value = 'of sub'\n", "sub/mod.py": "value = 'of sub'\n"},
    body="""
    import sys
    sys.path[0] = ''
    import pkg
    import os
    os.chdir('sub')
    import mod, other
    print(mod.value, other.value)
    """,
)
def test_f10_the_working_directory_changes_during_the_prefetch(outcome):
    assert outcome.text == "of sub of sub\n"


@case(
    files=FILES,
    body="""
    import time, os, many
    time.sleep(0.4)
    print(len(os.listdir('/proc/self/task')), open('/proc/self/stat').read().split()[19])
    """,
)
def test_u09_one_thread_remains_when_the_work_is_done(outcome):
    assert outcome.text == "1 1\n"


@case(
    files=FILES,
    body="""
    import resource, subprocess, sys
    import many
    print(resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrlimit(resource.RLIMIT_MEMLOCK))
    code = 'import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE))'
    print(subprocess.run([sys.executable, '-S', '-c', code], capture_output=True).stdout)
    """,
)
def test_u03_limits_stay_as_they_were(outcome):
    assert outcome.text


LIMITS = {
    "nofile 5": ("--nofile=5", "--nofile=5:5"),
    "nofile 16": ("--nofile=16",),
    "nofile 40": ("--nofile=40",),
    "memlock 0": ("--memlock=0",),
    "memlock 8K": ("--memlock=8192",),
    "memlock 64K": ("--memlock=65536",),
    "stack 256K": ("--stack=262144",),
    "memory 120M": ("--as=125829120",),
    "memory 60M": ("--as=62914560",),
    "core 0": ("--core=0",),
    "processes 1": ("--nproc=1",),
}


@pytest.mark.parametrize("limit", list(LIMITS))
def test_u02_f13_under_resource_limits(grove, interpreter, limit, tmp_path):
    if not shutil.which("prlimit"):
        pytest.skip("prlimit is not installed")
    for number in range(60):
        (tmp_path / ("m%02d.py" % number)).write_text("value = %d\n" % number)
    text = "".join("import m%02d\n" % number for number in range(60)) + "print(m59.value)\n"
    (tmp_path / "main.py").write_text(text)
    os.chmod(tmp_path, 0o777)
    outcomes = set()
    for lane in grove.lanes:
        drop = []
        if limit.startswith("processes") and os.getuid() == 0 and shutil.which("setpriv"):
            drop = ["setpriv", "--reuid=65533", "--clear-groups"]
            readable = subprocess.run(
                [*drop, lane.python(interpreter), "-c", ""], capture_output=True
            )
            if readable.returncode:
                pytest.skip("another user cannot run this interpreter")
        run = subprocess.run(
            ["prlimit", LIMITS[limit][0], *drop, lane.python(interpreter), "-B", "main.py"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], **lane.variables()},
            capture_output=True,
            timeout=60,
        )
        outcomes.add((run.returncode, run.stdout, run.stderr.replace(bytes(lane.root), b"")))
    assert len(outcomes) == 1, outcomes


@case(
    files={"odd/p/__init__.py": "", "odd/plain.py": "value = 'plain'\n"},
    body="""
    import sys
    sys.path.insert(0, sys.path[0] + '/odd')
    import plain
    for name in ('fifo', 'socket', 'device', 'folder', 'loop'):
        try:
            __import__(name)
        except Exception as error:
            print(name, type(error).__name__, error)
    print(plain.value)
    """,
    prepare=lambda root, interpreter, python: [
        os.mkfifo(root / "odd" / "socket.pyc"),
        os.symlink("/dev/null", root / "odd" / "device.py"),
        os.mkdir(root / "odd" / "folder.py"),
        os.symlink("loop.py", root / "odd" / "loop.py"),
    ],
)
def test_u06_special_files_on_the_path(outcome):
    assert "plain" in outcome.text


@case(
    files={"fifo/keep.py": "value = 1\n"},
    body="""
    import sys, os, threading
    sys.path.insert(0, sys.path[0] + '/fifo')
    import keep
    print(keep.value)
    """,
    prepare=lambda root, interpreter, python: (
        [os.mkfifo(root / "fifo" / ("m%d.py" % number)) for number in range(5)]
        + [os.mkfifo(root / "fifo" / "__pycache__" / ("m%d.pyc" % number)) for number in range(5)]
    ),
)
def test_u06_fifos_beside_modules_never_block(outcome):
    assert outcome.text == "1\n"


@case(
    files={
        **FILES,
        **{name.replace("many/", "flat/"): text for name, text in MANY.items()},
        **{"c%d.py" % n: "import c%d, time\nvalue = %d\n" % ((n + 1) % 12, n) for n in range(12)},
    },
    body="""
    import threading, sys, importlib
    names = ['flat.m%03d' % n for n in range(120)] + ['c%d' % n for n in range(12)] + ['json', 'pkg.a']
    failures, barrier = [], threading.Barrier(32)
    def work(number):
        barrier.wait()
        for name in names[number:] + names[:number]:
            try:
                importlib.import_module(name)
            except BaseException as error:
                failures.append((name, repr(error)))
    threads = [threading.Thread(target=work, args=(n * 4,)) for n in range(32)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    print(failures, sum(sys.modules['flat.m%03d' % n].value for n in range(120)))
    """,
    ignored=("modules", "events", "finders"),
)
def test_36_i20_many_threads_import_at_once(outcome):
    assert outcome.text == "[] 7140\n"


SUBINTERPRETER = """
import sys
try:
    import _interpreters as interpreters
    run = lambda made, code: interpreters.run_string(made, code)
    create, destroy = interpreters.create, interpreters.destroy
except ImportError:
    import _xxsubinterpreters as interpreters
    run = lambda made, code: interpreters.run_string(made, code)
    create, destroy = interpreters.create, interpreters.destroy
"""


@case(
    files={**FILES, "sub.py": SUBINTERPRETER},
    body="""
    import mod, sub
    code = '''if True:
        import sys, os
        sys.path.insert(0, os.getcwd())
        import many, json, pkg.a
        assert many.m119.value == 119
        with open('out', 'a') as stream:
            stream.write(type(many.__loader__).__name__ + ' ')
            stream.write(str(any('Prefetched' in type(f).__name__ and not f.path
                                 for f in sys.path_importer_cache.values() if f)))
    '''
    for number in range(4):
        made = sub.create()
        print(sub.run(made, code))
        sub.destroy(made)
    import many
    print(many.m119.value, open('out').read())
    """,
    ignored=("events",),
)
def test_34_i21_subinterpreters(outcome):
    assert "SourceFileLoader" in outcome.text


@case(
    files={**FILES, "sub.py": SUBINTERPRETER},
    body="""
    import sub, threading
    def work():
        made = sub.create()
        sub.run(made, "import sys, os; sys.path.insert(0, os.getcwd()); import many, json")
        sub.destroy(made)
    threads = [threading.Thread(target=work) for _ in range(4)]
    [thread.start() for thread in threads]
    import many
    [thread.join() for thread in threads]
    print(many.m119.value)
    """,
    ignored=("events",),
)
def test_34_subinterpreters_in_threads(outcome):
    assert outcome.text == "119\n"


@pytest.mark.skipif(os.getuid() != 0, reason="needs the right to unshare")
@case(
    files=FILES,
    body="""
    import ctypes, time, many
    time.sleep(0.4)
    libc = ctypes.CDLL(None, use_errno=True)
    print(libc.unshare(0x10000000) and ctypes.get_errno())
    """,
    recorded=False,
)
def test_f06_unshare_works_once_the_work_is_done(outcome):
    assert outcome.text == "0\n"


@case(
    files={"m%d.py" % n: "value = '%s'\n" % ("x" * 60000) for n in range(60)},
    body="\n".join("import m%d" % n for n in range(60))
    + """
import sys, gc
for name in [name for name in sys.modules if name.startswith('m') and name[1:].isdigit()]:
    del sys.modules[name]
gc.collect()
rss = int(open('/proc/self/statm').read().split()[1]) * 4096
print('resident is bounded', rss < 60 * 2**20)
""",
)
def test_41_memory_is_given_back(outcome):
    assert outcome.text == "resident is bounded True\n"

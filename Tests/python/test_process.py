"""Signals, descriptors, rights, limits and special files (cases F05-F10, U02-U09)."""

import os
import shutil
import subprocess

import pytest
from oracle import case
from samples import MANY_FILES as FILES

pytestmark = [pytest.mark.part("process"), pytest.mark.kind("source")]


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

"""What reads ahead before there is an interpreter is nobody's business: it has ended by then."""

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hung import hung_mount
from launched import environment, run

WALL = 0x40000000
PR_SET_CHILD_SUBREAPER = 36
# A program that reads nothing but its own interpreter, and tells who its relatives are.
RELATIVES = f"""#!{sys.executable} -IS
import os, signal
def children(options):
    try:
        return os.waitpid(-1, os.WNOHANG | options)
    except ChildProcessError:
        return "none"
print(os.getpid() == 1, children(0), children({WALL}), signal.sigpending())
"""
ALONE = "none none set()\n"
# Tells, besides, whether a process that it did not start has become its own.
REAPER = """
import ctypes, os, subprocess, sys, time
ctypes.CDLL(None).prctl(%d, 1)
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True)
end = time.monotonic() + 0.5
stranger = "none"
while stranger == "none" and time.monotonic() < end:
    try:
        stranger = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        time.sleep(0.02)
print(done.stdout.strip(), "|", stranger)
"""


def children(process):
    """The children of a process."""
    try:
        return [
            int(each)
            for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()
        ]
    except OSError:
        return []


def has_ended(descriptor, seconds=20):
    """Whether a process ends soon."""
    return bool(select.select([descriptor], [], [], seconds)[0])


@pytest.fixture
def held(started):
    """The program, with an entry of its path where nobody answers."""
    end = hung_mount(started.entry)
    yield started
    end()


def begun(started):
    """A launcher that has been stopped while it waits, and its reader."""
    started.write("#!/bin/sh\n")
    for _ in range(20):
        started.chill()
        command = [str(word) for word in started.command]
        launcher = subprocess.Popen(command, env=environment(**started.variables))
        end = time.monotonic() + 20
        while not (found := children(launcher.pid)) and launcher.poll() is None:
            assert time.monotonic() < end
        launcher.send_signal(signal.SIGSTOP)
        # It waits on a clock: on a busy machine it may have become the program meanwhile.
        if found and launcher.poll() is None and children(launcher.pid) == found:
            name = Path(f"/proc/{found[0]}/comm").read_text()
            # Gone already, or not yet itself.
            while name and os.readlink(f"/proc/{found[0]}/cwd") != "/":
                time.sleep(0.001)
            return launcher, found[0]
        launcher.kill()
        launcher.wait()
    pytest.skip("this machine is too busy to see it")


def test_the_program_has_no_child_and_no_signal(started):
    started.chill()
    done = started(RELATIVES)
    assert (done.stdout, done.stderr) == ("False " + ALONE, "")


def test_a_caller_that_blocks_sigchld_finds_none_pending(started):
    started.chill()
    started.write(RELATIVES)
    blocked = "import os, signal, sys; signal.pthread_sigmask(0, [signal.SIGCHLD]); "
    become = "os.execv(sys.argv[1], sys.argv[1:])"
    done = run(sys.executable, "-c", blocked + become, *started.command, **started.variables)
    assert (done.stdout, done.stderr) == ("False " + ALONE, "")


def test_whoever_reaps_orphans_meets_no_stranger(started):
    started.chill()
    started.write(RELATIVES)
    reaper = REAPER % PR_SET_CHILD_SUBREAPER
    done = run(sys.executable, "-c", reaper, *started.command, **started.variables)
    assert (done.stdout, done.stderr) == (f"False {ALONE.strip()} | none\n", "")


def test_a_program_that_is_process_1_or_a_reaper_has_no_child(started):
    started.write(RELATIVES)
    tools = [["unshare", "-pf", "--mount-proc"]]
    become = "import ctypes, os, sys; ctypes.CDLL(None).prctl(%d, 1); " % PR_SET_CHILD_SUBREAPER
    tools.append([sys.executable, "-c", become + "os.execv(sys.argv[1], sys.argv[1:])"])
    for tool in tools:
        if run(*tool, "/bin/true").returncode:
            pytest.skip(f"{tool[0]} cannot do this here")
        started.chill()
        done = run(*tool, *started.command, **started.variables)
        assert (done.stdout, done.stderr) == (f"{tool is tools[0]} {ALONE}", "")


def test_a_namespace_that_waits_for_its_first_process_is_left_to_the_program(started):
    """With the end of its process 1 no other process can be made in it."""
    if run("unshare", "-p", "/bin/true").returncode:
        pytest.skip("unshare cannot do this here")
    program = "import subprocess; print(subprocess.run(['echo', 'first']).returncode, flush=True)"
    started.chill()
    started.write(f"#!{sys.executable} -IS\n{program}\n")
    done = run("unshare", "-p", *started.command, **started.variables)
    assert (done.stdout, done.stderr) == ("first\n0\n", "")


@pytest.mark.parametrize("hears", [False, True])
@pytest.mark.parametrize("place", ["entry", "home"])
def test_a_server_that_does_not_answer_holds_up_nobody(started, tmp_path, place, hears):
    """Neither for long where the program does not ask it, nor by a child that the program can find."""
    started.write(RELATIVES)
    started.chill()
    variables = {"XDG_CACHE_HOME": str(tmp_path / "home")} if place == "home" else {}
    end = hung_mount(tmp_path / place, hears)
    try:
        begin = time.monotonic()
        done = started(**variables)
        assert (done.stdout.split(" ")[:2], done.stderr) == (["False", "none"], "")
        # Who has been heard, and not answered, cannot be ended; no common wait finds it.
        assert hears or done.stdout == "False " + ALONE
        assert done.stdout.endswith(" set()\n")
        assert time.monotonic() - begin < 20
    finally:
        end()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_whoever_it_reads_for(held, number):
    launcher, reader = begun(held)
    descriptor = os.pidfd_open(reader)
    try:
        launcher.send_signal(number)
        launcher.send_signal(signal.SIGCONT)
        assert launcher.wait(20) == -number
        assert has_ended(descriptor)
    finally:
        os.close(descriptor)


def test_it_has_a_name_of_its_own_and_keeps_nothing_open(held):
    launcher, reader = begun(held)
    try:
        place = Path(f"/proc/{reader}")
        assert (place / "comm").read_text() == "importahead\n"
        words = (place / "cmdline").read_bytes()
        assert words.rstrip(b"\0") == b"importahead: reading ahead"
        end = time.monotonic() + 20
        while os.listdir(place / "fd") != ["0"] and time.monotonic() < end:
            time.sleep(0.01)
        assert os.listdir(place / "fd") == ["0"]
        assert os.readlink(place / "fd" / "0").startswith("pipe:")
        # It is stopped and ended with the program, by whoever does that to the group.
        assert os.getpgid(reader) == os.getpgid(launcher.pid)
    finally:
        launcher.kill()
        launcher.wait()


def test_a_file_system_can_be_unmounted_when_the_program_has_ended(tmp_path):
    """The program, the launcher and all that it reads lie on it, and were never read before."""
    if os.getuid() or not shutil.which("mkfs.ext4"):
        pytest.skip("this needs root and mkfs.ext4")
    image, place = tmp_path / "image", tmp_path / "place"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(64 << 20)
    script = Path(__file__).with_name("launched.py").parent
    prepare = (
        f"import sys; sys.path.insert(0, {str(script)!r}); from pathlib import Path\n"
        f"from launched import Started; made = Started(Path({str(place)!r}))\n"
        "made.write('#!/bin/sh\\n')"
    )
    steps = f"""
        set -e
        mkfs.ext4 -q -F {image}
        mount -o loop {image} {place} || exit 77
        {sys.executable} -c "$PREPARE"
        umount {place}
        for turn in 1 2 3 4 5; do
            mount -o loop {image} {place}
            {place}/dist/bin/importahead run {place}/app
            umount {place}
        done
    """
    variables = {
        "PREPARE": prepare,
        "HOME": str(place),
        "XDG_CACHE_HOME": str(place / "cache"),
        "PYTHONPATH": str(place / "entry"),
    }
    done = run("unshare", "-m", "bash", "-c", steps, **variables)
    if done.returncode == 77:
        pytest.skip("no loop devices here")
    assert (done.returncode, done.stderr) == (0, "")


def made(started, tmp_path, *before):
    """How many processes and threads a cold start makes before there is a program."""
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    log = tmp_path / "log"
    started.chill()
    started.write("#!/bin/sh\n")
    trace = ["strace", "-f", "-e", "trace=clone,clone3,execve", "-o", str(log)]
    done = run(*before, *trace, *started.command, **started.variables)
    if not log.exists() or "execve" not in log.read_text():
        pytest.skip("strace cannot do this here")
    assert (done.returncode, done.stderr) == (0, "")
    before, _, _ = log.read_text().rpartition("execve(")
    return sum("clone" in line and "resumed" not in line for line in before.splitlines())


def test_it_makes_threads_where_there_is_room_for_them(started, tmp_path):
    assert 16 <= made(started, tmp_path) <= 64


def test_under_a_filter_of_system_calls_nothing_is_made(started, tmp_path):
    wrapper = Path(__file__).parents[1] / "conformance" / "without_uring.py"
    assert made(started, tmp_path, sys.executable, wrapper) == 0


@pytest.mark.parametrize(("most", "expected"), [(64, 15), (20, 4), (5, 0)])
def test_a_limit_of_processes_is_not_used_up(started, tmp_path, most, expected):
    """What others count on stays for them: a quarter of what is left is taken at most."""
    group = Path("/sys/fs/cgroup/pids") / f"importahead-test-{os.getpid()}"
    try:
        group.mkdir()
        (group / "pids.max").write_text(str(most))
    except OSError as error:
        pytest.skip("no control group of processes here: %s" % error)
    try:
        enter = f'echo $$ >{group}/cgroup.procs && exec "$@"'
        count = made(started, tmp_path, "sh", "-c", enter, "sh")
        assert count <= expected
        assert bool(count) == bool(expected)
    finally:
        for _ in range(100):
            try:
                group.rmdir()
                break
            except OSError:
                time.sleep(0.05)

"""Profiles: the second run of a program is read ahead in full, and no file can do harm."""

import importlib.util
import json
import os
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOOK = ROOT / "dist" / "python"
# Files touched more recently prove nothing (FileStatus.racyWindow).
SETTLED = 2.2

pytestmark = pytest.mark.skipif(
    not (HOOK / "importahead" / "_importahead.abi3.so").exists(), reason="dist is not built"
)

# The scan cannot know these names.
PROGRAM = """
import time
time.sleep(PAUSE)
import importlib
def load(*parts):
    return importlib.import_module("".join(parts))
for number in range(6):
    load("plug", "in", str(number))
"""


class Tree:
    """A program with its own cache directory."""

    def __init__(self, path):
        self.path = path
        self.cache = path / "cache"
        self.cache.mkdir()
        self.profiles = self.cache / "importahead" / "v1"
        self.script = self.write("app/main.py", PROGRAM.replace("PAUSE", "0"))
        self.patient = self.write("app/patient.py", PROGRAM.replace("PAUSE", "0.5"))
        for number in range(6):
            self.write(f"app/plugin{number}.py", f"import helper{number}\n")
            self.write(f"app/helper{number}.py", "value = 1\n")

    def write(self, name, text):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def start(self, *options, script=None, **variables):
        """The process, not waited for."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "IMPORTAHEAD"))}
        kept.update(PYTHONPATH=str(HOOK), XDG_CACHE_HOME=str(self.cache), IMPORTAHEAD_STATS="-")
        return subprocess.Popen(
            [sys.executable, *options, str(script or self.script)],
            env={**kept, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *options, script=None, **variables):
        """The statistics of a run that must end well, with nothing said."""
        process = self.start(*options, script=script, **variables)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        lines = err.splitlines()
        assert len(lines) == 1, err
        assert out == ""
        return json.loads(lines[0])

    def profile(self):
        """The one profile there is."""
        (found,) = self.profiles.glob("*.profile")
        return found

    def settle(self):
        """Lets everything become old enough to be served."""
        time.sleep(SETTLED)


@pytest.fixture(scope="module")
def trees(request, tmp_path_factory):
    """A program for each test, all made at once so that they grow old together."""
    count = sum(1 for item in request.session.items if "tree" in item.fixturenames)
    made = [Tree(tmp_path_factory.mktemp("profile")) for _ in range(count)]
    for each in made:
        each.run(IMPORTAHEAD_PROFILE="off")
    time.sleep(SETTLED)
    return made


@pytest.fixture
def tree(trees):
    """A program that has run once, with its bytecode written and old."""
    return trees.pop()


def test_second_run_is_served_what_no_scan_can_see(tree):
    # The session has time to begin, so that nothing depends on who is faster.
    first = tree.run(script=tree.patient)
    assert (first["profile"], first["profile_files"]) == ("written", 0)
    assert first["misses"] >= 6
    second = tree.run(script=tree.patient)
    assert second["profile"] in ("read", "rewritten")
    assert second["hits"] >= 12
    # What the interpreter asks for before the program's first line.
    assert second["misses"] <= 3
    assert second["profile_used"] == second["profile_files"] >= 12
    assert second["files_unused"] <= second["misses"]


def test_an_unchanged_program_does_not_write_again(tree):
    for _ in range(3):
        tree.run()
    before = tree.profile().stat()
    tree.run()
    after = tree.profile().stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_s01_s09_profile_holds_paths_and_is_private(tree):
    tree.run()
    profile = tree.profile()
    content = profile.read_bytes()
    assert b"plugin3.py" in content
    assert b"value" not in content
    assert stat.S_IMODE(profile.stat().st_mode) == 0o600
    for directory in (tree.profiles, tree.profiles.parent):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert "main" not in profile.name


def test_changed_program_heals(tree):
    tree.run()
    tree.write("app/plugin0.py", "import fresh\nassert fresh.value == 2\n")
    tree.write("app/fresh.py", "value = 2\n")
    (tree.path / "app" / "helper5.py").write_text("raise SystemExit(0)\n")
    tree.settle()
    tree.run()
    tree.settle()
    tree.run()
    assert b"fresh.py" in tree.profile().read_bytes()


def test_removed_modules_are_dropped(tree):
    tree.run()
    for number in range(3):
        (tree.path / "app" / f"helper{number}.py").unlink()
        tree.write(f"app/plugin{number}.py", "import json\n")
    tree.settle()
    for _ in range(6):
        tree.run()
    assert b"helper1.py" not in tree.profile().read_bytes()


def test_module_that_became_a_package(tree):
    tree.run()
    (tree.path / "app" / "helper1.py").unlink()
    tree.write("app/helper1/__init__.py", "from . import inner\n")
    tree.write("app/helper1/inner.py", "")
    tree.settle()
    tree.run()
    assert b"helper1/inner.py" in tree.profile().read_bytes()


def test_module_shadowed_since(tree):
    tree.write("lib/helper1.py", "where = 'lib'\n")
    lib = str(tree.path / "lib")
    variables = {"PYTHONPATH": f"{HOOK}{os.pathsep}{lib}"}
    (tree.path / "app" / "helper1.py").unlink()
    tree.settle()
    tree.run(**variables)
    assert b"lib/helper1.py" in tree.profile().read_bytes()
    tree.write("app/helper1.py", "import json\n")
    tree.settle()
    tree.run(**variables)
    assert b"app/helper1.py" in tree.profile().read_bytes()


@pytest.mark.parametrize("damage", ["empty", "cut", "noise", "huge", "link", "fifo", "directory"])
def test_s02_s05_s06_hostile_profile_is_ignored(tree, damage):
    tree.run()
    profile = tree.profile()
    content = profile.read_bytes()
    profile.unlink()
    if damage == "empty":
        profile.write_bytes(b"")
    elif damage == "cut":
        profile.write_bytes(content[: len(content) // 2])
    elif damage == "noise":
        profile.write_bytes(os.urandom(5000))
    elif damage == "huge":
        with profile.open("wb") as file:
            file.truncate(5 << 20)
    elif damage == "link":
        other = tree.path / "other"
        other.write_bytes(content)
        profile.symlink_to(other)
    elif damage == "fifo":
        os.mkfifo(profile)
    else:
        profile.mkdir()
    counts = tree.run()
    assert counts["profile_files"] == 0
    if damage == "directory":
        assert counts["profile"] == "none"
    else:
        assert counts["profile"] == "written"
        assert tree.run()["profile_files"] >= 12
    if damage == "link":
        assert (tree.path / "other").read_bytes() == content


def test_s01_directory_open_to_others_is_not_used(tree):
    tree.run()
    tree.profiles.chmod(0o777)
    assert tree.run()["profile"] == "none"


def test_cache_that_cannot_be_written(tree):
    (tree.cache / "importahead").write_text("in the way")
    assert tree.run()["profile"] == "none"
    assert tree.run(XDG_CACHE_HOME="/proc/1")["profile"] == "none"
    assert tree.run(XDG_CACHE_HOME="relative", HOME="/nowhere/at/all")["profile"] == "none"


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_read_only_cache(tree):
    tree.cache.chmod(0o500)
    assert tree.run()["profile"] == "none"
    tree.cache.chmod(0o700)


def test_values_of_the_variable(tree):
    assert tree.run(IMPORTAHEAD_PROFILE="off")["profile"] == "off"
    assert tree.run(IMPORTAHEAD_PROFILE="nonsense")["profile"] == "off"
    assert tree.run(IMPORTAHEAD_PROFILE="read")["profile"] == "none"
    assert not tree.profiles.exists()
    assert tree.run(IMPORTAHEAD_PROFILE="write")["profile"] == "written"
    assert tree.run(IMPORTAHEAD_PROFILE="read")["profile"] == "read"
    own = tree.path / "own"
    assert tree.run(IMPORTAHEAD_PROFILE=str(own))["profile"] == "written"
    assert len(list(own.glob("*.profile"))) == 1


def test_another_search_path_has_another_profile(tree):
    tree.run()
    extra = tree.path / "extra"
    extra.mkdir()
    tree.run(PYTHONPATH=f"{HOOK}{os.pathsep}{extra}")
    assert len(list(tree.profiles.glob("*.profile"))) == 2


@pytest.mark.skipif(sys.version_info < (3, 11), reason="-P came with 3.11")
def test_s10_safe_path_never_follows_what_was_found_beside_the_script(tree):
    script = tree.write("app/probe.py", "try:\n    import plugin0\nexcept ImportError: pass\n")
    assert tree.run(script=script)["profile"] == "written"
    assert b"plugin0.py" in tree.profile().read_bytes()
    before = tree.profile().read_bytes()
    assert tree.run("-P", script=script)["profile_files"] == 0
    assert before in [path.read_bytes() for path in tree.profiles.glob("*.profile")]


def test_s03_s04_two_processes_at_once(tree):
    processes = [tree.start() for _ in range(4)]
    for process in processes:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    assert [path.suffix for path in tree.profiles.iterdir()] == [".profile"]
    assert tree.run()["profile_files"] >= 12


def test_child_of_a_fork_does_not_write(tree):
    script = tree.write(
        "app/forks.py",
        "import os, sys\nimport plugin0\nif os.fork() == 0:\n    import plugin1\n"
        "    sys.exit()\nos.wait()\nimport plugin2\n",
    )
    process = tree.start(script=script)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    content = tree.profile().read_bytes()
    assert b"plugin2.py" in content
    assert b"plugin1.py" not in content


def test_program_that_is_killed_has_a_profile_if_it_is_large(tree):
    # What nobody could foresee lets the session come to rest once more.
    tree.write("app/late.py", "")
    lines = []
    for number in range(90):
        tree.write(f"app/part{number}.py", "")
        lines.append(f"import part{number}\n")
    script = tree.write(
        "app/server.py",
        "".join(lines) + "import time\ntime.sleep(0.3)\n__import__('la' + 'te')\n"
        "print('up', flush=True)\ntime.sleep(60)\n",
    )
    tree.settle()
    process = tree.start(script=script)
    assert process.stdout.readline() == "up\n"
    time.sleep(1)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert b"part1.py" in tree.profile().read_bytes()


def test_profile_of_root_is_read_by_others(tree):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    shared = tree.path / "shared"
    shared.mkdir(mode=0o755)
    for directory in (tree.path, *list(tree.path.parents)[:2]):
        directory.chmod(0o755)
    tree.run(IMPORTAHEAD_PROFILE=str(shared))
    (profile,) = shared.glob("*.profile")
    profile.chmod(0o644)
    before = profile.read_bytes()
    script = f"import os\nos.setgroups([])\nos.setgid(65534)\nos.setuid(65534)\nos.execve({sys.executable!r}, "
    script += f"[{sys.executable!r}, {str(tree.script)!r}], os.environ)\n"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(HOOK),
        "IMPORTAHEAD_STATS": "-",
        "IMPORTAHEAD_PROFILE": str(shared),
    }
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip("another user may not read this tree: " + done.stderr[-200:])
    assert json.loads(done.stderr)["profile"] == "read"
    assert profile.read_bytes() == before


def test_sudo_like_home_of_another_user(tree):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    os.chown(tree.cache, 65534, 65534)
    assert tree.run()["profile"] == "none"
    assert not (tree.cache / "importahead").exists()
    shutil.rmtree(tree.cache)


LIBRARY_PROGRAM = """
import time
time.sleep(0.2)
__import__("_" + "decimal")
"""


def page_entries(profile):
    """What the profile knows of shared objects: path to (size, time, ranges)."""
    fields = profile.read_bytes().split(b"\n", 1)[1].split(b"\0")
    found = {}
    while len(fields) > 1:
        record = fields.pop(0).decode()
        if record[0] in "nl":
            numbers = fields.pop(0).decode().split()
            ranges = [tuple(int(n, 16) for n in r.split("+")) for r in numbers[2:]]
            found[record[2:]] = (*(int(n, 16) for n in numbers[:2]), ranges)
    return found


@pytest.fixture
def library(tree):
    """A program that loads an extension module of its own directory, and that file."""
    source = importlib.util.find_spec("_decimal").origin
    if source is None or not source.endswith(".so"):
        pytest.skip("_decimal is built in")
    copy = tree.path / "app" / Path(source).name
    shutil.copy(source, copy)
    script = tree.write("app/decimals.py", LIBRARY_PROGRAM)
    tree.settle()
    return script, copy


def test_pages_of_an_extension_module_are_replayed(tree, library):
    script, copy = library
    first = tree.run(script=script)
    size, modified, ranges = page_entries(tree.profile())[str(copy)]
    status = copy.stat()
    assert (size, modified) == (status.st_size, status.st_mtime_ns)
    touched = 4096 * sum(count for _, count in ranges)
    assert 0 < touched <= size + 4096
    known = page_entries(tree.profile())
    second = tree.run(script=script)
    assert second["bytes_warmed"] == 4096 * sum(n for k in known.values() for _, n in k[2])
    assert first["bytes_warmed"] == 0


@pytest.mark.parametrize("change", ["replaced", "truncated", "removed"])
def test_library_that_is_not_the_one_that_was(tree, library, change):
    script, copy = library
    tree.run(script=script)
    known = page_entries(tree.profile())[str(copy)]
    if change == "replaced":
        other = copy.with_suffix(".new")
        other.write_bytes(copy.read_bytes() + bytes(8192))
        other.replace(copy)
    elif change == "truncated":
        copy.write_bytes(b"\x7fELF")
        script.write_text("try:\n    __import__('_decimal')\nexcept ImportError:\n    pass\n")
    else:
        copy.unlink()
    tree.settle()
    counts = tree.run(script=script)
    assert counts["errors"] == 0
    if change == "replaced":
        assert counts["profile"] == "rewritten"
        assert page_entries(tree.profile())[str(copy)][0] == known[0] + 8192


def test_hostile_library_entries_are_harmless(tree, library):
    script, _ = library
    tree.run(script=script)
    profile = tree.profile()
    fifo = tree.path / "libfifo.so"
    os.mkfifo(fifo)
    huge = tree.path / "libhuge.so"
    with huge.open("wb") as file:
        file.truncate(8 << 30)
    link = tree.path / "liblink.so"
    link.symlink_to("/dev/zero")
    head, rest = profile.read_bytes()[:-17].split(b"\n", 1)
    records = b"".join(
        b"l0%s\0%x %x %s\0" % (str(path).encode(), size, modified, ranges)
        for path, size, modified, ranges in [
            (fifo, 4096, 0, b"0+1 "),
            (huge, 8 << 30, huge.stat().st_mtime_ns, b"0+200000 "),
            (link, 4096, 0, b"0+1 "),
            ("/dev/zero.so", 4096, 0, b"0+1 "),
            ("/proc/self/mem.so", 4096, 0, b"0+1 "),
            (tree.path / "gone.so", 4096, 0, b"0+1 "),
        ]
    )
    content = head + b"\n" + records + rest
    checksum = 0xCBF29CE484222325
    for byte in content:
        checksum = (checksum ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    profile.write_bytes(content + b"%016x\n" % checksum)
    profile.chmod(0o600)
    counts = tree.run(script=script)
    assert counts["profile_files"] > 0
    # More than all profiles together may bring in is refused as a whole.
    assert counts["bytes_warmed"] < 64 << 20


def test_without_pagemap_there_are_no_pages(tree, library):
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("needs root and unshare(1)")
    script, _ = library
    hide = "mount -t tmpfs none /proc && exec " + shlex.join([sys.executable, str(script)])
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "IMPORTAHEAD"))}
    kept.update(PYTHONPATH=str(HOOK), XDG_CACHE_HOME=str(tree.cache))
    for _ in range(2):
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", hide], env=kept, capture_output=True, timeout=60
        )
        if b"mount" in done.stderr:
            pytest.skip("no mount namespaces here")
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    if sys.version_info >= (3, 10):
        assert b"_decimal" in tree.profile().read_bytes()
        assert b"+" not in tree.profile().read_bytes()

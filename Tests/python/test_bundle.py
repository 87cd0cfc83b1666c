"""Bundles: bytecode from one file, and never anything that stock would not have read."""

import importlib.util
import json
import os
import py_compile
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOOK = ROOT / "dist" / "python"
TOOL = ROOT / "dist" / "bin" / "importahead"
# Files touched more recently prove nothing (FileStatus.racyWindow).
SETTLED = 2.2
COUNT = 6
# What the interpreter may ask for before the session has begun: a sitecustomize of the distribution's.
EARLY = 1

pytestmark = pytest.mark.skipif(
    not (HOOK / "importahead" / "_importahead.abi3.so").exists() or not TOOL.exists(),
    reason="dist is not built",
)

# Tells everything about modules that stock and importahead must agree on.
PROGRAM = """
import sys
import time
time.sleep(0.25)  # so that nothing depends on who is faster
for number in range(6):
    __import__("".join(("plug", "in", str(number))))
rows = []
for name, module in list(sys.modules.items()):
    if name.split(".")[0] in ("importahead", "sitecustomize", "_importahead"):
        continue
    spec = getattr(module, "__spec__", None)
    row = [name, getattr(module, "__file__", None), getattr(module, "__cached__", None)]
    row += [str(list(getattr(module, "__path__", []))), getattr(module, "value", None)]
    if spec is not None:
        row += [spec.name, spec.origin, spec.cached, spec.has_location, spec.parent]
        row += [type(spec.loader).__name__, str(spec.submodule_search_locations)]
    rows.append(row)
print([row for row in rows if str(row[1]).startswith(sys.path[0])])
"""


class Tree:
    """A program, its cache directory, and a bundle of it."""

    def __init__(self, path):
        self.path = path
        self.cache = path / "cache"
        self.cache.mkdir()
        self.local = path / "local"
        self.local.mkdir()
        self.bundle = self.local / "app.bundle"
        self.script = self.write("app/main.py", PROGRAM)
        for number in range(COUNT):
            self.write(
                f"app/plugin{number}.py", f"from pack import helper{number}\nvalue = {number}\n"
            )
            self.write(f"app/pack/helper{number}.py", f"value = {number}\n")
        self.write("app/pack/__init__.py", "")

    def write(self, name, text):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def cached(self, name, optimization=""):
        """Where the bytecode of a source is."""
        source = str(self.path / name)
        return Path(importlib.util.cache_from_source(source, optimization=optimization))

    def environment(self, **variables):
        dropped = ("PYTHON", "IMPORTAHEAD")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
        return {**kept, "XDG_CACHE_HOME": str(self.cache), **variables}

    def run(self, *options, script=None, python=sys.executable, **variables):
        """What a run prints and the statistics of it; a run without `PYTHONPATH` is stock."""
        done = subprocess.run(
            [python, *options, str(script or self.script)],
            env=self.environment(IMPORTAHEAD_STATS="-", **variables),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        lines = done.stderr.splitlines()
        if "PYTHONPATH" not in variables and not lines:
            return done.stdout, None
        assert len(lines) == 1, done.stderr
        return done.stdout, json.loads(lines[0])

    def ahead(self, *options, **variables):
        """A run with importahead."""
        return self.run(*options, PYTHONPATH=str(HOOK), **variables)

    def bundled(self, *options, **variables):
        """A run with the bundle, which must print what stock prints before it and after it."""
        before = self.stock(*options, **variables)
        out, counts = self.ahead(*options, IMPORTAHEAD_BUNDLE=str(self.bundle), **variables)
        assert out == before
        assert out == self.stock(*options, **variables)
        return counts

    def stock(self, *options, **variables):
        variables.pop("PYTHONPATH", None)
        return self.run("-B", *options, **variables)[0]

    def tool(self, *arguments, **variables):
        return subprocess.run(
            [str(TOOL), *map(str, arguments)],
            env=self.environment(**variables),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=self.path,
        )

    def make(self, *arguments):
        """Makes the bundle; what the tool said."""
        named = arguments or (self.script,)
        done = self.tool("bundle", "-o", self.bundle, "--python", sys.executable, *named)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return done.stdout

    def settle(self):
        """Lets everything become old enough to be served."""
        time.sleep(SETTLED)


def settled(path):
    """A program that has run, with its bundle; the whole of it is old enough to be served."""
    made = Tree(path)
    made.ahead(IMPORTAHEAD_PROFILE="off")
    made.settle()
    made.ahead()
    made.make()
    return made


@pytest.fixture
def tree(tmp_path):
    """A tree of the test's own."""
    return settled(tmp_path)


@pytest.fixture(scope="module")
def common(tmp_path_factory):
    """A tree that several tests use, and none changes."""
    return settled(tmp_path_factory.mktemp("common"))


@pytest.fixture
def shared(common):
    """The common tree; its bundle is put back, and it alone may be changed."""
    content = common.bundle.read_bytes()
    yield common
    for path in list(common.local.iterdir()):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
    common.bundle.write_bytes(content)


def held(counts):
    """Everything is served from the bundle but what was asked for too early."""
    assert counts["bundle"] == "read"
    assert counts["bundle_files"] in range(2 * COUNT + 1, 2 * COUNT + 2 + EARLY)
    assert counts["bundle_stale"] == 0
    assert counts["bundle_used"] >= counts["bundle_files"] - EARLY
    assert counts["hits"] >= counts["bundle_files"] - EARLY


def test_start_is_served_from_the_bundle(shared):
    held(shared.bundled())


def test_first_start_without_a_profile_takes_the_order_from_it(tree):
    shutil.rmtree(tree.cache)
    held(tree.bundled(IMPORTAHEAD_PROFILE="off"))
    held(tree.bundled())


def test_another_program_takes_what_it_has_in_common(tree):
    script = tree.write(
        "app/other.py", "import time\ntime.sleep(0.3)\nimport plugin2\nimport json\n"
    )
    tree.settle()
    counts = tree.bundled(script=script)
    assert counts["bundle_used"] == 3  # its directory's listing has changed: its files have not


@pytest.mark.parametrize("backend", ["io_uring", "threads"])
def test_both_back_ends(shared, backend):
    counts = shared.bundled(IMPORTAHEAD_BACKEND=backend)
    if counts["backend"] != backend:
        pytest.skip(f"no {backend} here")
    held(counts)


def test_edited_source_is_compiled(tree):
    tree.write("app/pack/helper1.py", "value = 'new'\n")
    tree.settle()
    counts = tree.bundled()
    assert counts["bundle_used"] >= 2 * COUNT - EARLY
    # The run above has written the bytecode anew.
    counts = tree.bundled()
    assert counts["bundle_stale"] >= 1


def test_edited_source_of_the_same_size_and_second(tree):
    source = tree.path / "app/pack/helper1.py"
    before = source.stat()
    source.write_text("value = 9\n")
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    tree.settle()
    # importlib cannot tell either: what the bytecode says is what both run.
    held(tree.bundled())


def test_replaced_bytecode_is_run(tree):
    # As a tool would that rewrites bytecode: the source is as it was.
    source = tree.path / "app/pack/helper1.py"
    times = source.stat()
    source.write_text("value = 7\n")
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
    cached = tree.cached("app/pack/helper1.py")
    was = cached.stat()
    py_compile.compile(str(source), cfile=str(cached), doraise=True)
    assert cached.stat().st_size == was.st_size
    os.utime(cached, ns=(was.st_atime_ns, was.st_mtime_ns))
    source.write_text("value = 1\n")
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
    tree.settle()
    counts = tree.bundled()
    assert "7, 'pack.helper1'" in tree.ahead(IMPORTAHEAD_BUNDLE=str(tree.bundle))[0]
    assert counts["bundle_stale"] >= 1


def test_removed_bytecode_is_written_again(tree):
    cached = tree.cached("app/pack/helper1.py")
    content = cached.read_bytes()
    cached.unlink()
    tree.bundled()
    assert cached.read_bytes() == content


@pytest.mark.parametrize("mode", ["CHECKED_HASH", "UNCHECKED_HASH"])
def test_hash_based_bytecode(tree, mode):
    source = tree.path / "app/pack/helper1.py"
    cached = tree.cached("app/pack/helper1.py")
    mode = getattr(py_compile.PycInvalidationMode, mode)

    def compiled(text):
        source.write_text(text)
        py_compile.compile(str(source), cfile=str(cached), doraise=True, invalidation_mode=mode)

    compiled("value = 11\n")
    tree.settle()
    tree.ahead()
    tree.make()
    held(tree.bundled())
    # The source alone is changed: an unchecked file is used, a checked one is not.
    source.write_text("value = 12\n")
    tree.settle()
    held(tree.bundled())
    # Both are changed.
    compiled("value = 13\n")
    tree.settle()
    counts = tree.bundled()
    assert counts["bundle_stale"] >= 1
    assert "13, 'pack.helper1'" in tree.stock()


def test_module_that_was_added_is_found(tree):
    tree.write("app/pack/helper1/__init__.py", "value = 'package'\n")
    tree.settle()
    assert tree.bundled()["bundle"] == "read"
    assert "'package', 'pack.helper1'" in tree.stock()


@pytest.fixture
def mounted(tree):
    """A function that shows the program through a file system of which nothing is known beforehand."""
    slowfs = ROOT / "Benchmarks" / ".build" / "release" / "slowfs"
    slowfs = Path(os.environ.get("SLOWFS", slowfs))
    if os.geteuid() != 0 or not slowfs.exists():
        pytest.skip("needs root and Benchmarks' slowfs")
    app, counts = tree.path / "app", tree.path / "counts"
    source = tree.path / "source"
    app.rename(source)
    app.mkdir()
    running = []

    def mount():
        command = [
            slowfs,
            "--latency",
            "0.1ms",
            "--timeouts",
            "nfs",
            "--counts",
            counts,
            source,
            app,
        ]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        if running[-1].stdout.readline() != "ready\n":
            running.pop().kill()
            pytest.skip("no FUSE here")

    def unmount():
        """What was asked of the file system."""
        subprocess.run(["umount", app], check=True)
        running.pop().communicate(timeout=60)
        return json.loads(counts.read_text())["total"]

    yield mount, unmount
    if running:
        subprocess.run(["umount", app], check=False)
        running.pop().communicate(timeout=60)


def test_listings_and_files_of_a_slow_file_system_come_from_it(tree, mounted):
    mount, unmount = mounted
    mount()
    tree.ahead()
    tree.ahead()
    tree.make()
    unmount()
    mount()
    out, _ = tree.ahead()
    without = unmount()
    mount()
    again, counts = tree.ahead(IMPORTAHEAD_BUNDLE=str(tree.bundle))
    asked = unmount()
    assert again == out
    held(counts)
    # The script itself is opened and read; nothing is listed.
    assert asked.get("opendir", 0) == 0 < without["opendir"]
    assert asked.get("readdir", 0) == 0 < without["readdir"]
    assert asked["open"] <= 3 < without["open"]
    assert asked["lookup"] <= without["lookup"] + 2
    # A listing that is stale is not used.
    (tree.path / "source/pack/helper1").mkdir()
    (tree.path / "source/pack/helper1/__init__.py").write_text("value = 'package'\n")
    tree.settle()
    mount()
    out, counts = tree.ahead(IMPORTAHEAD_BUNDLE=str(tree.bundle))
    assert unmount()["readdir"] >= 1
    assert "'package', 'pack.helper1'" in out
    assert counts["bundle_stale"] >= 1


def test_module_that_was_removed_is_missed(tree):
    shutil.rmtree(tree.path / "app/pack/__pycache__")
    (tree.path / "app/pack/helper5.py").unlink()
    script = tree.write(
        "app/main.py",
        "try:\n    import pack.helper5\nexcept ImportError as error:\n    print(error)\n",
    )
    tree.settle()
    assert tree.bundled(script=script)["bundle"] == "read"


def test_environment_that_was_moved(tree):
    elsewhere = tree.path / "elsewhere"
    (tree.path / "app").rename(elsewhere)
    counts = tree.bundled(script=elsewhere / "main.py")
    assert (counts["bundle"], counts["bundle_used"]) == ("read", 0)


def replace_by_copy(tree):
    """Another environment in the place of the first, with the same contents and times."""
    app = tree.path / "app"
    app.rename(tree.path / "old")
    shutil.copytree(tree.path / "old", app)
    tree.settle()


def test_copy_of_the_environment_is_another_one(tree):
    replace_by_copy(tree)
    counts = tree.bundled()
    assert counts["bundle_used"] == 0
    assert counts["bundle_stale"] >= 2 * COUNT


def test_copy_of_the_environment_is_served_where_that_is_asked_for(tree):
    tree.make("--copied", tree.script)
    held(tree.bundled())
    replace_by_copy(tree)
    for path in (tree.path / "app").rglob("*.py*"):
        os.utime(path, (path.stat().st_mtime, int(path.stat().st_mtime)))
    tree.settle()
    held(tree.bundled())
    cached = tree.cached("app/pack/helper1.py")
    os.utime(cached, (0, cached.stat().st_mtime + 1))
    tree.settle()
    assert tree.bundled()["bundle_stale"] == 1


@pytest.mark.parametrize(
    "damage",
    [
        "absent",
        "empty",
        "cut",
        "noise",
        "index",
        "longer",
        "link",
        "name",
        "fifo",
        "directory",
        "open",
    ],
)
def test_bundle_that_is_not_used(shared, damage):
    content = shared.bundle.read_bytes()
    shared.bundle.unlink()
    if damage == "empty":
        shared.bundle.write_bytes(b"")
    elif damage == "cut":
        shared.bundle.write_bytes(content[: len(content) // 2])
    elif damage == "noise":
        shared.bundle.write_bytes(os.urandom(5000))
    elif damage == "index":
        shared.bundle.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
    elif damage == "longer":
        shared.bundle.write_bytes(content + b"\0")
    elif damage == "link":
        other = shared.local / "other"
        other.write_bytes(content)
        shared.bundle.symlink_to(other)
    elif damage == "name":
        shared.bundle.write_bytes(content)
        os.link(shared.bundle, shared.local / "second")
    elif damage == "fifo":
        os.mkfifo(shared.bundle)
    elif damage == "directory":
        shared.bundle.mkdir()
    elif damage == "open":
        shared.bundle.write_bytes(content)
        shared.bundle.chmod(0o666)
    counts = shared.bundled()
    assert (counts["bundle"], counts["bundle_files"]) == ("none", 0)
    assert counts["hits"] >= 2 * COUNT + 1 - EARLY
    done = shared.tool("bundle", "--verify", shared.bundle)
    assert done.returncode == 1
    assert done.stderr.startswith(f"importahead: {shared.bundle}: ")
    assert done.stderr.count("\n") == 1


def test_damaged_bytes_are_missed_one_by_one(shared):
    content = bytearray(shared.bundle.read_bytes())
    content[-1] ^= 1
    shared.bundle.write_bytes(content)
    counts = shared.bundled()
    assert counts["bundle"] == "read"
    assert counts["bundle_used"] in range(2 * COUNT, counts["bundle_files"])
    assert counts["hits"] >= counts["bundle_files"] - EARLY
    done = shared.tool("bundle", "--verify", shared.bundle)
    assert done.returncode == 1
    assert done.stdout.startswith("damaged ")
    assert done.stdout.count("\n") == 1


def test_bundle_that_is_cut_short_while_it_is_in_use(shared):
    # Its index is in order; its bytes are gone when the session asks for them.
    with shared.bundle.open("r+b") as file:
        size = shared.bundle.stat().st_size
        file.truncate(size - 10)
        file.truncate(size)
    counts = shared.bundled()
    assert counts["bundle_used"] < counts["bundle_files"]


def test_another_users_bundle(shared):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    os.chown(shared.bundle, 65534, 65534)
    assert shared.bundled()["bundle"] == "none"


def test_read_only_environment_and_bundle(shared):
    shared.bundle.chmod(0o444)
    held(shared.bundled())


def test_variable_under_e_and_with_relative_paths(shared):
    out, counts = shared.ahead(IMPORTAHEAD_BUNDLE="app.bundle")
    assert counts["bundle"] == "none"
    assert out == shared.stock()
    _, counts = shared.ahead()
    assert counts["bundle"] == "off"


def test_level_of_optimisation_has_a_bundle_of_its_own(tree):
    assert tree.bundled("-O")["bundle"] == "none"
    tree.ahead("-O")
    tree.settle()
    tree.ahead("-O")
    tree.make("-O", tree.script)
    held(tree.bundled("-O"))
    assert tree.bundled()["bundle"] == "none"
    assert "opt-1" in tree.tool("bundle", "--list", tree.bundle).stdout


def other_interpreter():
    """A supported interpreter of another version."""
    ours = ".".join(map(str, sys.version_info[:2]))
    for minor in range(9, 15):
        found = shutil.which(f"python3.{minor}")
        if found and f"3.{minor}" != ours:
            done = subprocess.run(
                [found, "-c", "import sys; print(sys.version_info[1])"],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.stdout.strip() == str(minor):
                return found
    return None


def test_another_interpreter_does_not_use_it(tree):
    python = os.environ.get("OTHER_PYTHON") or other_interpreter()
    if not python:
        pytest.skip("no second interpreter on PATH")
    tree.run(python=python)
    tree.settle()
    counts = tree.bundled(python=python)
    assert counts["bundle"] == "none"
    held(tree.bundled())


def test_list_and_verify(tree):
    done = tree.tool("bundle", "--list", tree.bundle)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert sum(line.startswith("bytecode ") for line in lines) >= 2 * COUNT + 1
    assert any(line.endswith(str(tree.cached("app/pack/helper3.py"))) for line in lines)
    done = tree.tool("bundle", "--verify", tree.bundle)
    assert done.returncode == 0, done.stdout
    tree.write("app/pack/helper1.py", "value = 'new'\n")
    tree.cached("app/pack/helper2.py").unlink()
    tree.cached("app/pack/helper3.py").touch()
    done = tree.tool("bundle", "--verify", tree.bundle)
    assert done.returncode == 1
    words = {
        line.split()[-1].rpartition("/")[2].split(".")[0]: line.split()[0]
        for line in done.stdout.splitlines()
    }
    assert words == {"helper1": "stale", "helper2": "gone", "helper3": "changed"}
    assert done.stderr.startswith(f"importahead: {tree.bundle}: 3 of ")
    assert done.stderr.endswith(" entries are not served\n")


def test_what_is_written_is_private_to_its_writer(shared):
    assert stat.S_IMODE(shared.bundle.stat().st_mode) & 0o022 == 0
    assert [path.name for path in shared.local.iterdir()] == ["app.bundle"]
    said = shared.make()
    assert said.startswith(f"{shared.bundle}: 1")
    assert said.endswith(f" directories, {shared.bundle.stat().st_size} bytes\n")


def test_profile_that_is_named(tree):
    (profile,) = (tree.cache / "importahead" / "v1").glob("*.profile")
    copy = tree.path / "copy.profile"
    shutil.copy2(profile, copy)
    shutil.rmtree(tree.cache / "importahead")
    tree.make("--profile", copy)
    # It is nobody's order of need, but what a scan finds is taken from it.
    script = tree.write("app/other.py", "import time\ntime.sleep(0.3)\nimport plugin2\n")
    assert tree.bundled(script=script)["bundle_used"] == 3
    tree.make("--profile", copy, tree.script)
    held(tree.bundled(IMPORTAHEAD_PROFILE="off"))


def test_bytecode_that_has_only_just_changed_is_waited_for(tree):
    tree.write("app/pack/helper1.py", "value = 'new'\n")
    tree.ahead()
    tree.make()
    held(tree.bundled())


def test_program_does_not_run_to_be_bundled(shared):
    marker = shared.path / "ran"
    script = shared.write("app/marks.py", f"open({str(marker)!r}, 'w').close()\n")
    done = shared.tool("bundle", "-o", shared.bundle, "--python", sys.executable, script)
    assert done.returncode == 1
    assert not marker.exists()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ((), 2, "no program given"),
        (("app/none.py",), 1, "there is no profile of this program"),
        (("--what", "app/main.py"), 2, "unknown option --what"),
        (("-E", "app/main.py"), 2, "-E keeps bundles out"),
        (("-S", "app/main.py"), 2, "-S keeps bundles out"),
        (("--profile", "app/main.py"), 1, "app/main.py: not a profile"),
        (("--profile", "absent"), 1, "absent: not a profile"),
        (("--python", "absent", "app/main.py"), 1, "absent: no Python interpreter"),
        (("-o", "no/where", "app/main.py"), 1, "no/where: No such file or directory"),
        (("--list", "absent"), 1, "absent: No such file or directory"),
        (("--list", "app/main.py"), 1, "app/main.py: not a whole bundle"),
        (("--list", "local/app.bundle", "--verify", "x"), 2, "take one file"),
    ],
)
def test_one_line_says_what_is_wrong(shared, arguments, status, message):
    if "--python" not in arguments and arguments[:1] != ("--list",):
        arguments = ("--python", sys.executable, *arguments)
    done = shared.tool("bundle", *arguments)
    assert done.returncode == status, done.stderr
    assert message in done.stderr
    assert done.stderr.startswith("importahead: ")
    assert done.stderr.count("\n") == 1
    assert not (shared.path / "importahead.bundle").exists()


def test_full_disk_leaves_the_bundle_there_is(tree):
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", str(tree.local)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nothing may be mounted here")
    try:
        tree.make()
        before = tree.bundle.read_bytes()
        filler = tree.local / "filler"
        with pytest.raises(OSError), filler.open("wb", buffering=0) as file:
            while file.write(b"x" * 512):
                pass
        done = tree.tool("bundle", "-o", tree.bundle, "--python", sys.executable, tree.script)
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert "No space left on device" in line
        assert tree.bundle.read_bytes() == before
        assert sorted(each.name for each in tree.local.iterdir()) == ["app.bundle", "filler"]
    finally:
        subprocess.run(["umount", "-l", str(tree.local)], check=True)

"""Bundles: what is not used, by whom, and what the tool says of it."""

import os
import shutil
import stat
import subprocess
import sys

import pytest
from bundled import COUNT, EARLY, held, is_built, settled

pytestmark = is_built


@pytest.fixture
def tree(tmp_path):
    """A tree of the test's own."""
    return settled(tmp_path)


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

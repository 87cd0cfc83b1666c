"""Profiles: the second run of a program is read ahead in full, and no file can do harm."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time

import pytest
from profiled import HOOK, is_built

pytestmark = is_built


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
    def state(value):
        return tree.run(script=tree.patient, IMPORTAHEAD_PROFILE=value)["profile"]

    assert state("off") == "off"
    assert state("nonsense") == "off"
    assert state("read") == "none"
    assert not tree.profiles.exists()
    assert state("write") == "written"
    assert state("read") == "read"
    own = tree.path / "own"
    assert state(str(own)) == "written"
    assert len(list(own.glob("*.profile"))) == 1


def test_another_search_path_has_another_profile(tree):
    tree.run()
    extra = tree.path / "extra"
    extra.mkdir()
    tree.run(PYTHONPATH=f"{HOOK}{os.pathsep}{extra}")
    assert len(list(tree.profiles.glob("*.profile"))) == 2


def test_environment_that_was_moved(tree):
    """Its paths are others: it starts afresh, and learns what it knew at the old place."""
    assert tree.run()["profile"] == "written"
    (tree.path / "app").rename(tree.path / "moved")
    script = tree.path / "moved" / "main.py"
    first = tree.run(script=script)
    assert (first["profile"], first["profile_files"]) == ("written", 0)
    second = tree.run(script=script)
    assert second["profile_files"] == second["profile_used"] >= 12
    for path in tree.profiles.glob("*.profile"):
        content = path.read_bytes()
        assert (b"/moved/plugin0.py" in content) != (b"/app/plugin0.py" in content)
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

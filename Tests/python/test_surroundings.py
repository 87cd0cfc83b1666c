"""Activation where something is odd: the program starts as in stock (cases 15, I10, A1, A5)."""

import os
import shutil
import subprocess

import pytest
from oracle.interpreters import clean_environment

pytestmark = [pytest.mark.part("activation"), pytest.mark.kind("source")]

USER = "import sys\nprint('user sitecustomize')\n"
PROGRAM = "import sys, mod\nprint(mod.value, [str(each) for each in sys.path][:6])\n"


class Ground:
    """For each lane a folder with a program, the user's `sitecustomize`, and an environment."""

    def __init__(self, grove, interpreter, root):
        self.grove = grove
        self.interpreter = interpreter
        self.root = root

    def folder(self, lane):
        """Where a lane's files are; names are of one length."""
        return self.root / lane.name

    def plant(self, name, text):
        """Writes a file in every lane."""
        for lane in self.grove.lanes:
            path = self.folder(lane) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def environment(self, lane, **variables):
        """The variables of a lane with importahead on PYTHONPATH before the user's own folder."""
        entries = [str(self.folder(lane) / "user"), str(self.folder(lane) / "app")]
        found = {**clean_environment(), **lane.variables(), **variables}
        before = [str(lane.site())] if lane.hooked else []
        found["PYTHONPATH"] = os.pathsep.join(before + entries)
        return found

    def run(self, arguments, prefix=(), cwd=None, python=None, **variables):
        """Status and output in each lane, its folder's name replaced by that of stock."""
        outcomes = {}
        for lane in self.grove.lanes:
            here = str(self.folder(lane))
            start = [each.replace("{here}", here) for each in prefix]
            chosen = python(lane) if python else lane.python(self.interpreter, "bare")
            done = subprocess.run(
                [*start, chosen, *[each.replace("{here}", here) for each in arguments]],
                cwd=cwd or self.folder(lane),
                env=self.environment(lane, **variables),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=120,
            )
            parts = (done.stdout, done.stderr)
            texts = [text.replace(here, here[: -len(lane.name)] + "stock") for text in parts]
            outcomes[lane.name] = (done.returncode, *texts)
        return outcomes


@pytest.fixture
def ground(grove, interpreter, tmp_path):
    """A ground with a module and the user's own `sitecustomize`."""
    made = Ground(grove, interpreter, tmp_path)
    made.plant("app/mod.py", "value = 'mod'\n")
    made.plant("user/sitecustomize.py", USER)
    made.plant("main.py", PROGRAM)
    return made


def same(outcomes):
    """Stock's outcome, which must be everybody's."""
    assert len({repr(each) for each in outcomes.values()}) == 1, outcomes
    return outcomes["stock"]


ENTRIES = {
    "int": "7",
    "None": "None",
    "bytes": "b'/absent/bytes'",
    "bytes of a folder": "b'.'",
    "path": "__import__('pathlib').Path('/absent/path')",
    "object": "object",
    "tuple": "('/absent', 1)",
    "empty": "''",
    "long": "'x' * 5000",
    "surrogate": "'/absent' + chr(0xdcff)",
    "str subclass": "type('S', (str,), {})('/absent/subclass')",
    "unhashable": "[]",
}


@pytest.mark.parametrize("entry", list(ENTRIES))
def test_15_a05_a_strange_entry_on_sys_path_at_activation(ground, entry):
    """A `.pth` file puts it there, before `sitecustomize` is looked for."""
    line = "import sys; sys.path.insert(0, %s)\n" % ENTRIES[entry]
    environments = {}
    for lane in ground.grove.lanes:
        folder = ground.folder(lane) / "environment"
        command = [ground.interpreter.executable, "-I", "-m", "venv", "--without-pip", str(folder)]
        subprocess.run(command, check=True, env=clean_environment())
        packages = next(folder.glob("lib/python*/site-packages"))
        (packages / "odd.pth").write_text(line)
        environments[lane.name] = str(folder / "bin" / "python")
    outcomes = ground.run(["main.py"], python=lambda lane: environments[lane.name])
    for each in outcomes.values():
        assert "python/importahead" not in each[1] + each[2], outcomes
    _, output, errors = same(outcomes)
    # Whatever the entry does to `site`, what comes of it is stock's.
    assert "user sitecustomize" in output or errors


# On 3.9 and 3.10 stock itself recurses for ever where bytes come before the library's own folder.
@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry != "bytes"])
def test_15_a05_a_strange_entry_before_a_later_activation(ground, entry):
    """`sitecustomize` is imported by the program, as embedders do."""
    program = (
        "import sys; sys.path.insert(0, %s); sys.modules.pop('sitecustomize', None)\n"
        "try:\n    import sitecustomize\nexcept Exception as error: print(type(error).__name__)\n"
        "print([str(each) for each in sys.path if 'python3' not in str(each)])\n"
    ) % ENTRIES[entry].replace("'.'", "b'/'")
    # `-S` keeps `site` from running it before.
    same(ground.run(["-S", "-c", program]))


@pytest.mark.parametrize("relative", ["", "rel", ":", "./x:..", ".", "../gone"])
@pytest.mark.parametrize("start", ["-c", "-m", "-"])
def test_i10_a05_the_working_directory_is_gone(ground, relative, start):
    program = "import sys, json; print([each for each in sys.path if 'python3' not in each])"
    arguments = {"-c": ["-c", program], "-m": ["-m", "json.tool", "--help"], "-": ["-"]}[start]
    script = (
        'mkdir -p {here}/gone; cd {here}/gone; rmdir {here}/gone; export PYTHONPATH="$PYTHONPATH:$1";'
        ' shift; exec "$@"'
    )
    outcomes = ground.run(
        arguments,
        prefix=["sh", "-c", script, "sh", relative],
        cwd="/",
        python=lambda lane: ground.interpreter.executable,
    )
    for lane, (status, output, errors) in outcomes.items():
        if "Fatal Python error" in errors:  # it prints the whole configuration, PYTHONPATH with it
            outcomes[lane] = (status, output, "fatal")
    _, output, errors = same(outcomes)
    assert "user sitecustomize" in output or errors == "fatal"


def _may_mount():
    probe = ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /proc"]
    return shutil.which("unshare") and subprocess.run(probe, capture_output=True).returncode == 0


@pytest.mark.parametrize("hidden", ["/proc", "/sys", "/dev"])
def test_a01_a05_without_a_kernel_file_system(ground, hidden):
    if not _may_mount():
        pytest.skip("mounting is not permitted here")
    script = 'mount --make-rprivate / && mount -t tmpfs none %s && exec "$@"' % hidden
    prefix = ["unshare", "-m", "sh", "-c", script, "sh"]
    for flags in ([], ["-I"], ["-X", "dev"]):
        status, _, _ = same(ground.run([*flags, "main.py"], prefix=prefix))
        assert status == 0 or flags == ["-I"]


def test_a05_the_directory_of_the_hook_is_named_in_odd_ways(ground):
    """Relative, with dots, with a slash behind it, twice, through a link."""
    for lane in ground.grove.lanes:
        (ground.folder(lane) / "link").symlink_to(lane.site())
    program = "import sys; print([each for each in sys.path if 'python3' not in each])"
    for way in ("{site}/", "{site}/.", "{site}//../{name}", "link", "./link/", "{site}:{site}"):
        outcomes = {}
        for lane in ground.grove.lanes:
            site = lane.site()
            entry = way.format(site=site, name=site.name) + ":" if lane.hooked else ""
            environment = ground.environment(lane)
            environment["PYTHONPATH"] = entry + str(ground.folder(lane) / "user")
            done = subprocess.run(
                [lane.python(ground.interpreter, "bare"), "-c", program],
                cwd=ground.folder(lane),
                env=environment,
                capture_output=True,
                text=True,
            )
            text = done.stdout.replace(str(ground.folder(lane)), "HERE")
            outcomes[lane.name] = (done.returncode, text, done.stderr)
        same(outcomes)

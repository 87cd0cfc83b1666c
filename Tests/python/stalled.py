"""A file system whose requests can be told to stall, and programs that lie on it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from profiled import HOOK, SETTLED

SOURCE = Path(__file__).parent / "fixtures" / "stallfs.c"
# How long what stalls does so, and how long a test waits for what must not wait for that; seconds.
STALL = 90
PATIENCE = 45
BACKENDS = ("io_uring", "threads")


class Stalled:
    """The mounted file system and the folder it shows."""

    def __init__(self, path):
        self.root = path / "root"
        self.mount = path / "mount"
        self._control = path / "control"
        self._log = path / "log"
        for folder in (self.root, self.mount):
            folder.mkdir()
        self._control.write_text("")
        self.binary = path / "stallfs"
        self.server = None

    def begin(self):
        """Mount it; skips the test where that cannot be had."""
        flags = subprocess.run(
            ["pkg-config", "--cflags", "--libs", "fuse3"], capture_output=True, text=True
        )
        if flags.returncode or not shutil.which("gcc"):
            pytest.skip("no gcc, or no libfuse3-dev")
        if not os.access("/dev/fuse", os.R_OK | os.W_OK):
            pytest.skip("/dev/fuse is not to be had")
        subprocess.run(["gcc", "-O1", SOURCE, "-o", self.binary, *flags.stdout.split()], check=True)
        paths = (self.root, self.mount, self._control, self._log)
        self.server = subprocess.Popen([self.binary, *map(str, paths)], stderr=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while not os.path.ismount(self.mount):
            if self.server.poll() is not None or time.monotonic() > end:
                pytest.skip("FUSE file systems cannot be mounted here")
            time.sleep(0.02)

    def end(self):
        """Unmount it, and end its server whoever still waits for it."""
        self._control.write_text("")
        subprocess.run(["umount", "-l", self.mount], stderr=subprocess.DEVNULL)
        if self.server:
            self.server.kill()
            self.server.wait()

    def write(self, name, text):
        """Make a file behind the file system's back, of an age that lets it be served."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        aged = time.time() - 3600
        os.utime(path, (aged, aged))

    @contextmanager
    def stall(self, *lines):
        """Have operations stall meanwhile: "OPERATION TEXT SECONDS" each."""
        self._log.write_text("")
        self._control.write_text("".join(line + "\n" for line in lines))
        try:
            yield
        finally:
            self._control.write_text("")

    def requests(self):
        """What was asked since something was told to stall last: operation, thread, path."""
        lines = self._log.read_text().splitlines()
        found = [line.split(" ", 2) for line in lines]
        return [(operation, int(thread), path) for operation, thread, path in found]

    def wait_for(self, operation, path):
        """Waits until somebody has asked for that."""
        end = time.monotonic() + PATIENCE
        while not any((o, p) == (operation, path) for o, _, p in self.requests()):
            assert time.monotonic() < end, (operation, path)
            time.sleep(0.02)

    def start(self, script, *, python=sys.executable, flags=("-B",), **variables):
        """Starts a program, with the hook unless `IMPORTAHEAD=0` is among the variables."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "IMPORTAHEAD"))}
        kept.update(PYTHONPATH=str(HOOK), IMPORTAHEAD_PROFILE="off", IMPORTAHEAD_REST="off")
        kept.update(variables)
        return subprocess.Popen(
            [python, *flags, str(script)],
            env=kept,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # Whoever runs the tests in the background has interrupts ignored, by all that he starts.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )


def finish(process):
    """What a program printed, as JSON, and its error output; it must end in time."""
    try:
        out, error = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        # Its children hold its pipes too.
        os.killpg(process.pid, signal.SIGKILL)
        out, error = process.communicate()
        pytest.fail("did not end: %s %s" % (out, error))
    return json.loads(out) if out.strip() else None, error


@pytest.fixture(scope="module")
def stalled(tmp_path_factory):
    """The file system, with sixty modules and a home directory."""
    made = Stalled(tmp_path_factory.mktemp("stalled"))
    try:
        for number in range(60):
            made.write("app/m%02d.py" % number, "value = %d\n" % number)
        made.write("home/.profile", "")
        # Files touched more recently prove nothing; the directory's own times cannot be set back.
        time.sleep(SETTLED)
        made.begin()
        yield made
    finally:
        made.end()

"""What may be read is what stock may open at that moment (cases S08, F09)."""

import os
import shutil
import subprocess

import pytest
from oracle import case
from profiled import Tree, is_built
from samples import MANY_FILES as FILES

pytestmark = [pytest.mark.part("process"), pytest.mark.kind("source")]

TRY = """
try:
    import secret
    print(secret.value)
except Exception as error:
    print(type(error).__name__, getattr(error, 'errno', None))
import mod
print(mod.value)
"""
SECRET = {"secret.py": "value = 'secret'\n"}


def hide(root, interpreter, python):
    """Lets only their owner, another user, read the secret module's files."""
    for path in root.rglob("*secret*.py*"):
        os.chmod(path, 0o600)
        os.chown(path, 65533, 65533)
    for path in (root, root.parent, root / "__pycache__"):
        os.chmod(path, 0o755)


LANDLOCK = """
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
READ = 1 << 2 | 1 << 3
rules = libc.syscall(444, struct.pack("Q", READ), 8, 0)
if rules < 0:
    print("no landlock")
else:
    here = os.path.dirname(os.path.abspath(__file__))
    for name in ("/usr", "/lib", "/etc", "/proc", "/root/.pyenv", sys.base_prefix, sys.prefix, here):
        if not os.path.exists(name):
            continue
        folder = os.open(name, os.O_PATH)
        libc.syscall(445, rules, 1, struct.pack("=Qi", READ, folder), 0)
        os.close(folder)
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    print("restricted", libc.syscall(446, rules, 0))
    os.close(rules)
"""


def put_secret_elsewhere(root, interpreter, python):
    """Moves the secret module to a directory outside of the program's."""
    other = root.parent / (root.name + "-hidden")
    shutil.rmtree(other, ignore_errors=True)
    other.mkdir()
    shutil.copy2(root / "secret.py", other)
    subprocess.run([python, "-I", "-m", "compileall", "-q", str(other)], check=True)
    os.unlink(root / "secret.py")
    for path in root.glob("__pycache__/secret*"):
        path.unlink()


@case(
    files={**FILES, **SECRET},
    body="import sys, time\nsys.path.append(sys.path[0] + '-hidden')\ntime.sleep(0.2)\n"
    + LANDLOCK
    + TRY,
    environment={"PYTHONPATH": "{root}-hidden"},
    flavour="pth",
    prepare=put_secret_elsewhere,
    recorded=False,
)
def test_s08_restricted_by_landlock_after_reading(outcome):
    if "no landlock" in outcome.text:
        pytest.skip("this kernel has no Landlock")
    assert "restricted 0\n" in outcome.text
    assert "\nsecret\n" not in outcome.text


CAPSET = """
import ctypes, struct, time
time.sleep(0.1)
libc = ctypes.CDLL(None, use_errno=True)
print(libc.capset(struct.pack("II", 0x20080522, 0), struct.pack("6I", *[0] * 6)))
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root has capabilities to drop")
@case(files={**FILES, **SECRET}, body=CAPSET + TRY, prepare=hide, recorded=False)
def test_f09_capabilities_dropped_after_reading(outcome):
    assert outcome.text == "0\nPermissionError 13\nmod\n"


SETFSUID = """
import ctypes, time
time.sleep(0.1)
ctypes.CDLL(None).setfsuid(65534)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can read as somebody else")
@case(files={**FILES, **SECRET}, body=SETFSUID + TRY, prepare=hide, recorded=False)
def test_f09_files_read_as_another_user(outcome):
    assert outcome.text == "PermissionError 13\nmod\n"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give its rights away")
@case(
    files={**FILES, "closed/__init__.py": "", "closed/secret.py": "value = 'secret'\n"},
    body="import closed, os, time\ntime.sleep(0.1)\nos.setgid(65534)\nos.setuid(65534)\n"
    + TRY.replace("secret", "closed.secret"),
    prepare=lambda root, interpreter, python: [
        *[os.chmod(path, 0o755) for path in (root, root.parent, root / "__pycache__")],
        os.chmod(root / "closed", 0o711),
    ],
    recorded=False,
)
def test_f09_a_directory_that_may_be_searched_and_not_listed(outcome):
    assert outcome.text == "ModuleNotFoundError None\nmod\n"


REDIRECT = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
static const char *elsewhere(const char *path, char *room) {
  const char *found = strstr(path, "/shown/");
  if (!found) return path;
  snprintf(room, 4096, "%.*s/behind/%s", (int)(found - path), path, found + 7);
  return room;
}
#define OPEN(name)                                                                             \
  int name(const char *path, int flags, ...) {                                                 \
    static int (*real)(const char *, int, ...);                                                \
    if (!real) real = dlsym(RTLD_NEXT, #name);                                                 \
    va_list more; va_start(more, flags); int mode = va_arg(more, int); va_end(more);           \
    char room[4096]; return real(elsewhere(path, room), flags, mode); }
OPEN(open)
OPEN(open64)
#define STAT(name, type)                                                                       \
  int name(const char *path, struct type *status) {                                            \
    static int (*real)(const char *, struct type *);                                           \
    if (!real) real = dlsym(RTLD_NEXT, #name);                                                 \
    char room[4096]; return real(elsewhere(path, room), status); }
STAT(stat, stat)
STAT(stat64, stat64)
"""


def test_s08_a_library_that_redirects_what_is_opened(grove, interpreter, tmp_path):
    """It knows open(2) and stat(2), as many do, and neither statx(2) nor what a ring opens."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        pytest.skip("no C compiler")
    (tmp_path / "redirect.c").write_text(REDIRECT)
    library = tmp_path / "redirect.so"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-o", library, tmp_path / "redirect.c", "-ldl"], check=True
    )
    for side in ("shown", "behind"):
        (tmp_path / side).mkdir()
        for number in range(20):
            (tmp_path / side / ("r%02d.py" % number)).write_text("value = %r\n" % side)
    text = "import sys, time\ntime.sleep(0.2)\n"
    text += "".join("import r%02d\n" % number for number in range(20))
    text += "print({sys.modules['r%02d' % n].value for n in range(20)})\n"
    (tmp_path / "main.py").write_text(text)
    grove.touch()
    grove.settle()
    shown = tmp_path / "shown"
    for lane in grove.lanes:
        environment = {
            **lane.variables(),
            "PATH": os.environ["PATH"],
            "LD_PRELOAD": str(library),
            "PYTHONPATH": str(shown),
        }
        run = subprocess.run(
            [lane.python(interpreter), "-B", "main.py"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            timeout=60,
        )
        outcome = (run.returncode, run.stdout, run.stderr)
        assert outcome == (0, b"{'behind'}\n", b""), lane.name


GIVES_UP = {
    "nothing": "",
    "new privileges": "assert ctypes.CDLL(None).prctl(38, 1, 0, 0, 0) == 0\n",
    "capabilities": CAPSET.replace("print", "str"),
    "its user": "import os\nos.setuid(65534)\n",
}


@is_built
@pytest.mark.parametrize("rights", list(GIVES_UP))
def test_s08_who_has_given_up_rights_has_no_profile_kept(tmp_path, rights):
    if os.getuid() != 0 and rights in ("capabilities", "its user"):
        pytest.skip("only root can")
    tree = Tree(tmp_path)
    for path in (tree.cache, tmp_path, *tmp_path.parents[:2]):
        os.chmod(path, 0o777)
    text = tree.script.read_text()
    tree.script.write_text("import ctypes\n" + GIVES_UP[rights] + text)
    tree.run(IMPORTAHEAD_STATS="-")
    assert tree.profiles.exists() == (rights == "nothing")

"""Programs that put their own finders, loaders or path hooks into the import system."""

from programs import FILES, program

CHECKED = """
import first
import json, mod, pkg.a
print(type(pkg.a.__loader__).__name__, type(mod.__loader__).__name__)
try:
    print(pkg.a.half('x'))
except Exception as error:
    print(type(error).__name__)
"""

# A hook for a file type of its own beside the usual ones, in a `.pth` file's manner.
SHOUT = """
import sys
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, SourceFileLoader


class Shout(SourceFileLoader):
    def source_to_code(self, data, path, **options):
        return super().source_to_code(bytes(data).replace(b'quiet', b'LOUD'), path)

    def path_stats(self, path):
        raise OSError('no bytecode')


sys.path_hooks.insert(0, FileFinder.path_hook((Shout, ['.shout'] + SOURCE_SUFFIXES)))
sys.path_importer_cache.clear()
"""


@program(
    "beartype.claw",
    "tools",
    "beartype",
    "BeartypeCallHintParamViolation",
    files={
        **FILES,
        "first.py": "from beartype.claw import beartype_packages\nbeartype_packages(('pkg',))\n",
        "main.py": CHECKED,
    },
)
def beartype(run):
    """Its path hook checks a package's annotations; twice, the second time with its bytecode."""
    run.python("main.py")
    run.python("main.py")


@program(
    "typeguard",
    "tools",
    "typeguard",
    "TypeCheckError",
    files={
        **FILES,
        "first.py": "from typeguard import install_import_hook\ninstall_import_hook('pkg')\n",
        "main.py": CHECKED,
    },
)
def typeguard(run):
    """Its meta path finder checks a package's annotations; twice."""
    run.python("main.py")
    run.python("main.py")


@program(
    "Hy",
    "tools",
    "hy",
    "42 lisp.hy hy",
    files={
        **FILES,
        "lisp.hy": "(import mod)\n(defn twice [x] (mod.double x))\n(setv value 'hy)\n",
        "main.py": "import hy, mod, lisp\nprint(lisp.twice(21), lisp.__file__[-7:], lisp.value)\n",
    },
)
def hy(run):
    """A `.hy` module beside Python's, from source and from its bytecode; `hy -c`."""
    run.python("main.py")
    run.python("main.py")
    run.python("-m", "hy", "-c", "(import lisp) (print (lisp.twice 4))")


@program(
    "a path hook of another file type",
    "tools",
    "",
    "LOUD secret Shout",
    files={
        **FILES,
        "first.py": SHOUT,
        "loud.shout": "word = 'quiet secret'\n",
        "main.py": "import first\nimport loud, mod\nprint(loud.word, type(mod.__loader__).__name__)\n",
    },
)
def shout(run):
    """`FileFinder.path_hook` with another loader and suffix, put in front."""
    run.python("main.py")


@program(
    "pyconcrete",
    "pyconcrete",
    "pyconcrete",
    "42 mod.pye",
    files={
        **FILES,
        "main.py": "import pyconcrete\nimport mod, pkg.a\nprint(mod.double(21), mod.__file__[-7:])\n",
    },
)
def pyconcrete(run):
    """Modules encrypted as `.pye` files, their sources removed."""
    for name in ("mod.py", "pkg"):
        run.outside("pyecli", "compile", "--pye", "-s=" + name, "--remove-py", "--remove-pyc")
    run.say(sorted(path.name for path in run.folder.rglob("*.py*") if "cache" not in str(path)))
    run.python("main.py")

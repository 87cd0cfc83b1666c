"""Breaks the product on purpose, one promise at a time, and shows which cases notice.

    python Tests/mutations/run.py [NAME ...]

Everything happens in a copy below `.build/mutations`, on the newest interpreter. The unbroken copy
must pass the same tests.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path[:0] = [str(HERE), str(REPOSITORY / "Tests" / "python")]

from oracle import discover  # noqa: E402
from table import CORE, MUTATIONS  # noqa: E402

SCRATCH = REPOSITORY / ".build" / "mutations"
COPY = SCRATCH / "copy"

# Which mutant is alive, told by the hook through the C environment.
SWITCH = """
internal import CLinux

/// Whether the promise with this number is broken.
public func isMutant(_ number: Int32) -> Bool {
  guard let text = unsafe getenv("ORACLE_MUTANT") else { return false }
  return unsafe atoi(text) == number
}
"""
SUITES = """
    activation bytecode finder fork loader mutation new_modules path_entries path_hook process
""".split()


def main():
    """Returns how many mutants nobody caught, plus the cases that fail where nothing is broken."""
    wanted = [each for each in MUTATIONS if each.name in sys.argv[1:] or not sys.argv[1:]]
    copy_sources()
    extension = build()
    failing, passed, output = tested(extension, " or ".join("(%s)" % each.tests for each in wanted))
    print("unbroken: %d of %d cases fail" % (len(failing), len(failing) + passed), flush=True)
    if failing or not passed:
        print(output[-3000:])
        return 1
    unseen = [each for each in wanted if not is_caught(each, extension)]
    print("%d of %d mutants caught" % (len(wanted) - len(unseen), len(wanted)))
    return len(unseen)


def is_caught(mutation, extension):
    """Whether a mutant makes cases fail that otherwise pass; says which."""
    failed, passed, output = tested(extension, mutation.tests, mutation)
    print("%s (%s): %s" % (mutation.name, mutation.broken, "caught" if failed else "NOT CAUGHT"))
    print("    %d of %d cases fail" % (len(failed), len(failed) + passed))
    for name in failed[:3]:
        print("    %s" % name, flush=True)
    if not failed:
        print(output[-2000:], flush=True)
    return bool(failed)


def copy_sources():
    """Copies what a build needs, with every native mutation behind its switch."""
    shutil.rmtree(COPY, ignore_errors=True)
    ignored = shutil.ignore_patterns("python", "conformance", "mutations", "__pycache__")
    for folder in ("Sources", "Tests"):
        keep = None if folder == "Sources" else ignored
        shutil.copytree(REPOSITORY / folder, COPY / folder, ignore=keep)
    for name in ("Package.swift", "Package.resolved"):
        if (REPOSITORY / name).exists():
            shutil.copy(REPOSITORY / name, COPY)
    (COPY / CORE / "Mutant.swift").write_text(SWITCH)
    for number, mutation in enumerate(MUTATIONS, 1):
        path = COPY / mutation.file
        text = path.read_text()
        if text.count(mutation.old) < 1:
            sys.exit("%s: its text is not in %s any more" % (mutation.name, mutation.file))
        if mutation.native:
            new = mutation.new.replace("@", str(number))
            path.write_text(text.replace(mutation.old, new, 1))


def build():
    """Builds the extension of the copy; its path."""
    command = ["swift", "build", "-c", "release", "--traits", "Embedded"]
    command += ["--product", "_importahead", "--scratch-path", str(SCRATCH / "build")]
    done = subprocess.run(command, cwd=COPY, capture_output=True, text=True)
    if done.returncode:
        sys.exit("the copy does not compile:\n" + (done.stdout + done.stderr)[-3000:])
    return SCRATCH / "build" / "release" / "lib_importahead.so"


def tested(extension, tests, mutation=None):
    """The names of the cases that fail, how many pass, and what pytest printed."""
    hook = SCRATCH / "hooks" / ("mutant" if mutation else "sound")
    shutil.rmtree(hook, ignore_errors=True)
    shutil.copytree(COPY / "Sources" / "python", hook)
    shutil.copy(extension, hook / "importahead" / "_importahead.abi3.so")
    if mutation and mutation.native:
        number = MUTATIONS.index(mutation) + 1
        line = "posix.putenv(b'ORACLE_MUTANT', b'%d')" % number
        prepend(hook / "importahead" / "__init__.py", line)
    elif mutation:
        path = hook / mutation.file.partition("Sources/python/")[2]
        path.write_text(path.read_text().replace(mutation.old, mutation.new, 1))
    suites = [str(REPOSITORY / "Tests" / "python" / ("test_%s.py" % name)) for name in SUITES]
    command = [sys.executable, "-m", "pytest", "-q", "-rfE", "--tb=no", "-p", "no:cacheprovider"]
    command += ["--hook", str(hook), "-k", tests, *suites]
    environment = {**os.environ, "ORACLE_SCRATCH": str(SCRATCH / "lanes")}
    environment["ORACLE_PYTHONS"] = discover()[-1].name
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    failed = re.findall(r"^(?:FAILED|ERROR) \S+::(\S+)", done.stdout, re.M)
    passed = re.search(r"(\d+) passed", done.stdout)
    return failed, int(passed.group(1)) if passed else 0, done.stdout + done.stderr


def prepend(path, line):
    """Puts a line in front of a module's code, behind its docstring."""
    docstring, end, rest = path.read_text().partition('"""\n\n')
    path.write_text("%s%simport posix\n\n%s\n%s" % (docstring, end, line, rest))


if __name__ == "__main__":
    sys.exit(main())

"""Breaks the product on purpose, one promise at a time, and shows which cases notice.

    python Tests/mutations/run.py [NAME ...]

Everything happens in a copy below `.build/mutations`. The unbroken copy must pass the same tests.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from table import CORE, MUTATIONS

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
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
SUITES = ["activation", "finder", "loader", "path_hook", "process"]


def main():
    """Returns how many mutants nobody caught, plus one if the unbroken copy fails."""
    wanted = [each for each in MUTATIONS if each.name in sys.argv[1:] or not sys.argv[1:]]
    copy_sources()
    extension = build()
    unseen = 0
    for mutation in wanted:
        failed, passed, output = tested(mutation, extension, broken=True)
        sound, _, unbroken = tested(mutation, extension, broken=False)
        caught = bool(failed) and not sound
        unseen += not caught
        print("%s: %s: %s" % (mutation.name, mutation.broken, "caught" if caught else "NOT CAUGHT"))
        for name in failed[:3]:
            print("    by %s" % name)
        print(
            "    %d of %d cases; %d where nothing is broken"
            % (len(failed), len(failed) + passed, len(sound)),
            flush=True,
        )
        if not caught:
            print((unbroken if sound else output)[-2000:])
    print("%d of %d mutants caught" % (len(wanted) - unseen, len(wanted)))
    return unseen


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


def tested(mutation, extension, broken):
    """The names of the cases that fail, how many pass, and what pytest printed."""
    hook = SCRATCH / "hooks" / ("mutant" if broken else "sound")
    shutil.rmtree(hook, ignore_errors=True)
    shutil.copytree(COPY / "Sources" / "python", hook)
    shutil.copy(extension, hook / "importahead" / "_importahead.abi3.so")
    if broken and mutation.native:
        number = MUTATIONS.index(mutation) + 1
        prepend(hook / "importahead" / "hook.py", "posix.putenv(b'ORACLE_MUTANT', b'%d')" % number)
    elif broken:
        path = hook / mutation.file.partition("Sources/python/")[2]
        path.write_text(path.read_text().replace(mutation.old, mutation.new, 1))
    suites = [str(REPOSITORY / "Tests" / "python" / ("test_%s.py" % name)) for name in SUITES]
    command = [sys.executable, "-m", "pytest", "-q", "-rfE", "--tb=no", "-p", "no:cacheprovider"]
    command += ["--hook", str(hook), "-k", mutation.tests, *suites]
    environment = {**os.environ, "ORACLE_SCRATCH": str(SCRATCH / "lanes")}
    if mutation.pythons:
        environment["ORACLE_PYTHONS"] = mutation.pythons
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

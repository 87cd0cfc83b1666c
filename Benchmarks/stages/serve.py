"""Time what one import asks of the finder and the loader, and print nanoseconds as JSON.

usage: serve.py ENTRY [ENTRY...]

Run with importahead's hook for its times and without for stock's. The session sees the imports
below, and has read everything ahead when the clock starts. Everything is warm: what is compared is
the work, not the waiting.
"""

import json
import os
import sys
import time

FINDS = 20


def packages(entry):
    """Every package directory below an entry, with its dotted name and its modules' names."""
    for folder, names, files in os.walk(entry):
        names[:] = sorted(n for n in names if n != "__pycache__")
        dotted = os.path.relpath(folder, entry).replace(os.sep, ".")
        modules = [f[:-3] for f in sorted(files) if f.endswith(".py") and f != "__init__.py"]
        if modules and dotted != ".":
            yield folder, dotted, modules


def finder(folder):
    """The path entry finder that the interpreter uses for a directory."""
    for hook in sys.path_hooks:
        try:
            return hook(folder)
        except ImportError:
            continue
    raise SystemExit(f"no finder for {folder}")


def main():
    """Time finds, then gets, over the whole tree."""
    time.sleep(1.0)
    clock = time.perf_counter_ns
    finds = gets = find_time = get_time = 0
    specs = []
    for entry in sys.argv[1:]:
        for folder, dotted, modules in packages(entry):
            place = finder(folder)
            place.find_spec(f"{dotted}.{modules[0]}")
            for module in modules:
                name = f"{dotted}.{module}"
                start = clock()
                for _ in range(FINDS):
                    spec = place.find_spec(name)
                find_time += clock() - start
                finds += FINDS
                specs.append(spec)
    for spec in specs:
        start = clock()
        spec.loader.get_data(spec.cached)
        get_time += clock() - start
        gets += 1
    result = {"find": find_time / finds, "get": get_time / gets, "modules": gets}
    if "importahead" in sys.modules:
        result["hits"] = sys.modules["importahead"].stats()["hits"]
    json.dump(result, sys.stdout)


main()
if len(sys.argv) > 10_000:
    import tree0  # noqa: F401

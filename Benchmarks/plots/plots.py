"""Draw the pictures of an archived run.

usage: plots.py RUN-DIRECTORY

Reads raw.json (and waterfall.json), writes PNG and SVG files beside it.
"""

import json
import pathlib
import sys

from bars import draw_bars
from sweep import draw_sweep
from waterfall import draw_waterfall


def main():
    """Draw everything the archive has."""
    if len(sys.argv) != 2:
        sys.exit("usage: plots.py RUN-DIRECTORY")
    folder = pathlib.Path(sys.argv[1])
    try:
        archive = json.loads((folder / "raw.json").read_text())
    except (OSError, ValueError) as error:
        sys.exit(f"plots.py: no archive in {folder}: {error}")
    draw_bars(archive, folder)
    draw_sweep(archive, folder, "modules", "modules imported")
    draw_sweep(archive, folder, "latency", "latency of a request, ms")
    draw_waterfall(archive, folder)


main()

"""Every numbered case has a test that bears its number, or a reason on docs/compliance.md."""

import re
from pathlib import Path

from oracle.places import REPOSITORY

CASES = [
    *("%02d" % number for number in range(1, 43)),
    *("i%02d" % number for number in range(1, 25)),
    *("a%02d" % number for number in range(1, 14)),
    *("f%02d" % number for number in range(1, 17)),
    *("u%02d" % number for number in range(1, 10)),
    *("s%02d" % number for number in range(1, 14)),
]


def numbered():
    """The numbers in the names of all tests."""
    found = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        for name in re.findall(r"^def test_((?:[iafus]?\d\d_)+)", path.read_text(), re.M):
            found.update(name.strip("_").split("_"))
    return found


def excused():
    """The numbers in the last table of docs/compliance.md."""
    text = (REPOSITORY / "docs" / "compliance.md").read_text()
    rows = text.partition("## What cannot apply")[2].splitlines()
    cells = [row.split("|")[1].split() for row in rows if row.startswith("|")]
    return {number for cell in cells for number in cell if number[-1].isdigit()}


def test_every_case_has_a_test_or_a_reason():
    missing = [number for number in CASES if number not in numbered() | excused()]
    assert not missing, missing


def test_no_reason_stands_where_there_is_a_test():
    assert not numbered() & excused()

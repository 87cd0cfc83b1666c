"""The finder: what is found, in which order, with which spec."""

import pytest
from oracle import Link, Zip, case
from oracle.case import extension

pytestmark = pytest.mark.part("finder")


@case(
    files={
        "mod.py": "value = 'source'\n",
        "mod/__init__.py": "value = 'package'\n",
        "_heapq.py": "value = 'source'\n",
        "_heapq{ext}": extension("_heapq"),
        "lonely/readme.txt": "no __init__ here\n",
        "lonely.py": "value = 'module'\n",
    },
    body="import mod, _heapq, lonely\nprint(mod.value, _heapq.__file__, lonely.value)\n",
    served=True,
)
def test_12_precedence_in_one_directory(outcome):
    assert "package" in outcome.text and "module" in outcome.text
    assert "_heapq.cpython" in outcome.text

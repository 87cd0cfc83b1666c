"""Metadata of distributions: importahead has no part in finding it (case 25)."""

import pytest
from oracle import case

pytestmark = pytest.mark.part("metadata")

FILES = {
    "tool/__init__.py": "value = 'tool'\n",
    "tool-1.5.dist-info/METADATA": "Metadata-Version: 2.1\nName: tool\nVersion: 1.5\n",
    "tool-1.5.dist-info/entry_points.txt": "[tool.plugins]\nfirst = tool:value\n",
    "tool-1.5.dist-info/RECORD": "tool/__init__.py,,\n",
    "old.egg-info/PKG-INFO": "Metadata-Version: 1.0\nName: old\nVersion: 0.3\n",
}


@pytest.mark.kind("source")
@case(
    files=FILES,
    body="""
    from importlib import metadata
    import tool
    print(metadata.version('tool'), metadata.version('old'))
    print([str(path) for path in metadata.files('tool')])
    print(sorted(d.metadata['Name'] for d in metadata.distributions() if d.metadata['Name'] != 'pip'))
    points = metadata.entry_points()
    points = points.get('tool.plugins') if isinstance(points, dict) else points.select(group='tool.plugins')
    print([point.load() for point in points])
    try:
        metadata.version('absent')
    except metadata.PackageNotFoundError as error:
        print(error)
    """,
    served=True,
    known=True,
    flags=("-W", "ignore"),
)
def test_25_distributions_and_entry_points(outcome):
    assert outcome.text.startswith("1.5 0.3")


@pytest.mark.kind("source")
@case(
    files={"mod.py": "import os\n"},
    body="""
    import importlib, os
    from importlib import metadata
    import mod
    os.mkdir('late-2.0.dist-info')
    with open('late-2.0.dist-info/METADATA', 'w') as stream:
        stream.write('Name: late\\nVersion: 2.0\\n')
    importlib.invalidate_caches()
    print(metadata.version('late'))
    """,
)
def test_25_a_distribution_installed_at_run_time(outcome):
    assert outcome.text == "2.0\n"

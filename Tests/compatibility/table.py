"""The table in docs/compatibility.md."""

import re
from dataclasses import dataclass

SAME = "as stock"
BEGIN, END = "<!-- compatibility:begin -->", "<!-- compatibility:end -->"
_HEAD = ["| program | version | CPython | result | what was done, or what differs |"]
_HEAD += ["|---|---|---|---|---|"]


@dataclass(frozen=True)
class Row:
    """What came of one program."""

    name: str
    version: str
    python: str
    result: str
    note: str

    @property
    def differs(self):
        """Whether something was not as in stock, or nothing was shown."""
        return self.result.startswith(("differs", "void"))

    def line(self):
        """The row as one line of a Markdown table."""
        cells = (self.name, self.version, self.python, self.result, self.note)
        return "| %s |" % " | ".join(cell.replace("|", "\\|").strip() or "–" for cell in cells)


def write(path, rows, order):
    """Puts rows in place of those of the same programs, in the order of the programs."""
    text = path.read_text()
    before, _, rest = text.partition(BEGIN)
    kept, _, after = rest.partition(END)
    lines = {}
    for line in kept.splitlines():
        found = re.match(r"\| (.+?) \|", line)
        if found and found.group(1) in order:
            lines[found.group(1)] = line
    lines.update({row.name: row.line() for row in rows})
    table = "\n".join([*_HEAD, *(lines[name] for name in order if name in lines)])
    path.write_text("%s%s\n%s\n%s%s" % (before, BEGIN, table, END, after))

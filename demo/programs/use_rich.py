"""Render a table with rich to a string."""

import io

from rich.console import Console
from rich.table import Table

table = Table(title="Rain")
table.add_column("City")
table.add_column("mm", justify="right")
table.add_row("Bergen", "2410")
console = Console(file=io.StringIO(), width=40)
console.print(table)
print("rich", len(console.file.getvalue().splitlines()), "lines")

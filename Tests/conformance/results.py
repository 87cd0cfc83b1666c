"""Reads JUnit files of regrtest and compares them case by case."""

from collections import Counter, defaultdict
from xml.etree import ElementTree


class Results:
    """Outcomes of test cases by module and case name; a name may occur several times."""

    def __init__(self):
        self.cases = defaultdict(lambda: defaultdict(list))
        self.seconds = 0.0
        self.active = self.inactive = self.rings = self.status = 0

    def count(self, *outcomes):
        """How many cases had one of the outcomes (any, without arguments)."""
        return sum(self.count_of(module, *outcomes) for module in self.cases)

    def count_of(self, module, *outcomes):
        """The same for one module."""
        found = [each for several in self.cases[module].values() for each in several]
        return len([each for each in found if not outcomes or each in outcomes])

    def add(self, other):
        """Takes in the results of another run."""
        for module, cases in other.cases.items():
            for name, found in cases.items():
                self.cases[module][name] += found
        self.seconds += other.seconds
        self.active += other.active
        self.inactive += other.inactive
        self.rings += other.rings

    def only(self, module):
        """The results of one module."""
        chosen = Results()
        chosen.cases[module] = self.cases[module]
        return chosen


def read(path):
    """Reads a JUnit file; one that is missing or broken has no cases."""
    results = Results()
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError):
        return results
    for case in root.iter("testcase"):
        name = case.get("name")
        results.cases[module_of(name)][name].append(outcome_of(case))
    return results


def module_of(name):
    """`test_import` of `test.test_import.ImportTests.test_x`."""
    parts = name.split(".")
    return next((part for part in parts if part.startswith("test_")), "(others)")


def outcome_of(case):
    """One word for a `testcase` element."""
    children = [child.tag for child in case]
    for tag, word in (("error", "error"), ("failure", "failure"), ("skipped", "skipped")):
        if tag in children:
            return word
    return case.get("result", "completed")


def compare(stock, hooked, allowed):
    """Yields module, case, stock's outcome and the hooked one for each case that differs."""
    modules = sorted(set(stock.cases) | set(hooked.cases))
    for module in modules:
        before, after = stock.cases[module], hooked.cases[module]
        for name in sorted(set(before) | set(after)):
            was, now = sorted(before.get(name, [])), sorted(after.get(name, []))
            if was != now and not any(name.endswith(each) for each in allowed):
                yield module, name, " ".join(was) or "not run", " ".join(now) or "not run"


def table(title, columns):
    """Every module's counts of cases, failures and skips, side by side."""
    modules = sorted(set().union(*(results.cases for results in columns.values())))
    width = max([len(module) for module in modules] + [len(title), 20])
    lines = ["", title.ljust(width) + "".join(name.rjust(25) for name in columns)]
    for module in modules:
        cells = [_cell(results, module) for results in columns.values()]
        lines.append(module.ljust(width) + "".join(cell.rjust(25) for cell in cells))
    totals = [
        "%d/%d/%d" % (r.count(), r.count("error", "failure"), r.count("skipped"))
        for r in columns.values()
    ]
    lines.append("all: run/bad/skipped".ljust(width) + "".join(t.rjust(25) for t in totals))
    active = ["%d in %.0f s" % (results.active, results.seconds) for results in columns.values()]
    lines.append("processes hooked".ljust(width) + "".join(each.rjust(25) for each in active))
    rings = [str(results.rings or "") for results in columns.values()]
    if any(rings):
        lines.append(
            "processes with a ring".ljust(width) + "".join(each.rjust(25) for each in rings)
        )
    return "\n".join(lines)


def _cell(results, module):
    counted = Counter(each for several in results.cases[module].values() for each in several)
    bad = counted["error"] + counted["failure"]
    return "%d/%d/%d" % (sum(counted.values()), bad, counted["skipped"])

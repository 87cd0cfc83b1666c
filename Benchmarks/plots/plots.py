"""Draw the pictures of an archived run.

usage: plots.py RUN-DIRECTORY

Reads raw.json (and waterfall.json), writes PNG and SVG files beside it.
"""

import json
import pathlib
import re
import statistics
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.collections import PolyCollection  # noqa: E402
from matplotlib.patches import Patch  # noqa: E402
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter  # noqa: E402

# Okabe and Ito's colours, told apart by most eyes; the same contestant has the same one everywhere.
COLOURS = {
    "stock": "#444444",
    "stock-warm": "#bbbbbb",
    "io_uring": "#0072b2",
    "threads": "#56b4e9",
    "io_uring-learned": "#3d2c8d",
    "threads-learned": "#8b80d9",
    "readlist": "#e69f00",
    "cat": "#f0c95c",
    "vmtouch": "#d55e00",
    "pycds": "#009e73",
    "zipapp": "#cc79a7",
    "squashfs": "#a0724a",
}
MARKERS = {
    "stock": "o",
    "stock-warm": "s",
    "io_uring": "D",
    "threads": "^",
    "io_uring-learned": "*",
    "threads-learned": "P",
    "readlist": "v",
}
STORAGES = {"local-cold": "local disk, cold", "local-warm": "local disk, warm"}

plt.rcParams.update(
    {
        "font.family": "DejaVu Sans",
        "font.size": 8.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 9.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.axisbelow": True,
        "grid.color": "#e4e4e4",
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "svg.fonttype": "none",
        "svg.hashsalt": "importahead",
    }
)


def seconds(series):
    """The measured times of a series."""
    return [sample["seconds"] for sample in series["samples"]]


def quartiles(values):
    """Lower quartile, median, upper quartile."""
    if len(values) < 2:
        return values[0], values[0], values[0]
    return tuple(statistics.quantiles(values, n=4, method="inclusive"))


def storage_name(identifier):
    """A storage in the words of a caption."""
    if identifier in STORAGES:
        return STORAGES[identifier]
    match = re.fullmatch(r"slow-([^-]+)(?:-(\w+))?", identifier)
    preset = f", {match[2]} caching" if match and match[2] else ""
    return f"slow file system, {spaced(match[1])} a request{preset}" if match else identifier


def spaced(text):
    """`1ms` with the space that belongs there."""
    return re.sub(r"(?<=\d)(?=[a-z])", " ", text)


def time_text(value, _=None):
    """Seconds as a reader says them."""
    if value >= 0.9995:
        return f"{value:.2f} s"
    return f"{value * 1000:.{0 if value >= 0.0995 else 1}f} ms"


def tick_text(value, _=None):
    """A round number of seconds on an axis."""
    if value >= 0.9995:
        return f"{value:.3g} s"
    return f"{value * 1000:.3g} ms" if value > 0 else "0"


def save(figure, folder, name):
    """Write a figure twice: for the web and for print."""
    for suffix in ("png", "svg"):
        metadata = {"Date": None} if suffix == "svg" else None
        figure.savefig(folder / f"{name}.{suffix}", dpi=200, bbox_inches="tight", metadata=metadata)
    plt.close(figure)


def subtitle(archive):
    """Machine and versions, for the foot of each picture."""
    machine = archive["machine"]
    python = machine.get("python", "?").split(" ")[0]
    return (
        f"{machine.get('processors', '?')} processors, Linux {machine.get('kernel', '?')}, "
        f"CPython {python}, {archive['date'][:10]}"
    )


def draw_bars(archive, folder):
    """One picture per storage: a panel per program, a bar per contestant, with its spread."""
    cells = [cell for cell in archive["cells"] if cell["figure"] == "bars"]
    for storage in dict.fromkeys(cell["storage"] for cell in cells):
        here = [cell for cell in cells if cell["storage"] == storage]
        here = [cell for cell in here if any(s["samples"] for s in cell["series"])]
        if not here:
            continue
        columns = min(3, len(here))
        rows = -(-len(here) // columns)
        names = {s["contestant"]: s["title"] for cell in here for s in cell["series"]}
        # The contestants' order is that of the cell with most of them.
        largest = max(here, key=lambda cell: len(cell["series"]))
        order = list(dict.fromkeys([s["contestant"] for s in largest["series"]] + list(names)))
        figure, axes = plt.subplots(
            rows,
            columns,
            figsize=(3.1 * columns + 2.1, (0.21 * len(order) + 0.75) * rows + 0.35),
            squeeze=False,
            sharey=True,
            layout="constrained",
        )
        for index, axis in enumerate(axes.flat):
            if index < len(here):
                panel(axis, here[index], order)
            else:
                axis.set_visible(False)
        axes.flat[0].set_yticks(range(len(order)), [names[name] for name in order])
        figure.suptitle(
            f"Start to exit, {storage_name(storage)}", x=0.01, ha="left", weight="bold", size=11
        )
        figure.supxlabel(
            f"median; whiskers are quartiles, points single runs.  {subtitle(archive)}",
            size=7,
            color="#666666",
            x=0.99,
            ha="right",
        )
        save(figure, folder, f"bars-{storage}")


def panel(axis, cell, order):
    """The bars of one cell; each contestant has its line in all cells."""
    stock = next((s for s in cell["series"] if s["contestant"] == "stock"), None)
    base = quartiles(seconds(stock))[1] if stock and stock["samples"] else None
    top = max(quartiles(seconds(s))[2] for s in cell["series"] if s["samples"])
    # One contestant that is far off (a whole site-packages read first) must not flatten the rest.
    limit = min(top, 1.7 * base) if base else top
    present = {series["contestant"]: series for series in cell["series"]}
    for row, name in enumerate(order):
        series = present.get(
            name, {"contestant": name, "samples": [], "absent": "not in this plan"}
        )
        values = seconds(series)
        if not values:
            reason = series.get("absent") or "not measured"
            short = short_reason(reason)
            axis.text(limit * 0.01, row, f"– {short}", va="center", size=6.5, color="#999999")
            continue
        low, mid, high = quartiles(values)
        colour = COLOURS.get(series["contestant"], "#888888")
        axis.barh(row, min(mid, limit), height=0.72, color=colour)
        inside = [value for value in values if value <= limit]
        axis.plot(inside, [row] * len(inside), "|", color="black", alpha=0.25, ms=5, mew=0.8)
        axis.errorbar(
            min(mid, limit),
            row,
            xerr=[[max(0, min(mid, limit) - low)], [max(0, min(high, limit) - min(mid, limit))]],
            fmt="none",
            ecolor="black",
            elinewidth=0.9,
            capsize=2,
        )
        text = time_text(mid)
        if base and series["contestant"] != "stock":
            text += f"  ({mid / base:.2f}×)"
        if mid > limit:
            text = f"▸ {text}"
        end = min(max(high, mid), limit)
        axis.text(
            end + limit * 0.025,
            row,
            text,
            va="center",
            size=6.8,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
        )
    if base:
        axis.axvline(base, color=COLOURS["stock"], lw=0.7, ls=(0, (3, 2)), zorder=0)
    axis.tick_params(axis="y", length=0)
    axis.set_ylim(len(order) - 0.4, -0.6)
    axis.set_xlim(0, limit * 1.42)
    axis.xaxis.set_major_formatter(FuncFormatter(tick_text))
    axis.locator_params(axis="x", nbins=4)
    axis.grid(axis="x")
    axis.spines["left"].set_visible(False)
    count = cell.get("modules")
    told = not count or "modules" in cell["title"]
    axis.set_title(cell["title"] if told else f"{cell['title']}, {count:,} modules")


def short_reason(reason):
    """Why there is no bar, in the space of one."""
    for long, short in (
        ("C extensions", "no C extensions in a zip"),
        ("fails on this program", "fails on this program"),
    ):
        if long in reason:
            return short
    return reason if len(reason) <= 34 else "absent"


def draw_sweep(archive, folder, figure_name, label):
    """Cost against a swept quantity, a panel per storage, with quartiles as bands."""
    cells = [c for c in archive["cells"] if c["figure"] == figure_name]
    cells = [c for c in cells if any(s["samples"] for s in c["series"])]
    if not cells:
        return
    groups = {}
    for cell in cells:
        key = "latency" if figure_name == "latency" else cell["storage"]
        groups.setdefault(key, []).append(cell)
    figure, axes = plt.subplots(
        1, len(groups), figsize=(3.9 * len(groups) + 1.0, 3.5), squeeze=False, layout="constrained"
    )
    for axis, (key, group) in zip(axes.flat, groups.items()):
        lines(axis, sorted(group, key=lambda cell: cell["parameter"]), figure_name)
        axis.set_xlabel(label)
        axis.set_title(group[0]["title"] if key == "latency" else storage_name(key))
    axes.flat[0].set_ylabel("start to exit")
    shown = {}
    for axis in axes.flat:
        shown.update(zip(*axis.get_legend_handles_labels()[::-1]))
    figure.legend(
        shown.values(),
        shown.keys(),
        loc="outside upper left",
        ncols=3 if len(groups) > 1 else 2,
        fontsize=7.5,
        handlelength=2.2,
        columnspacing=1.6,
    )
    figure.supxlabel(
        f"median, bands are quartiles.  {subtitle(archive)}",
        size=7,
        color="#666666",
        x=0.99,
        ha="right",
    )
    save(figure, folder, figure_name)


def lines(axis, cells, figure_name):
    """The lines of one sweep."""
    order = list(dict.fromkeys(s["contestant"] for cell in cells for s in cell["series"]))
    for name in order:
        points = [
            (cell["parameter"], *quartiles(seconds(series)), series["title"])
            for cell in cells
            for series in cell["series"]
            if series["contestant"] == name and series["samples"]
        ]
        if not points:
            continue
        x, low, mid, high, title = zip(*points)
        colour = COLOURS.get(name, "#888888")
        axis.fill_between(x, low, high, color=colour, alpha=0.18, lw=0)
        axis.plot(
            x,
            mid,
            color=colour,
            marker=MARKERS.get(name, "o"),
            ms=7 if MARKERS.get(name) == "*" else 4,
            lw=1.4,
            label=title[0],
            ls="--" if name == "stock-warm" else "-",
        )
    axis.set_yscale("log")
    if figure_name == "latency":
        steps = sorted({cell["parameter"] for cell in cells})
        smallest = next((step for step in steps if step > 0), 0.1)
        if steps[0] > 0:
            axis.set_xscale("log")
        else:
            axis.set_xscale("symlog", linthresh=smallest, linscale=0.4)
        axis.set_xticks(steps, [f"{step:g}" for step in steps])
    else:
        axis.set_xscale("log")
        steps = sorted({cell["parameter"] for cell in cells})
        axis.set_xticks(steps, [f"{int(step):,}" for step in steps])
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.minorticks_off()
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter(FuncFormatter(tick_text))
    axis.margins(x=0.06)
    axis.grid(True)


def draw_waterfall(archive, folder):
    """One start: what the importing thread did, and the requests in flight, stock above ours."""
    path = folder / "waterfall.json"
    if not path.exists():
        return
    falls = json.loads(path.read_text())
    if not falls:
        return
    scale = max(fall["seconds"] for fall in falls)
    figure, axes = plt.subplots(
        2 * len(falls),
        1,
        figsize=(8.2, 1.75 * len(falls) + 0.55),
        sharex=True,
        gridspec_kw={"height_ratios": [0.55, 1] * len(falls)},
        layout="constrained",
    )
    peak = max(max((y for _, y in in_flight(fall, None)), default=1) for fall in falls)
    for index, fall in enumerate(falls):
        thread, flight = axes[2 * index], axes[2 * index + 1]
        draw_thread(thread, fall)
        draw_flight(flight, fall, peak)
        for axis in (thread, flight):
            axis.set_xlim(0, scale * 1.01)
    axes[-1].xaxis.set_major_formatter(FuncFormatter(tick_text))
    axes[-1].set_xlabel("time since start")
    figure.legend(
        handles=[
            Patch(color="#0072b2", label="thread evaluates"),
            Patch(color="#f2c9b5", label="waits"),
            Patch(color="#d55e00", label="its own request"),
            Patch(color="#009e73", label="request made ahead"),
        ],
        loc="outside upper right",
        ncols=4,
        fontsize=7,
        columnspacing=1.2,
        handlelength=1.2,
    )
    figure.suptitle(f"One start: {falls[0]['program']}", x=0.01, ha="left", weight="bold", size=11)
    figure.supxlabel(
        f"{spaced(falls[0]['storage'])}.  {subtitle(archive)}",
        size=7,
        color="#666666",
        x=0.99,
        ha="right",
    )
    save(figure, folder, "waterfall")


def draw_thread(axis, fall):
    """When the importing thread ran and when it waited."""
    runs = [(s["start"], s["end"] - s["start"]) for s in fall["stretches"] if s["runs"]]
    axis.broken_barh([(0, fall["seconds"])], (0, 1), color="#f2c9b5", lw=0)
    axis.broken_barh(runs, (0, 1), color="#0072b2", lw=0)
    waited = fall["seconds"] - sum(length for _, length in runs)
    axis.set_title(fall["title"])
    axis.set_title(
        f"{time_text(fall['seconds'])}, of which {time_text(waited)} waiting",
        loc="right",
        size=8,
        weight="normal",
        color="#444444",
    )
    axis.set_yticks([0.5], ["importing\nthread"], size=7.5)
    axis.tick_params(axis="both", length=0)
    axis.set_ylim(0, 1)
    axis.spines[["left", "bottom"]].set_visible(False)


def in_flight(fall, own):
    """How many requests were under way, as steps; `own` chooses whose, None is everybody's."""
    events = []
    for start, end, mine, _ in fall["requests"]:
        if own is None or bool(mine) == own:
            events += [(start, 1), (end, -1)]
    count, steps = 0, []
    for time, change in sorted(events):
        steps.append((time, count))
        count += change
        steps.append((time, count))
    return steps


def draw_flight(axis, fall, peak):
    """The requests in flight, the importing thread's over those made ahead."""
    totals = {True: 0, False: 0}
    for _, _, mine, _ in fall["requests"]:
        totals[bool(mine)] += 1
    for own, colour in ((False, "#009e73"), (True, "#d55e00")):
        steps = in_flight(fall, own)
        if steps:
            x, y = zip(*steps)
            outline = list(zip(x, y)) + [(x[-1], 0), (x[0], 0)]
            axis.add_collection(
                PolyCollection([outline], facecolor=colour, lw=0.3, edgecolor=colour)
            )
    axis.set_ylim(0, max(2, peak * 1.08))
    text = f"{totals[True]:,} requests waited for"
    if totals[False]:
        text += f", {totals[False]:,} made ahead"
    axis.text(0.995, 0.93, text, transform=axis.transAxes, ha="right", va="top", size=7.5)
    axis.set_ylabel("requests\nin flight", size=7.5)
    axis.grid(axis="x")


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

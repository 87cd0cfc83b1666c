"""Bars: every contestant on every program, one picture a storage."""

import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter
from style import COLOURS, quartiles, save, seconds, storage_name, subtitle, tick_text, time_text


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

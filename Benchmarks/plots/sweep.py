"""Lines: cost against the number of modules, and against latency."""

import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from style import COLOURS, MARKERS, quartiles, save, seconds, storage_name, subtitle, tick_text


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

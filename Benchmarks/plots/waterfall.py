"""The waterfall of one start: what the importing thread did, and what was in flight."""

import json

import matplotlib.pyplot as plt
from matplotlib.collections import PolyCollection
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter
from style import (
    save,
    spaced,
    subtitle,
    tick_text,
    time_text,
)


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

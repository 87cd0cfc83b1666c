"""Colours, numbers and names that all pictures have in common."""

import re
import statistics

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

# Okabe and Ito's colours, told apart by most eyes; the same contestant has the same one everywhere.
COLOURS = {
    "stock": "#444444",
    "stock-warm": "#bbbbbb",
    "io_uring": "#0072b2",
    "threads": "#56b4e9",
    "recording": "#00a087",
    "io_uring-learned": "#3d2c8d",
    "threads-learned": "#8b80d9",
    "launcher": "#c2185b",
    "bundle": "#007a87",
    "launcher-bundle": "#e3006d",
    "readlist": "#e69f00",
    "cat": "#f0c95c",
    "vmtouch": "#d55e00",
    "pycds": "#7aa457",
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

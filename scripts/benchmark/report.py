"""Results as Markdown between two markers of docs/PERFORMANCE.md, and as SVG charts beside it."""

import datetime
import html
import json
import os
import pathlib
import platform
import re
import shlex
import subprocess

from benchmark.testbed import ROOT

LOAD_BEFORE = os.getloadavg()[0]
DOCUMENT = ROOT / "docs/PERFORMANCE.md"
CHARTS = ROOT / "docs/charts"


def machine():
    """The machine in one line: processor, cores, memory, kernel."""
    processor = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    name = processor[1].strip() if processor else platform.machine()
    return f"{name}, {os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release().split('-')[0]}"


def revision():
    """The commit that was measured, with "+" if the tree had changes."""
    git = lambda *words: subprocess.run(["git", "-C", str(ROOT), *words], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.strip()
    changed = git("status", "--porcelain", "--untracked-files=no", "--", "Sources", "scripts")
    return (git("rev-parse", "--short", "HEAD") or "unknown") + ("+" if changed else "")


class Stolen:
    """The share of the processors' time that the host of a virtual machine took for others, since this
    was made. What is stolen is lost for a rate, and no load tells of it."""

    def __init__(self):
        self.before = self.read()

    @staticmethod
    def read():
        times = [int(word) for word in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
        return times[7], sum(times)

    def share(self):
        (stolen, all_of_it), (now, all_now) = self.before, self.read()
        return (now - stolen) / max(1, all_now - all_of_it)


STOLEN = Stolen()


def heading(command, variables, stolen=STOLEN):
    """When, where and how: the line above every table."""
    settings = [f"{name}={shlex.quote(os.environ[name])}" for name in variables if name in os.environ]
    # A machine that was busy with something else when the run began gives no figures worth keeping.
    busy = f" · load before the run {LOAD_BEFORE:.1f}"
    if stolen.share() >= 0.005:
        busy += f", {stolen.share() * 100:.0f} % of the processors taken by the host"
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    return f"`{' '.join([*settings, command])}` · {date} · commit {revision()} · {machine()}{busy}"


def table(columns, rows):
    """Markdown; the first column is text, the others are numbers."""
    lines = ["| " + " | ".join(columns) + " |",
             "|" + "|".join(["---"] + ["---:"] * (len(columns) - 1)) + "|"]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def publishing():
    """Trials leave the repository as it is: PUBLISH=no."""
    return os.environ.get("PUBLISH") != "no"


def publish(name, text):
    """Replaces what stands between the markers of `name`; appends them if they are not there yet."""
    if not publishing():
        return
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    block = f"{begin}\n{text.strip()}\n{end}"
    page = DOCUMENT.read_text() if DOCUMENT.exists() else "# Performance\n"
    if begin in page:
        before, _, rest = page.partition(begin)
        page = before + block + rest.partition(end)[2]
    else:
        page = page.rstrip() + "\n\n" + block + "\n"
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(page)


def keep(name, results):
    """The raw results, for whoever wants to look closer. Not part of the repository."""
    path = ROOT / ".build/benchmark" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1))
    return path


COLOURS = {"sealift": "#0b6e99"}
OTHERS = ["#8a8f98", "#b08d57", "#9a6fb0", "#6b9a6b", "#c0605a"]


def bars(file_name, title, unit, groups):
    """A chart of horizontal bars. `groups` is [(label, [(series, value)])]; a value of None is shown
    as missing. Written by hand so that nothing has to be installed; readable on light and dark pages."""
    series = list(dict.fromkeys(name for _, values in groups for name, _ in values))
    colour = {name: COLOURS.get(name, OTHERS[index % len(OTHERS)]) for index, name in enumerate(series)}
    most = max((value for _, values in groups for _, value in values if value), default=1) or 1
    left, wide, right, row, gap = 190, 420, 110, 18, 14
    body, y = [], 52
    for label, values in groups:
        middle = y + len(values) * row / 2 + 4
        body.append(f'<text class="t" x="{left - 10}" y="{middle:.0f}" text-anchor="end">{html.escape(label)}</text>')
        for name, value in values:
            length = wide * (value or 0) / most
            said = f"{value:.3g} {unit}" if value is not None else "not measured"
            body.append(f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{row - 4}" '
                        f'fill="{colour[name]}"><title>{html.escape(name)}</title></rect>')
            body.append(f'<text class="s" x="{left + length + 6:.1f}" y="{y + row - 7}">{said} '
                        f'· {html.escape(name)}</text>')
            y += row
        y += gap
    width = left + wide + right + 90
    svg = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y}" width="{width}" height="{y}" '
           f'role="img" aria-label="{html.escape(title)}">\n'
           '<style>text{font-family:system-ui,sans-serif;fill:#24292f}.h{font-size:15px;font-weight:600}'
           '.t{font-size:12px}.s{font-size:11px}'
           '@media(prefers-color-scheme:dark){text{fill:#e6edf3}}</style>\n'
           f'<text class="h" x="10" y="26">{html.escape(title)}</text>\n' + "\n".join(body) + "\n</svg>\n")
    if publishing():
        CHARTS.mkdir(parents=True, exist_ok=True)
        (CHARTS / f"{file_name}.svg").write_text(svg)
    return f"![{title}](charts/{file_name}.svg)"

"""Every target of speed in one table, each beside its floor or peer from the same run.

    bench.py [--large] [--only PART,...] [--libraries FOLDER] [--repeat N] [--json FILE] [--document FILE]
             [--hhb PYTHON]

Parts: `import` (see `import_speed.py`), `scale` (see `scale.py`; 1,000 and 10,000 jobs, 1,000 and 100,000 configs, with
`--large` also 100,000 jobs and 1,001,000 configs), `sharing` (see `sharing.py`), `processes` (Git processes of
commands, see `trips.py`). `--json` keeps what the file has of other parts. `--document` writes the table and the curves
into a page between its marks: the curves are an SVG file beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import import_speed
import scale
import sharing
from curves import Curve, drawn

ROOT = Path(__file__).resolve().parents[1]
#: What was found, by part: the machine in words, rows, curves.
Found = dict[str, dict[str, Any]]

BEGIN, END = "<!-- the table of make bench -->", "<!-- end of the table -->"


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        what: what was measured, and against what.
        target: the most, or with `least` the least, that it shall be.
        measured: by size or case.
        unit: of target and measured.
        least: whether more is better.
        peaks: the most memory of a process in MB, by size or case.
        memory: the most that these shall be; None where nothing is asked of them.
        at: the size or case that the target is for; None for each of them.
    """

    what: str
    target: float
    measured: Mapping[str, float]
    unit: str = "x"
    least: bool = False
    peaks: Mapping[str, float] = field(default_factory=dict)
    memory: float | None = None
    at: str | None = None

    @property
    def met(self) -> str:
        """Whether the target is, in a word."""
        judged = [size for size in self.measured if self.at in (None, size)]
        if not judged:
            return "not measured"
        values = [self.measured[size] for size in judged]
        is_met = min(values) >= self.target if self.least else max(values) <= self.target
        if self.memory is not None:
            is_met = is_met and max(self.peaks[size] for size in judged) <= self.memory
        return "yes" if is_met else "no"

    def cells(self) -> Iterator[str]:
        """A cell of the table for each column."""
        yield self.what
        memory = f", {self.memory:g} MB" if self.memory is not None else ""
        at = f" at {self.at}" if self.at is not None else ""
        yield f"{'>=' if self.least else '<='} {self.target:g} {self.unit}{memory}{at}"
        yield "; ".join(
            f"{size}: {_number(value)} {self.unit}" + (f", {self.peaks[size]:.0f} MB" if size in self.peaks else "")
            for size, value in self.measured.items()
        )
        yield self.met


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def imports(given: argparse.Namespace, _: list[Curve]) -> Iterator[Row]:
    answers = import_speed.every_family(import_speed.LINES, scale.REPEAT, given.hhb)
    for family, target in (("autotvm", 2.5), ("ansor", 3), ("metaschedule", 3)):
        lines, rows = answers[family]
        of = {row.name: row for row in rows}
        yield Row(f"import of {lines:,} lines of {family}, to a bare orjson loop", target, {family: of["import"].ratio})
        if "TVM's pick_best" in of:
            faster = of["TVM's pick_best"].seconds / of["import"].seconds
            yield Row("TVM's pick_best of the same, to the import", 40, {family: faster}, least=True)
    above = {
        f"{row.name}, {family}": row.above
        for family, (_, rows) in answers.items()
        for row in rows
        if row.above is not None
    }
    yield Row("memory of import and finish above one of one line", import_speed.TARGET_MB, above, "MB")


def scales(given: argparse.Namespace, curves: list[Curve]) -> Iterator[Row]:
    jobs, configs = scale.measured(given.libraries, given.jobs, given.configs)
    for row in scale.table(jobs, configs):
        by_size = {f"{size:,}": ratio for size, ratio in row.ratios.items()}
        peaks = {f"{size:,}": peak for size, peak in row.peaks.items()}
        at = f"{row.at:,}" if row.at is not None else None
        yield Row(row.what, row.target, by_size, peaks=peaks, memory=row.memory, at=at)
    names = next(iter(jobs.values()))
    curves += [Curve(name, {size: found[name].seconds for size, found in jobs.items()}) for name in names]


def shared(given: argparse.Namespace, curves: list[Curve]) -> Iterator[Row]:
    into = min(10_000, max(given.jobs))
    ratio = sharing.merge(library(given, into))
    yield Row("merge of 2 x 100 jobs, to taking in 100 records one by one", 0.1, {f"into {into:,}": ratio})
    seconds = {size: min(sharing.sync(library(given, size)) for _ in range(scale.REPEAT)) for size in given.jobs}
    least = seconds[min(given.jobs)]
    yield Row("sync of 10 jobs, to the fewest jobs", 2, {f"{size:,}": each / least for size, each in seconds.items()})
    curves.append(Curve("sync of 10 jobs", seconds))
    yield Row("8 processes finishing 10 jobs each, to one finishing 80", 1.5, {"on the clock": sharing.writers()})


def library(given: argparse.Namespace, jobs: int) -> Path:
    """The library of so many jobs."""
    path: Path = given.libraries / f"jobs-{jobs}"
    scale.made(path, "--jobs", str(jobs))
    return path


def processes(_: argparse.Namespace, __: list[Curve]) -> Iterator[Row]:
    command = [sys.executable, str(ROOT / "benchmarks" / "trips.py"), "--json"]
    counted = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["git processes"]
    for name, most in (("best", 2), ("import", 8)):
        yield Row(f"git processes of {name}", most, {"a library of one job": counted[name]}, "processes")


PARTS: Mapping[str, Callable[[argparse.Namespace, list[Curve]], Iterator[Row]]] = {
    "import": imports,
    "scale": scales,
    "sharing": shared,
    "processes": processes,
}


def markdown(rows: list[Row]) -> str:
    lines = ["| what | target | measured | met |", "|---|---|---|---|", *(f"| {' | '.join(r.cells())} |" for r in rows)]
    return "\n".join(lines) + "\n"


def machine() -> str:
    """What it was measured on, in words."""
    git = subprocess.run(["git", "--version"], check=True, capture_output=True, text=True).stdout.split()[2]
    load = os.getloadavg()[2]
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, Git {git}; "
        f"{load:.1f} other processes were running on average"
    )


def write_into(page: Path, found: Found) -> None:
    """Put the table, and the curves where there are any, between the marks of a page."""
    text = page.read_text()
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    parts = [BEGIN, ""]
    for name in PARTS:
        if name in found:
            rows = [Row(**row) for row in found[name]["rows"]]
            parts += [f"`--only {name}`, on {found[name]['machine']}:", "", markdown(rows)]
    curves = [
        Curve(curve["name"], {int(size): seconds for size, seconds in curve["seconds"].items()})
        for part in found.values()
        for curve in part["curves"]
    ]
    if any(len(curve.seconds) > 1 for curve in curves):
        page.with_suffix(".svg").write_text(drawn(curves))
        parts += [f"![Seconds of the processor by jobs in the library]({page.stem}.svg)", ""]
    page.write_text(before + "\n".join([*parts, END]) + after)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true", help="also 100,000 jobs and 1,001,000 configs")
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(PARTS), metavar="PART,...")
    parser.add_argument("--libraries", type=Path, default=Path(tempfile.gettempdir()) / "tvmgitlib-libraries")
    parser.add_argument(
        "--repeat", type=int, default=scale.REPEAT, help="the best of so many runs counts [%(default)s]"
    )
    parser.add_argument("--jobs", type=scale.sizes, help="libraries of so many jobs instead")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--document", type=Path)
    hhb = ROOT / ".venv" / "tvm-0.16" / "bin" / "python"
    parser.add_argument("--hhb", default=str(hhb) if hhb.exists() else None, help="a Python with hhb-tvm")
    given = parser.parse_args()
    given.jobs = given.jobs or [1_000, 10_000, *([100_000] if given.large else [])]
    given.configs = [1_000, 1_001_000 if given.large else 100_000]
    scale.REPEAT = given.repeat
    found: Found = json.loads(given.json.read_text()) if given.json is not None and given.json.exists() else {}
    for part in given.only:
        rows, curves = [], list[Curve]()
        for row in PARTS[part](given, curves):
            print(" | ".join(row.cells()), flush=True)
            rows.append(asdict(row))
        found[part] = {"machine": machine(), "rows": rows, "curves": [asdict(curve) for curve in curves]}
        if given.json is not None:  # after each: what follows may take an hour
            given.json.write_text(json.dumps(found, indent=1) + "\n")
        if given.document is not None:
            write_into(given.document, found)


if __name__ == "__main__":
    main()

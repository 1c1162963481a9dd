"""The words of the library's commits: what the job did, then trailers that a machine can read."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from textwrap import shorten

from tvmgitlib.library.changes.result import Counts
from tvmgitlib.library.folding import Folded
from tvmgitlib.model import Header, JobError, Segment, TaskRecords, is_unicode, listed, plain_line, plural

_MOST_PLACES = 20

#: How much of a reason a commit's message tells.
_REASON = 120
_VERB = {"tune": "Tune", "import": "Import", "revalidate": "Revalidate"}


def require_reason(reason: str | None) -> None:
    """Refuse a reason that no record and no commit's message can hold.

    Raises:
        JobError: it is not valid Unicode.
    """
    if not is_unicode(reason):
        raise JobError(f"the reason is not valid Unicode: {reason!a}", hint="Give it in UTF-8.")


def job_message(segment: Segment, counts: Counts) -> str:
    """The message of the commit that adds a job."""
    header = segment.header
    by_place: defaultdict[str, list[TaskRecords]] = defaultdict(list)
    for entry in segment.tasks:
        section = entry.task.section
        by_place[f"{section.platform.name}: {section.target.label} ({section.family})"].append(entry)
    refused = sum(len(named.records or ()) for named in segment.invalidations)
    if by_place:
        where = next(iter(by_place)).partition(":")[0]
        if len(by_place) > 1:
            where = f"{len(by_place)} targets and platforms"
        what = f"{plural(counts.workloads, 'workload')} for {where}: {plural(counts.read, 'trial')}"
    else:
        what = plural(refused, "record, which no longer holds", "records, which no longer hold")
    subject = f"{_VERB[header.kind]} {what}"
    body = [*_origin(header), ""] if _origin(header) else []
    for place, entries in list(by_place.items())[:_MOST_PLACES]:
        trials = sum(entry.task.effort.trials for entry in entries)
        body.append(f"- {place}: {plural(len(entries), 'workload')}, {plural(trials, 'trial')}")
    if len(by_place) > _MOST_PLACES:
        body.append(f"- and {len(by_place) - _MOST_PLACES} more")
    if counts.read:
        body += ["", f"{counts.improved:,} improved; {outcome(counts)}."]
    if segment.invalidations:
        body += ["", f"{plural(refused, 'record no longer holds', 'records no longer hold')}:", *_reasons(segment)]
    if not header.complete:
        body.append("The job was interrupted.")
    trailers = {
        "Tvmgitlib-Job": header.id,
        "Tvmgitlib-Kind": header.kind,
        "Tvmgitlib-Trials": str(counts.read),
        "Tvmgitlib-Workloads": str(counts.workloads),
        "Tvmgitlib-Improved": str(counts.improved),
    }
    return message(subject, body, trailers)


def _reasons(segment: Segment) -> list[str]:
    reasons: Counter[str] = Counter()
    for named in segment.invalidations:
        reasons[named.reason or ""] += len(named.records or ())
    lines = [f"- {plural(count, 'record')}: {shorten(reason, _REASON)}" for reason, count in reasons.most_common()]
    more = len(lines) - _MOST_PLACES
    return lines[:_MOST_PLACES] + [f"- and {plural(more, 'more reason')}"] * (more > 0)


def message(subject: str, body: list[str], trailers: Mapping[str, str]) -> str:
    """Subject, body and trailers as Git expects them: each line of the body, whatever it says, is one."""
    lines = (plain_line(line.strip()) for line in body)
    told = (f"{name}: {plain_line(value)}" for name, value in trailers.items())
    parts = [plain_line(subject), "\n".join(lines).strip(), "\n".join(told)]
    return "\n\n".join(part for part in parts if part) + "\n"


def in_and_out(folded: Folded) -> str:
    """What a change did to configs/, in words."""
    return f"{plural(len(folded.left), 'record')} out, {len(folded.entered):,} in."


def outcome(counts: Counts) -> str:
    """What became of the trials: `1,162 kept, 2 dropped, 1 duplicate`. What did not happen is left out."""
    parts = {"kept": counts.kept, "dropped": counts.dropped, "failed": counts.failed}
    said = [f"{count:,} {word}" for word, count in parts.items() if count]
    return ", ".join([*said, *([plural(counts.duplicates, "duplicate")] if counts.duplicates else [])])


def _origin(header: Header) -> list[str]:
    lines = []
    if header.sources:
        lines.append(f"From {listed(source.name for source in header.sources)}.")
    if header.tuner:
        lines.append(f"Tuner: {header.tuner}.")
    if key := header.options.get("key"):
        lines.append(f"Key: {key}.")
    return lines

"""Where the segment of a job is, and what signs it."""

from __future__ import annotations

import re

JOBS = "jobs"

_JOB_ID = re.compile(r"[0-9a-f]{16}")


def is_job_id(text: str) -> bool:
    """Whether `text` is a whole job id: 16 hex digits."""
    return _JOB_ID.fullmatch(text) is not None


def segment_path(job: str) -> str:
    """Where the segment of a job is: sharded by the first two hex digits, so that folders stay small."""
    return f"{JOBS}/{job[:2]}/{job}.jsonl"


def signature_path(segment: str, key: str) -> str:
    """Where the signature of a segment is, which is beside it.

    Args:
        segment: the path of the segment.
        key: sixteen hex digits that tell the key from others.
    """
    return f"{segment.removesuffix('.jsonl')}.{key}.sig"


def signature_at(path: str) -> tuple[str, str] | None:
    """The job of whose segment there would be a signature at a path, and the key; None when none is ever there."""
    name = path.rpartition("/")[2].removesuffix(".sig")
    job, _, key = name.partition(".")
    is_one = is_job_id(job) and is_job_id(key) and path == signature_path(segment_path(job), key)
    return (job, key) if is_one else None


def job_at(path: str) -> str | None:
    """The id of the job whose segment would be at a path; None when no segment is ever there."""
    name = path.rpartition("/")[2].removesuffix(".jsonl")
    return name if is_job_id(name) and path == segment_path(name) else None

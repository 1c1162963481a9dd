"""Jobs: their logs while they are open, and how logs become one commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib._doors import door

if TYPE_CHECKING:
    from tvmgitlib.library.jobs.appending import append_lines as append_lines
    from tvmgitlib.library.jobs.description import JobDescription as JobDescription
    from tvmgitlib.library.jobs.files.gathering import STANDARD_INPUT as STANDARD_INPUT
    from tvmgitlib.library.jobs.finishing import ImportRequest as ImportRequest
    from tvmgitlib.library.jobs.finishing import import_logs as import_logs
    from tvmgitlib.library.jobs.journal import Journal as Journal
    from tvmgitlib.library.jobs.journal import TakenJob as TakenJob
    from tvmgitlib.library.jobs.kept_history import exchange as exchange
    from tvmgitlib.library.jobs.kept_history import history_of as history_of
    from tvmgitlib.library.jobs.logs import Leniency as Leniency
    from tvmgitlib.library.jobs.open_jobs import OpenJob as OpenJob
    from tvmgitlib.library.jobs.open_jobs import RemeasuredNote as RemeasuredNote
    from tvmgitlib.library.jobs.open_jobs import jobs_in_progress as jobs_in_progress
    from tvmgitlib.library.jobs.open_jobs import open_job as open_job
    from tvmgitlib.library.jobs.open_jobs import resume_job as resume_job
    from tvmgitlib.library.jobs.recorded import baseline_of as baseline_of
    from tvmgitlib.library.jobs.recorded import effort_of as effort_of
    from tvmgitlib.library.jobs.recorded import stored_records as stored_records
    from tvmgitlib.library.jobs.running import abort as abort
    from tvmgitlib.library.jobs.running import begin as begin
    from tvmgitlib.library.jobs.running import begin_shared as begin_shared
    from tvmgitlib.library.jobs.running import finish as finish
    from tvmgitlib.library.jobs.running import job_spec as job_spec
    from tvmgitlib.library.jobs.running import renew as renew
    from tvmgitlib.library.jobs.running import sent as sent
    from tvmgitlib.library.jobs.running import shared_jobs as shared_jobs
    from tvmgitlib.library.jobs.sharing import Claim as Claim
    from tvmgitlib.library.jobs.sharing import Heartbeat as Heartbeat
    from tvmgitlib.library.jobs.sharing import Prepared as Prepared
    from tvmgitlib.library.jobs.sharing import hold as hold
    from tvmgitlib.library.jobs.sharing import prepare as prepare
    from tvmgitlib.library.jobs.sharing import take_over as take_over

_NAMES = {
    "appending": "append_lines",
    "description": "JobDescription",
    "files.gathering": "STANDARD_INPUT",
    "finishing": "ImportRequest import_logs",
    "journal": "Journal TakenJob",
    "kept_history": "exchange history_of",
    "logs": "Leniency",
    "open_jobs": "OpenJob RemeasuredNote jobs_in_progress open_job resume_job",
    "recorded": "baseline_of effort_of stored_records",
    "running": "abort begin begin_shared finish job_spec renew sent shared_jobs",
    "sharing": "Claim Heartbeat Prepared hold prepare take_over",
}

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and says of any other that there is none
    __getattr__, __all__ = door(__name__, _NAMES)

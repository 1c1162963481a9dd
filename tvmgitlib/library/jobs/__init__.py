"""Jobs: their logs while they are open, and how logs become one commit."""

from tvmgitlib.library.jobs.appending import append_lines
from tvmgitlib.library.jobs.description import JobDescription
from tvmgitlib.library.jobs.files.gathering import STANDARD_INPUT
from tvmgitlib.library.jobs.finishing import ImportRequest, import_logs
from tvmgitlib.library.jobs.journal import Journal, TakenJob
from tvmgitlib.library.jobs.kept_history import exchange, history_of
from tvmgitlib.library.jobs.logs import Leniency
from tvmgitlib.library.jobs.open_jobs import OpenJob, RemeasuredNote
from tvmgitlib.library.jobs.recorded import baseline_of, effort_of, stored_records
from tvmgitlib.library.jobs.running import abort, begin, finish, job_spec, jobs_in_progress, open_job, sent

__all__ = [
    "STANDARD_INPUT",
    "ImportRequest",
    "JobDescription",
    "Journal",
    "Leniency",
    "OpenJob",
    "RemeasuredNote",
    "TakenJob",
    "abort",
    "append_lines",
    "baseline_of",
    "begin",
    "effort_of",
    "exchange",
    "finish",
    "history_of",
    "import_logs",
    "job_spec",
    "jobs_in_progress",
    "open_job",
    "sent",
    "stored_records",
]

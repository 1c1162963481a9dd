"""The file of the index: its tables, and what is written and asked in SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from tvmgitlib._version import __version__
from tvmgitlib.format import pack_sample, section_of, unpack_sample
from tvmgitlib.library.outlines.facts import Addition, Facts, Spent, Spot, Told
from tvmgitlib.library.outlines.narrowing import Narrowing
from tvmgitlib.model import Effort, FamilyName, Place, Section, Source, Workload, parse_target
from tvmgitlib.rules.plausibility import LEAD, MEASURED

if TYPE_CHECKING:
    from tvmgitlib.format import SkimmedTask

Name = TypeVar("Name", str, bytes)

#: Another layout is made anew, and so is what another version of the tool made.
LAYOUT = f"7 {__version__}"

#: How long another process may take to bring the index up to date, in seconds; then this one does without.
_PATIENCE = 5.0

#: How many jobs are written with one statement.
_AT_ONCE = 1000

#: Lookups of a build may come from any of its threads.
_SHARED: dict[str, Any] = {"isolation_level": None, "check_same_thread": False}

_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE job (
    job TEXT PRIMARY KEY, oid TEXT NOT NULL, kind TEXT NOT NULL, tuner TEXT, finished TEXT NOT NULL,
    trials INTEGER NOT NULL, tasks INTEGER NOT NULL, decides INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX deciding ON job (job) WHERE decides;
CREATE TABLE task (
    id INTEGER PRIMARY KEY, job TEXT NOT NULL, family TEXT NOT NULL, platform TEXT NOT NULL, workload TEXT NOT NULL,
    target INTEGER NOT NULL, finished TEXT NOT NULL, baseline INTEGER NOT NULL, facts INTEGER NOT NULL,
    configs INTEGER NOT NULL, first REAL, second REAL
);
CREATE INDEX task_job ON task (job);
CREATE INDEX task_platform ON task (platform, facts, finished, job);
CREATE INDEX task_place ON task (platform, workload, job);
CREATE INDEX task_workload ON task (workload, platform, target, job);
CREATE INDEX task_baseline ON task (job) WHERE baseline;
CREATE TABLE workload (
    id TEXT PRIMARY KEY, family TEXT NOT NULL, text TEXT NOT NULL, signature TEXT, description TEXT
) WITHOUT ROWID;
CREATE INDEX workload_signature ON workload (signature);
CREATE TABLE effort (
    task INTEGER PRIMARY KEY, section INTEGER NOT NULL, signature TEXT, description TEXT, trials INTEGER NOT NULL,
    configs INTEGER NOT NULL, errors BLOB NOT NULL, exhausted INTEGER, sample BLOB NOT NULL
);
CREATE TABLE section (id INTEGER PRIMARY KEY, line BLOB NOT NULL UNIQUE);
CREATE TABLE target (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);
CREATE TABLE addition (
    job TEXT PRIMARY KEY, "commit" TEXT NOT NULL, date TEXT NOT NULL, author TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE source (
    claims TEXT NOT NULL, job TEXT NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL,
    start INTEGER NOT NULL
);
CREATE TABLE signature (
    segment TEXT NOT NULL, signature TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (segment, signature)
) WITHOUT ROWID;
CREATE INDEX source_claims ON source (claims);
CREATE INDEX source_job ON source (job);
"""

#: What has rows of single jobs of the commit; the other tables give names to numbers, and know of a history, and of
#: what was proven of pairs of blobs.
_OF_JOBS = ("job", "task", "source")
_OF_TASKS = "effort"
_NAMES = ("workload", "section", "target", "addition", "signature")


class Database:
    """An open index.

    Args:
        connection: to a file, or to memory.

    Raises:
        sqlite3.Error: from every method, when the file is damaged, locked, or cannot be written.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._targets: dict[str, int] = {}
        self._sections: dict[bytes, int] = {}

    @classmethod
    def open(cls, path: Path) -> Database:
        """Open the index in a file; an empty one where there is none, or one of another layout."""
        connection = sqlite3.connect(path, timeout=_PATIENCE, **_SHARED)
        database = cls(connection)
        try:
            if database._layout() != LAYOUT:
                database._make()
        except BaseException:
            connection.close()
            raise
        return database

    def copy(self) -> Database:
        """The same in memory, to be changed without anybody's notice."""
        memory = sqlite3.connect(":memory:", **_SHARED)
        self._connection.backup(memory)
        return Database(memory)

    def close(self) -> None:
        self._connection.close()

    def compact(self) -> bool:
        """Give back what is not used; False when the index is damaged or of another layout."""
        if self._layout() != LAYOUT or self._connection.execute("PRAGMA quick_check(1)").fetchall() != [("ok",)]:
            return False
        self._connection.execute("VACUUM")
        return True

    def _layout(self) -> str | None:
        try:
            row = self._connection.execute("SELECT value FROM meta WHERE name = 'layout'").fetchone()
        except sqlite3.OperationalError as error:
            if "no such" not in str(error):
                raise
            return None
        return str(row[0]) if row else None

    def _make(self) -> None:
        with self.changing():
            if self._layout() == LAYOUT:  # another process was first
                return
            for name in ("meta", *_OF_JOBS, _OF_TASKS, *_NAMES):
                self._connection.execute(f"DROP TABLE IF EXISTS {name}")
            for statement in _TABLES.split(";"):
                self._connection.execute(statement)
            self._connection.execute("INSERT INTO meta VALUES ('layout', ?), ('tree', ''), ('history', '')", [LAYOUT])

    # Bringing it up to date

    def changing(self) -> _Transaction:
        """A context in which this process alone writes; whatever is raised in it undoes it."""
        return _Transaction(self._connection)

    @property
    def tree(self) -> str:
        """The id of the jobs/ tree that the index is of; empty for that of no job."""
        return self._noted("tree")

    @tree.setter
    def tree(self, oid: str) -> None:
        self._note("tree", oid)

    @property
    def history(self) -> str:
        """The commit whose history the additions are of; empty where none was walked yet."""
        return self._noted("history")

    @history.setter
    def history(self, commit: str) -> None:
        self._note("history", commit)

    def _noted(self, name: str) -> str:
        return str(self._connection.execute("SELECT value FROM meta WHERE name = ?", [name]).fetchone()[0])

    def _note(self, name: str, value: str) -> None:
        self._connection.execute("UPDATE meta SET value = ? WHERE name = ?", [value, name])

    def remove(self, jobs: Collection[str]) -> None:
        """Forget some jobs."""
        self._connection.executemany(
            f"DELETE FROM {_OF_TASKS} WHERE task IN (SELECT id FROM task WHERE job = ?)", [(job,) for job in jobs]
        )
        for name in _OF_JOBS:
            self._connection.executemany(f"DELETE FROM {name} WHERE job = ?", [(job,) for job in jobs])

    def add(self, jobs: Iterable[tuple[str, Facts]]) -> None:
        """Take jobs in, each with its blob."""
        remaining = iter(jobs)
        while some := list(islice(remaining, _AT_ONCE)):
            self._add_tasks([(facts, task) for _, facts in some for task in facts.tasks])
            self._connection.executemany(
                "INSERT INTO job VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (told.job, oid, told.kind, told.tuner, facts.finished, told.trials, told.tasks, facts.decides)
                    for oid, facts in some
                    for told in (facts.told,)
                ],
            )
            self._connection.executemany(
                "INSERT INTO source VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (facts.claims, facts.told.job, source.name, source.size, source.sha256, source.start)
                    for _, facts in some
                    for source in facts.sources
                ],
            )

    def _add_tasks(self, tasks: Sequence[tuple[Facts, SkimmedTask]]) -> None:
        self._add_names([task for _, task in tasks])
        last = self._connection.execute("SELECT coalesce(max(id), 0) FROM task").fetchone()[0]
        self._connection.executemany(
            "INSERT INTO task VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    number,
                    facts.told.job,
                    task.section.family,
                    task.section.platform,
                    task.workload.id,
                    self._targets[task.section.target],
                    facts.finished,
                    task.has_baseline,
                    task.section.has_facts,
                    *task.lead,
                )
                for number, (facts, task) in enumerate(tasks, last + 1)
            ],
        )
        self._connection.executemany(
            "INSERT INTO effort VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    number,
                    self._sections[task.section.line],
                    task.workload.signature,
                    task.workload.desc,
                    task.effort.trials,
                    task.effort.configs,
                    orjson.dumps(task.effort.errors),
                    task.effort.exhausted,
                    pack_sample(task.effort.sample),
                )
                for number, (_, task) in enumerate(tasks, last + 1)
            ],
        )

    def _add_names(self, tasks: Sequence[SkimmedTask]) -> None:
        """Give numbers to what tasks name."""
        workloads = {(each.workload.id, each.workload.signature, each.workload.desc): each.workload for each in tasks}
        self._connection.executemany(
            "INSERT INTO workload VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " signature = coalesce(signature, excluded.signature),"
            " description = coalesce(description, excluded.description)",
            [(each.id, each.family, each.text, each.signature, each.desc) for each in workloads.values()],
        )
        self._number("target", "key", (task.section.target for task in tasks), self._targets)
        self._number("section", "line", (task.section.line for task in tasks), self._sections)

    def _number(self, table: str, column: str, names: Iterable[Name], known: dict[Name, int]) -> None:
        """Let the numbers of some names be known; the table gives one to each that it does not have."""
        for name in sorted(set(names) - known.keys()):
            self._connection.execute(f"INSERT OR IGNORE INTO {table} ({column}) VALUES (?)", [name])
            row = self._connection.execute(f"SELECT id FROM {table} WHERE {column} = ?", [name]).fetchone()
            known[name] = int(row[0])

    def clear_additions(self) -> None:
        """Forget which commit added which job."""
        self._connection.execute("DELETE FROM addition")

    def add_additions(self, additions: Iterable[Addition], *, are_newer: bool) -> None:
        """Take in which commit added which job.

        Args:
            additions: of several of one job the first counts.
            are_newer: whether they count more than what is known; else less.
        """
        instead = "REPLACE" if are_newer else "IGNORE"
        self._connection.executemany(f"INSERT OR {instead} INTO addition VALUES (?, ?, ?, ?)", additions)

    def add_keys(self, keys: Iterable[tuple[str, str, str]]) -> None:
        """Take in what was proven of signatures: the blobs of segment and signature, and the key; empty for none."""
        self._connection.executemany("INSERT OR REPLACE INTO signature VALUES (?, ?, ?)", keys)

    # Asking

    def key(self, segment: str, signature: str) -> str | None:
        """The key that made a signature of a segment, by their blobs: empty for none; None where nobody has asked."""
        row = self._connection.execute(
            "SELECT key FROM signature WHERE segment = ? AND signature = ?", [segment, signature]
        ).fetchone()
        return str(row[0]) if row else None

    def has_additions(self, jobs: Iterable[str]) -> bool:
        """Whether it is known of any of some jobs which commit added it."""
        return any(self.addition(job) is not None for job in jobs)

    def addition(self, job: str) -> Addition | None:
        """The commit that added a job."""
        row = self._connection.execute("SELECT * FROM addition WHERE job = ?", [job]).fetchone()
        return Addition(*row) if row else None

    def count(self) -> int:
        """How many jobs there are."""
        return int(self._connection.execute("SELECT count(*) FROM job").fetchone()[0])

    def oid(self, job: str) -> str | None:
        """The blob of a job's segment."""
        row = self._connection.execute("SELECT oid FROM job WHERE job = ?", [job]).fetchone()
        return str(row[0]) if row else None

    def jobs(self) -> list[tuple[str, str]]:
        """Every job with its blob, by id."""
        return self._connection.execute("SELECT job, oid FROM job ORDER BY job").fetchall()

    def beginning(self, text: str) -> list[str]:
        """The jobs whose ids begin like that."""
        found = self._connection.execute("SELECT job FROM job WHERE job >= ? AND job < ? || 'g'", [text, text])
        return [job for (job,) in found]

    def deciding(self) -> list[tuple[str, str]]:
        """The jobs that say anything of others, with their blobs."""
        return self._connection.execute("SELECT job, oid FROM job WHERE decides ORDER BY job").fetchall()

    def having(self, narrowing: Narrowing) -> list[tuple[str, str]]:
        """The jobs that have such a task, with their blobs."""
        conditions, values = _narrowed(narrowing)
        tasks = f"SELECT job FROM task WHERE {conditions}"
        return self._connection.execute(
            f"SELECT job, oid FROM job WHERE job IN ({tasks}) ORDER BY job", values
        ).fetchall()

    def far_ahead(self, narrowing: Narrowing) -> set[Spot]:
        """Where the best config may be too far ahead of all others; more than where it is."""
        conditions, values = _narrowed(narrowing)
        found = self._connection.execute(
            "SELECT DISTINCT family, platform, workload FROM task"
            f" WHERE {conditions} GROUP BY platform, workload, target"
            f" HAVING sum(configs) >= {MEASURED} AND max(coalesce(second, first)) > {LEAD} * min(first)",
            values,
        )
        return set(found)

    def workloads(self, family: FamilyName | None) -> list[Workload]:
        """What jobs, also such that do not count, have tasks of."""
        found = self._connection.execute(
            "SELECT family, text, signature, description FROM workload"
            " WHERE coalesce(?, family) = family ORDER BY family, text",
            [family],
        )
        return [Workload(family, text, said, desc=desc) for family, text, said, desc in found]

    def places(self, workload: Workload, signature: str | None) -> list[Place]:
        """Where jobs, also such that do not count, have tasks of a workload, or of one with that signature."""
        found = self._connection.execute(
            "SELECT DISTINCT named.family, target.key, platform, text, signature, description"
            " FROM (SELECT * FROM workload WHERE id = ?"
            " UNION SELECT * FROM workload WHERE signature = ? AND family = ?)"
            " AS named JOIN task ON task.workload = named.id JOIN target ON target.id = task.target",
            [workload.id, signature, workload.family],
        )
        return [
            Place(family, parse_target(key).target, platform, Workload(family, text, said, desc=desc))
            for family, key, platform, text, said, desc in found
        ]

    def spent(self, narrowing: Narrowing) -> list[Spent]:
        """What jobs have spent on such tasks, by job and in the order of its tasks."""
        conditions, values = _narrowed(narrowing)
        found = self._connection.execute(
            "SELECT job, finished, section.line, family, text, effort.signature, effort.description,"
            " trials, effort.configs, errors, exhausted, sample"
            f" FROM (SELECT id, job, finished, workload FROM task WHERE {conditions}) AS chosen"
            " JOIN effort ON effort.task = chosen.id JOIN section ON section.id = effort.section"
            " JOIN workload ON workload.id = chosen.workload ORDER BY job, chosen.id",
            values,
        )
        return [_spent(*row) for row in found]

    def told(self, job: str) -> Told | None:
        """A job in one line."""
        row = self._connection.execute(
            "SELECT job, kind, tuner, trials, tasks FROM job WHERE job = ?", [job]
        ).fetchone()
        return Told(*row) if row else None

    def sources(self, about: str) -> Iterator[tuple[str, Source]]:
        """The logs of imports that were told the same of their records, each with its job."""
        found = self._connection.execute(
            "SELECT job, name, size, sha256, start FROM source WHERE claims = ? ORDER BY job", [about]
        )
        return ((job, Source(*source)) for job, *source in found.fetchall())

    def of_platforms(self) -> list[str]:
        """For each platform the job that told of it last: what it says of facts counts."""
        found = self._connection.execute(
            "WITH RECURSIVE named(platform) AS (SELECT min(platform) FROM task UNION ALL"  # from one to the next
            " SELECT (SELECT min(platform) FROM task WHERE platform > named.platform) FROM named"
            " WHERE platform NOT NULL)"
            " SELECT DISTINCT (SELECT job FROM task WHERE task.platform = named.platform"
            " ORDER BY facts DESC, finished DESC, job DESC LIMIT 1) FROM named WHERE platform NOT NULL"
        )
        return [job for (job,) in found]


def _spent(
    job: str,
    finished: str,
    section: bytes,
    family: FamilyName,
    text: str,
    signature: str | None,
    desc: str | None,
    trials: int,
    configs: int,
    errors: bytes,
    exhausted: int | None,
    sample: bytes,
) -> Spent:
    """What a row says."""
    ended = None if exhausted is None else bool(exhausted)
    effort = Effort(trials, configs, orjson.loads(errors), ended, unpack_sample(sample))
    return Spent(job, finished or None, _section(section), Workload(family, text, signature, desc=desc), effort)


@lru_cache(maxsize=1024)  # most tasks are in sections that others are in
def _section(line: bytes) -> Section:
    return section_of(orjson.loads(line)["section"])


def _narrowed(narrowing: Narrowing) -> tuple[str, list[str]]:
    """The condition on tasks, and its values."""
    told = {name: getattr(narrowing, name) for name in ("family", "platform", "workload")}
    asked = {name: value for name, value in told.items() if value is not None}
    conditions = [f"{name} = ?" for name in asked] + ["baseline"] * narrowing.baseline
    return " AND ".join(conditions) or "1", list(asked.values())


class _Transaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._connection.execute("COMMIT" if kind is None else "ROLLBACK")

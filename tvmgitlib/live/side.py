"""The live side of a library: jobs that tuners run in, and the lookups of a build."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import Any

from msgspec.structs import replace

from tvmgitlib.library import jobs
from tvmgitlib.library.jobs import Journal, TakenJob
from tvmgitlib.library.reading import (
    ACCEPTS,
    SUGGESTED,
    TAKEN,
    Accept,
    BestConfig,
    Contents,
    Grader,
    Lookup,
    Selection,
    Summary,
    Taken,
    best,
    mixed_targets,
    platform_of,
    require_one_of,
)
from tvmgitlib.library.suggesting import Suggestions
from tvmgitlib.library.view import View
from tvmgitlib.live import coverage, revalidation, tasks, tuning
from tvmgitlib.live.autotvm.records import pairs
from tvmgitlib.live.common import (
    TIMEOUT,
    HowToMeasure,
    Loading,
    TaskSuggester,
    Untuned,
    family_at_hand,
    family_of_module,
    family_of_task,
    live_families,
    loads_module,
    nothing,
    platform_of_runner,
    running_tvm,
)
from tvmgitlib.live.job import Job
from tvmgitlib.live.metaschedule import apply
from tvmgitlib.model import (
    JobError,
    JobKind,
    JobSpec,
    Json,
    Place,
    PlatformError,
    TvmgitlibError,
    listed,
    merged_facts,
    parse_target,
    require_triple,
    validate_platform_name,
)

_log = logging.getLogger("tvmgitlib")

#: Makes a job's spec once its target is known.
SpecFor = Callable[[object], JobSpec]


class LiveSide:
    """What a library does with a live TVM.

    Args:
        view: the library.

    Attributes:
        summary: what the last build looked up.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self._job: Job | None = None
        self.summary = Summary()

    # Jobs

    def start(
        self,
        kind: JobKind,
        target: object | None,
        platform: str | Mapping[str, Json] | None = None,
        *,
        facts: Mapping[str, Json] | None = None,
        tuner: str | None = None,
        options: Mapping[str, Json] | None = None,
        keep_history: bool = False,
        resume: bool = True,
        waits_for_target: bool = False,
        key: str | None = None,
        share: float | None = None,
    ) -> Job:
        """Begin a live job, or resume an interrupted one; see `ConfigLibrary.job`.

        Args:
            kind: `tune` or `revalidate`.
            target: its only target; None for any.
            platform: the platform's name, or facts about it.
            facts: facts about it, beside its name.
            tuner, options, keep_history: for the record.
            resume: take up an interrupted job of the same key, target, platform and facts, if there is one.
            key: what the job is for.
            share: how often the remote is told of it, in seconds.
            waits_for_target: without a target, let the first task say it.
        """
        name = platform if isinstance(platform, str) else None
        told = merged_facts({} if platform is None or isinstance(platform, str) else platform, facts or {})
        spec_for = partial(
            jobs.job_spec,
            kind,
            platform=name,
            facts=told,
            tvm=running_tvm(),
            tuner=tuner,
            options=options,
            keep_history=keep_history,
            key=key,
            share=share,
        )
        return self._start(target, spec_for, resume, waits_for_target and target is None)

    def _start(self, target: object | None, spec_for: SpecFor, resume: bool, waits: bool) -> Job:
        self.require_startable()
        if waits:
            journal = self._journal(take=lambda given: self._take(given.text, spec_for, resume))
        else:
            journal = self._journal(taken=self._take(target, spec_for, resume))
            _require_readable(journal)
        self._job = Job(journal, self._ended)
        return self._job

    def _journal(self, **known: Any) -> Journal:
        return Journal(self._view, running_tvm(), loads=loads_module, **known)

    def _take(self, target: object | None, spec_for: SpecFor, resume: bool) -> TakenJob:
        """Resume an interrupted job, or begin one."""
        if target is not None:
            require_triple(parse_target(target))
        spec = spec_for(target)
        found = jobs.prepare(self._view.writable, spec) if spec.share is not None else jobs.Prepared()
        taken = self._interrupted(spec) if resume else None
        if taken is not None:
            _log.warning("resuming job %s, which was started %s", taken.opened.id, taken.opened.started)
        else:
            opened = jobs.begin(self._view, spec)
            claim = opened.claim()
            if claim is None:
                raise JobError(f"another process took job {opened.id} up at once", hint="Try again.")
            taken = TakenJob(opened, claim, resumed=False)
        return self._shared(taken, spec.share, found.seen)

    def _shared(self, taken: TakenJob, share: float | None, seen: str | None) -> TakenJob:
        """The job, claimed, with what tells other machines of it from now on, where it is shared.

        Args:
            taken: the job.
            share: how often that is asked for now, in seconds; None as the job was told before, if it was.
            seen: what its claim holds.

        Raises:
            TvmgitlibError: another machine has it, or none can be told.
        """
        opened = taken.opened
        if share is not None:
            try:
                opened = jobs.hold(self._view.writable, opened, share, seen)
            except TvmgitlibError:
                taken.claim.release()
                if not taken.resumed:
                    jobs.jobs_in_progress(self._view).remove(opened)
                raise
        if opened.spec.share is None:
            return taken
        return replace(taken, opened=opened, heartbeat=jobs.Heartbeat(self._view.writable, opened).start())

    def _interrupted(self, spec: JobSpec) -> TakenJob | None:
        """The newest job in progress of the same kind, key, target, platform, facts and TVM that no process has."""
        for job in reversed(jobs.jobs_in_progress(self._view).all()):
            if not _is_like(job.spec, spec):
                continue
            claim = job.claim()
            if claim is None:
                continue
            if job.spec.key == spec.key and job.spec.is_measured_as(spec):
                return TakenJob(job, claim, resumed=True)
            claim.release()
            _log.warning(
                "job %s, started %s, was interrupted under %s, so it is not resumed; tvmgitlib job finish commits it "
                "as it is",
                job.id,
                job.started,
                "other platform facts" if job.spec.key == spec.key else _under(job.spec.key),
            )
        return None

    def _ended(self, job: Job) -> None:
        if self._job is job:
            self._job = None

    def live_job(self) -> Job:
        """The job that was started here and is not over.

        Raises:
            JobError: there is none.
        """
        if self._job is None:
            raise JobError("no live job is open in this library", hint="library.start_job() begins one.")
        return self._job

    def job_or_spectator(self) -> Job:
        """The live job, else one that nobody started, to ask questions by."""
        return self._job or Job(self._journal(), self._ended)

    def require_startable(self) -> None:
        """Refuse where no job can be started.

        Raises:
            LibraryError: the library is for reading only.
            JobError: it has a live job already.
        """
        _ = self._view.writable
        if self._job is not None:
            raise JobError(
                "a live job is open in this library already",
                hint="Finish it first (leave its with block, or stop_job()).",
            )

    def revalidate(
        self,
        found: Any,
        selection: Selection,
        *,
        target: object | None,
        platform: str | None,
        facts: Mapping[str, Json],
        how: HowToMeasure,
        every: bool,
        baseline: bool,
        keep_refused: bool,
    ) -> revalidation.Revalidated:
        """See `ConfigLibrary.revalidate`; `found` is its `tasks`."""
        if platform is not None:
            validate_platform_name(platform)
        self.require_startable()
        asked = []
        if found is not None:
            with self._view.answering() as contents:
                recorded = self._families_with_records(contents, target, platform)
            asked = tasks.expand(found, target, selection.family, recorded or (tasks.DEFAULT_OF_RELAY,))
        request = revalidation.RevalidationRequest(
            tasks=None if found is None else [each.task for each in asked],
            selection=selection,
            target=target,
            platform=platform,
            facts=dict(facts),
            every=every,
            baseline=baseline,
            keep_refused=keep_refused,
            how=how,
        )
        return revalidation.revalidate(self._view, self._start_revalidation, request)

    def tune(
        self,
        request: tuning.TuneRequest,
        platform: str | None,
        facts: Mapping[str, Json] | None,
        share: float | None,
    ) -> tuning.ModelTuned:
        """See `ConfigLibrary.tune`."""
        self.require_startable()
        running_tvm()
        platform = platform or platform_of_runner(request.how)
        return tuning.tune_model(
            request,
            lambda key, options: self.start(
                "tune",
                request.target,
                platform,
                facts=facts,
                options=options,
                key=key,
                share=share,
                waits_for_target=request.target is None,
            ),
            lambda found: self.coverage(
                found, target=request.target, platform=platform, accept="exact", facts=facts, family=None
            ),
        )

    def _start_revalidation(self, target: str, platform: str, facts: Mapping[str, Json]) -> Job:
        spec_for = partial(jobs.job_spec, "revalidate", platform=platform, facts=facts, tvm=running_tvm())
        return self._start(target, spec_for, resume=True, waits=False)

    @staticmethod
    def how(measure_option: Any, builder: Any, runner: Any, check: bool, check_timeout: float | None) -> HowToMeasure:
        """How a user wants trials to be measured; no timeout is the default one."""
        timeout = TIMEOUT if check_timeout is None else check_timeout
        return HowToMeasure(measure_option, builder, runner, check, timeout)

    def callback(self) -> Any:
        """AutoTVM's callback that logs into whichever job is live when it is called."""
        return family_at_hand("autotvm").callback(lambda: self.live_job().journal)

    def job_pairs(self, task: Any | None) -> Any:
        """See `ConfigLibrary.get_job_records`."""
        job = self.live_job()
        family_at_hand("autotvm")
        return pairs(job.logged() if task is None else job.measured(task))

    # Builds

    def compile_relax(self, mod: Any, target: Any, params: Any, platform: str | None, accept: Taken) -> Any:
        """See `ConfigLibrary.compile_relax`."""
        with self.using(platform, accept, None):
            return apply.compile_relax(mod, target, params)

    def compile_tir(self, func: Any, target: Any, platform: str | None, accept: Taken) -> Any | None:
        """See `ConfigLibrary.compile_tir`."""
        with self.using(platform, accept, None):
            return apply.compile_tir(func, target)

    def records(self, selection: Selection, accept: Accept) -> list[tuple[Any, Any]]:
        """See `ConfigLibrary.records`."""
        require_one_of("accept", accept, ACCEPTS)
        family = family_at_hand(selection.family or "autotvm")
        return family.loaded(self._applicable(replace(selection, family=family.name), accept))

    def iterated(self, module: str) -> list[tuple[Any, Any]]:
        """What `ApplyHistoryBest(library)` of a module of TVM finds in the library; see `ConfigLibrary.__iter__`."""
        family = family_of_module(module)
        found = self._applicable(Selection(family=family.name), "exact")
        platforms = sorted({config.platform for config in found})
        if len(platforms) > 1:
            _log.warning(
                "TVM does not look at platforms and is given the records of %d (%s): "
                "library.records(Selection(platform=...)) are those of one",
                len(platforms),
                listed(platforms),
            )
        for key, targets in mixed_targets(family.name, (config.place.target for config in found)).items():
            _log.warning(
                "TVM knows %d targets by one key, %s (%s): select one target", len(targets), key, listed(targets)
            )
        return family.loaded(found)

    def _applicable(self, selection: Selection, accept: Accept) -> list[BestConfig]:
        """The best configs that hold for this TVM, without those that are slower than the untuned config."""
        tvm = running_tvm()
        with self._view.answering() as contents:
            found = best(contents, selection, Grader(contents, tvm, obstacle=Loading(contents, tvm)), accept)
        return [config for config in found if not config.is_slower]

    def using(
        self, platform: str | None, accept: Taken, facts: Mapping[str, Json] | None
    ) -> AbstractContextManager[Summary]:
        """See `ConfigLibrary.using`."""
        require_one_of("accept", accept, TAKEN)
        if platform is not None:
            validate_platform_name(platform)
        return self._using(platform, accept, facts)

    @contextmanager
    def _using(self, platform: str | None, accept: Taken, facts: Mapping[str, Json] | None) -> Iterator[Summary]:
        tvm = running_tvm()
        with ExitStack() as stack:
            contents = stack.enter_context(self._view.answering())
            lookup = Lookup(contents, tvm, platform, accept, facts, Loading(contents, tvm))
            suggesting = Untuned(contents, lookup) if accept == SUGGESTED else nothing
            self.summary = lookup.summary
            for family in live_families():
                if family.available():
                    stack.enter_context(family.applying(lookup, suggesting))
            yield lookup.summary
        _log.info("%s", lookup.summary.line)

    def coverage(
        self,
        found: Any,
        *,
        target: object | None,
        platform: str | None,
        accept: Taken,
        facts: Mapping[str, Json] | None,
        family: str | None,
    ) -> coverage.Coverage:
        """See `ConfigLibrary.coverage`; `found` is its `tasks`."""
        require_one_of("accept", accept, TAKEN)
        Selection(family=family)
        if platform is not None:
            validate_platform_name(platform)
        tvm = running_tvm()
        with self._view.answering() as contents:
            recorded = self._families_with_records(contents, target, platform)
            asked = tasks.expand(found, target, family, recorded or (tasks.DEFAULT_OF_RELAY,))
            done = coverage.coverage(contents, tvm, asked, target=target, platform=platform, accept=accept, facts=facts)
        if not done.families:
            return done
        others = tuple(name for name in recorded if name not in done.families)
        return replace(done, families=done.families if family is None else (), others=others)

    def suggest(
        self, found: Any, count: int, *, target: object | None, platform: str | None, family: str | None, seed: int
    ) -> list[Suggestions]:
        """See `ConfigLibrary.suggest`; `found` is its `tasks`."""
        if platform is not None:
            validate_platform_name(platform)
        given = parse_target(target) if target is not None else None
        answers: dict[Place, Suggestions] = {}
        for each in tasks.expand(found, target, family):
            of_task = family_of_task(each.task)
            its, workload = of_task.identify(each.task, given)
            where = platform_of(its, platform)
            if where is None:
                raise PlatformError(
                    f"nothing says which platform {its.target.label} is on",
                    hint='Name it: platform="NAME" in Python, --platform NAME on the command line.',
                )
            place = Place(of_task.name, its.target, where, workload)
            if place not in answers:
                with self._view.reading() as contents:
                    answers[place] = TaskSuggester(contents, place, each.task, its, seed).suggestions(count)
        return list(answers.values())

    def _families_with_records(
        self, contents: Contents, target: object | None, platform: str | None
    ) -> tuple[str, ...]:
        """The families of this TVM that the library has records of for a target, where one is given."""
        if target is None:
            return ()
        given = parse_target(target)
        lookup = Lookup(contents, running_tvm(), platform)
        return tuple(
            family.name
            for family in live_families()
            if family.available() and any(True for _ in lookup.records(family.name, given))
        )


def _require_readable(journal: Journal) -> None:
    """Refuse a job, before anything is measured, that could not be finished for what others have logged into it.

    Raises:
        TvmgitlibError: naming file and line, and the way on.
    """
    try:
        journal.logged()
    except TvmgitlibError:
        journal.release(left=True)
        raise


def _is_like(spec: JobSpec, wanted: JobSpec) -> bool:
    """Whether an interrupted job is the one that is asked for, but for its platform's facts."""
    same = (spec.kind, _target(spec), spec.platform_name) == (wanted.kind, _target(wanted), wanted.platform_name)
    return same and (spec.tvm is None or wanted.tvm is None or spec.tvm.group == wanted.tvm.group)


def _under(key: str | None) -> str:
    return f"the key {key!r}" if key is not None else "no key"


def _target(spec: JobSpec) -> object:
    """What its target asks for: the code, and the limits of the device."""
    target = parse_target(spec.target).target if spec.target is not None else None
    return (target, target.limits_text) if target is not None else None

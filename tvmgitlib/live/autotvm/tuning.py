"""Tuning an AutoTVM task until enough is on record, with nothing measured twice."""

from __future__ import annotations

import hashlib
import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson

from tvmgitlib.library.jobs import Journal
from tvmgitlib.live.autotvm.on_fleet import with_fleet
from tvmgitlib.live.autotvm.recording import LogToJob
from tvmgitlib.live.autotvm.records import answer_type, config_of, is_lasting, line_of, logged_type
from tvmgitlib.live.autotvm.warm import WarmStart
from tvmgitlib.live.common import Suggesters, name_of, options_of, place_of, plain
from tvmgitlib.model import TuningRecord

_log = logging.getLogger("tvmgitlib")

#: More trials than any tuner makes: the run is ended from within (`_Run`).
_ENDLESS = 10**9

#: How many proposals in a row that are all on record, beyond those known, end a search (a genetic one may come back to
#: what it has seen for ever).
_PATIENCE = 10_000


class Answers:
    """The results of one task, by config: from the record, and as they are measured."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._results: dict[bytes, Any] = {}

    def open(self, task: Any) -> None:
        """Begin with a task.

        Raises:
            JobError: it has another target than the job.
        """
        records = self._journal.answers(place_of(self._journal, task))
        self._results = {record.config: answer(record) for record in records}

    def get(self, config: Any) -> Any | None:
        """The result of a config; None when it has to be measured."""
        return self._results.get(config_of(config))

    def log(self, measured: Any, result: Any) -> Any:
        """Log a result when it comes; returns it as one that is on the disk."""
        self._journal.append([line_of(measured, result)])
        return logged_type()(*result)

    def learn(self, config: Any, result: Any) -> Any:
        """Remember a result that was measured now; returns it as it is answered from here on."""
        known = answer_type()(*result)
        if is_lasting(result):
            self._results[config_of(config)] = known
        return known


def answer(record: TuningRecord) -> Any:
    """What is on record of a config, as if it had been measured now."""
    costs, error, all_cost, timestamp = orjson.loads(record.native)["result"]
    said: tuple[Any, ...] = tuple(costs)
    if error:  # a tuner expects a traceback and an exception, which AutoTVM's log does not keep
        said = ("", RuntimeError(f"on record as failed: {record.error}"))
    return answer_type()(said, error, all_cost, timestamp)


class _Part:
    """The user's builder or runner, except for what a subclass does itself."""

    def __init__(self, inner: Any, answers: Answers) -> None:
        self._inner = inner
        self._answers = answers

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Repeat:
    """Stands for the build of a config that is in the batch already."""

    def __init__(self, first: int) -> None:
        self.first = first


class _Builder(_Part):
    """Builds what is not known; the runner is handed the results of the rest.

    Args:
        inner: the user's builder.
        answers: what is known.
        batch: how many configs the tuner is to choose at once, at least.
    """

    def __init__(self, inner: Any, answers: Answers, batch: int) -> None:
        super().__init__(inner, answers)
        self._batch = batch

    @property
    def n_parallel(self) -> int:
        """What AutoTVM takes for the size of its batches."""
        return max(int(self._inner.n_parallel), self._batch)

    def build(self, inputs: Sequence[Any]) -> list[Any]:
        builds: list[Any] = []
        wanted: dict[bytes, int] = {}
        for place, measure_input in enumerate(inputs):
            known = self._answers.get(measure_input.config)
            if known is None:
                first = wanted.setdefault(config_of(measure_input.config), place)
                known = _Repeat(first) if first != place else None
            builds.append(known)
        places = list(wanted.values())
        built = self._inner.build([inputs[place] for place in places]) if places else []
        for place, build in zip(places, built, strict=True):
            builds[place] = build
        return builds


class _Runner(_Part):
    """Runs what was built."""

    def set_task(self, task: Any) -> Any:
        self._answers.open(task)
        return self._inner.set_task(task)  # keeps the servers alive that it starts

    def run(self, inputs: Sequence[Any], builds: Sequence[Any]) -> list[Any]:
        answered = answer_type()
        results = list(builds)
        places = [place for place, build in enumerate(builds) if not isinstance(build, (answered, _Repeat))]
        measured = self._measured([inputs[at] for at in places], [builds[at] for at in places]) if places else []
        repeated: dict[int, Any] = {}
        for place, result in zip(places, measured, strict=True):
            results[place] = result
            repeated[place] = self._answers.learn(inputs[place].config, result)
        return [repeated[result.first] if isinstance(result, _Repeat) else result for result in results]

    def _measured(self, inputs: Sequence[Any], builds: Sequence[Any]) -> Sequence[Any]:
        """The results of the user's runner; of one that tells of each when it comes, each is on the disk then."""
        if not hasattr(self._inner, "run_each"):
            results: Sequence[Any] = self._inner.run(inputs, builds)
            return results
        done: dict[int, Any] = {}

        def came(at: int, result: Any) -> None:
            done[at] = self._answers.log(inputs[at], result)

        self._inner.run_each(inputs, builds, came)
        return [done[at] for at in range(len(inputs))]


def measure_option(journal: Journal, option: Any) -> Any:
    """The user's measure option, with configs that were measured before answered from the record."""
    option = with_fleet(option)
    builder, runner = option["builder"], option["runner"]
    if isinstance(builder, _Builder):
        return option
    answers = Answers(journal)
    batch = getattr(runner, "batch", 1)
    return {**option, "builder": _Builder(builder, answers, batch), "runner": _Runner(runner, answers)}


def measuring_anew(option: Mapping[str, Any]) -> Mapping[str, Any]:
    """A measure option without what `measure_option` has put around its parts, if it has."""
    parts = {name: option[name] for name in ("builder", "runner")}
    return {**option, **{name: part._inner if isinstance(part, _Part) else part for name, part in parts.items()}}


def tune(
    journal: Journal,
    tuner: Any,
    n_trial: int,
    option: Any,
    callbacks: Sequence[Callable[..., None]] = (),
    early_stopping: int | None = None,
    seed: int | None = None,
    warm: Suggesters | None = None,
) -> bool:
    """Tune a task until as many trials are on record; see `Job.tune`."""
    task = tuner.task
    place = place_of(journal, task)
    if journal.is_tuned(place, n_trial):
        _log.info("%s is tuned: enough is on record", task.name)
        return False
    told = {"n_trial": n_trial, "early_stopping": early_stopping, "seed": seed}
    options = options_of(tuner, getattr(tuner, "cost_model", None))
    journal.note_tuner(name_of(tuner), {**options, **plain(told), **(warm.told([task]) if warm else {})})
    if seed is None:
        seed = int.from_bytes(hashlib.sha256(f"{journal.id}\n{place.workload.text}".encode()).digest()[:4], "big")
    known = journal.answers(place)
    begin = WarmStart(task, warm.of(task), known, len(journal.measured(place))) if warm else None
    run = _Run(tuner, journal.missing(place, n_trial), known, seed, begin, lambda: journal.is_out_of_time)
    with run.steering():
        tuner.tune(
            n_trial=_ENDLESS,
            measure_option=measure_option(journal, option),
            early_stopping=early_stopping,
            callbacks=[LogToJob(lambda: journal), *callbacks],
        )
    return run.new > 0


class _Run:
    """A tuner's run, steered from within: it ends when enough is new, and draws from random numbers of its own.

    `Tuner.tune` counts answers as trials, and ends by its count alone; so the tuner's own `has_next` says when it is
    enough.

    Args:
        tuner: an AutoTVM tuner.
        wanted: how many new trials to make.
        known: what is on record of the task.
        seed: of the tuner's random choices.
        warm: what is tried beside the tuner's own choices; None to leave all to the tuner.
        is_over: whether no more trials are to be begun.
    """

    def __init__(
        self,
        tuner: Any,
        wanted: int,
        known: Sequence[TuningRecord],
        seed: int,
        warm: WarmStart | None,
        is_over: Callable[[], bool],
    ) -> None:
        self.new = 0
        self._tuner = tuner
        self._wanted = wanted
        self._patience = _PATIENCE + len(known)
        self._idle = 0
        self._random = _RandomState(seed)
        self._warm = warm
        self._is_over = is_over
        self._own: dict[str, Any] = {name: getattr(tuner, name) for name in ("has_next", "next_batch", "update")}
        self._catch_up(known)

    @contextmanager
    def steering(self) -> Iterator[None]:
        """The tuner is steered inside."""
        for name in self._own:
            setattr(self._tuner, name, getattr(self, name))
        try:
            yield
        finally:
            for name in self._own:
                delattr(self._tuner, name)

    def has_next(self) -> bool:
        is_enough = self.new >= self._wanted or self._idle >= self._patience or self._is_over()
        return not is_enough and self._own["has_next"]()

    def next_batch(self, size: int) -> Any:
        size = min(size, self._wanted - self.new)
        suggested = self._warm.next_batch(size) if self._warm else []
        if suggested:
            return suggested
        with self._random.used():
            return self._own["next_batch"](size)

    def update(self, inputs: Sequence[Any], results: Sequence[Any]) -> None:
        new = sum(not isinstance(result, answer_type()) for result in results)
        self.new += new
        self._idle = 0 if new else self._idle + len(results)
        with self._random.used():
            if self._warm is None or not self._warm.takes(inputs, results):
                self._own["update"](inputs, results)

    def _catch_up(self, known: Sequence[TuningRecord]) -> None:
        """Bring a fresh tuner to where its random choices follow from the seed, and its model from the record."""
        from tvm.autotvm.tuner import GATuner
        from tvm.autotvm.tuner.model_based_tuner import ModelBasedTuner

        tuner = self._tuner
        if type(tuner) is GATuner and tuner.trial_pt == 0 and not tuner.elites:  # its first generation is drawn already
            with self._random.used():
                tuner.__init__(tuner.task, tuner.pop_size, tuner.elite_num, tuner.mutation_prob)
        if isinstance(tuner, ModelBasedTuner) and known:
            inputs, results = _replayed(tuner, known)
            with self._random.used():
                tuner.update(inputs, results)


def _replayed(tuner: Any, known: Sequence[TuningRecord]) -> tuple[list[Any], list[Any]]:
    """What is on record as the inputs and results of a batch; the tuner's best so far is set by it."""
    from tvm.autotvm.measure import MeasureInput

    inputs, results = [], []
    for record in known:
        index = orjson.loads(record.native)["config"]["index"]
        if not 0 <= index < tuner.space.range_length or not tuner.space.is_index_valid(index):
            continue
        config, result = tuner.space.get(index), answer(record)
        if config_of(config) != record.config:  # a space that has changed since
            continue
        inputs.append(MeasureInput(tuner.task.target, tuner.task, config))
        results.append(result)
        flops = tuner.task.flop / record.cost  # none for a failure, whose cost is infinite
        if flops > tuner.best_flops:
            tuner.best_flops, tuner.best_config = flops, config
            tuner.best_measure_pair = (inputs[-1], result)
    return inputs, results


class _RandomState:
    """Random numbers of its own behind the global generators of Python and numpy, which AutoTVM's tuners draw from."""

    def __init__(self, seed: int) -> None:
        import numpy as np

        self._python: Any = random.Random(seed).getstate()
        self._numpy: Any = np.random.RandomState(seed % 2**32).get_state()

    @contextmanager
    def used(self) -> Iterator[None]:
        """What is drawn inside follows from the seed alone, and nothing outside is changed by it."""
        import numpy as np

        python, numpy = random.getstate(), np.random.get_state()
        random.setstate(self._python)
        np.random.set_state(self._numpy)
        try:
            yield
        finally:
            self._python, self._numpy = random.getstate(), np.random.get_state()
            random.setstate(python)
            np.random.set_state(numpy)

"""Tuning an Ansor task until enough is on record, with no state measured twice."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any, Final

from tvmgitlib.library.jobs import Journal
from tvmgitlib.live.ansor.on_fleet import measuring_on
from tvmgitlib.live.ansor.recording import recorder, temporary_log
from tvmgitlib.live.ansor.warm import cost_of, measure_suggested
from tvmgitlib.live.common import Held, Suggesters, holding, name_of, place_of, plain
from tvmgitlib.live.fleet import Fleet
from tvmgitlib.model import Place

_log = logging.getLogger("tvmgitlib")

#: After so many rounds in a row that found nothing new TVM gives up (`retry_search_one_round_on_empty`).
_ROUNDS_FOR_NOTHING: Final = 2


def tune(
    journal: Journal,
    task: Any,
    trials: int,
    *,
    builder: Any = "local",
    runner: Any = "local",
    cost_model: Any = None,
    params: dict[str, Any] | None = None,
    seed: int | None = None,
    measures_per_round: int = 64,
    early_stopping: int | None = None,
    callbacks: Sequence[Any] = (),
    verbose: int = 1,
    warm: Suggesters | None = None,
) -> bool:
    """Tune a task with `SketchPolicy` until as many trials are on record; see `Job.tune_ansor`."""
    place = place_of(journal, task)
    if journal.is_tuned(place, trials):
        _log.info("%s is tuned: enough is on record", task.desc or task.workload_key)
        return False
    told: dict[str, Any] = {"trials": trials, "measures_per_round": measures_per_round, "seed": seed}
    told |= {"early_stopping": early_stopping, "params": params}
    with holding() as held:
        record = recorder()(lambda: journal, held)
        called = [*callbacks] if isinstance(runner, Fleet) else [record, *callbacks]

        def came(*pair: Any) -> None:
            record.callback(None, *([each] for each in pair))

        with measuring_on(builder, runner, held, came) as where:
            return _tune(journal, task, place, told, where, held, called, cost_model, verbose, warm)


def _tune(
    journal: Journal,
    task: Any,
    place: Place,
    told: dict[str, Any],
    where: tuple[Any, Any],
    held: Held,
    callbacks: Sequence[Any],
    cost_model: Any,
    verbose: int,
    warm: Suggesters | None,
) -> bool:
    """The same with a builder and a runner as TVM takes them, and with all callbacks; `told` is for the record too."""
    from tvm import auto_scheduler

    builder, runner = where
    trials, seed, early_stopping, params = (told[name] for name in ("trials", "seed", "early_stopping", "params"))
    before = len(journal.measured(place))
    if warm is not None:
        measure_suggested(journal, warm.of(task), trials, builder, runner, callbacks)
    left = journal.missing(place, trials)
    measured = temporary_log(journal.answers(place))
    cost_model = cost_model or _taught(journal, place, seed, held)
    policy = auto_scheduler.SketchPolicy(
        task,
        cost_model,
        params=dict(params or {}),  # TVM adds its defaults to what it is given
        seed=seed,
        verbose=verbose,
        init_search_callbacks=[auto_scheduler.PreloadMeasuredStates(measured)],
    )
    noted = {**told, "cost_model": type(cost_model).__name__, **(warm.told([task]) if warm is not None else {})}
    journal.note_tuner(name_of(policy), plain(noted))
    if left <= 0:
        return True
    begun = len(journal.measured(place))
    options = auto_scheduler.TuningOptions(
        num_measure_trials=left,
        early_stopping=early_stopping,
        num_measures_per_round=told["measures_per_round"],
        verbose=verbose,
        builder=builder,
        runner=runner,
        measure_callbacks=[*callbacks],
    )
    _search(task, policy, options, journal, early_stopping)
    if len(journal.measured(place)) == begun and not journal.is_out_of_time:
        # A run that only ends early is no proof: TVM gives up when two rounds found nothing new.
        journal.mark_exhausted(place)
    return len(journal.measured(place)) > before


def _search(task: Any, policy: Any, options: Any, journal: Journal, early_stopping: int | None) -> None:
    """Let a policy search; of one trial TVM thinks: measure nothing, give the model's best guess."""
    from tvm.auto_scheduler.measure import ProgramMeasurer

    left = options.num_measure_trials
    if left > 1 and not journal.is_limited:
        task.tune(options, policy)
        return
    measurer = ProgramMeasurer(options.builder, options.runner, options.measure_callbacks, options.verbose)
    patience = math.inf if early_stopping is None else early_stopping
    best, since, empty = math.inf, 0, 0
    while left > 0 and since < patience and empty < _ROUNDS_FOR_NOTHING and not journal.is_out_of_time:
        inputs, results = policy.continue_search_one_round(min(left, options.num_measures_per_round), measurer)
        left -= len(inputs)
        empty = 0 if len(inputs) else empty + 1
        for cost in map(cost_of, results):
            best, since = (cost, 0) if cost is not None and cost < best else (best, since + 1)


def _taught(journal: Journal, place: Place, seed: int | None, held: Held) -> Any:
    """A cost model that knows what is on record, and ends a search that is interrupted: C++ asks it all the time."""
    from tvm import auto_scheduler

    cost_model = auto_scheduler.XGBModel(seed=seed)
    cost_model.update_from_file(temporary_log(journal.learnable(place)))
    predict = cost_model.predict

    def predict_unless_interrupted(task: Any, states: Any) -> Any:
        held.heed()
        return predict(task, states)

    cost_model.predict = predict_unless_interrupted
    return cost_model

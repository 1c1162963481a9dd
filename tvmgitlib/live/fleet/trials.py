"""Trials on a fleet: as many at once as there are boards, each in a session of its own, in a thread of its own.

A fault of the farm is no trial: it is made again on another board, and waited for. One thread decides what is begun,
and tells of results as they come; those of the sessions only measure.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final, TypeAlias

from msgspec import Struct

from tvmgitlib.live.at_hand import last_line
from tvmgitlib.live.common import Failure
from tvmgitlib.live.fleet.fleet import Fleet
from tvmgitlib.live.fleet.session import Kernel, KernelError, SessionEndedError, ask, timed
from tvmgitlib.live.fleet.tracker import Asking
from tvmgitlib.model import TvmError

_log = logging.getLogger("tvmgitlib")

#: The most sessions at once: TVM has room for 32 in a process, and those that were given up keep theirs.
_MOST: Final = 24

#: How many sessions a config may end before that counts as a failure of its own.
_ENDS: Final = 2

#: How long a board may take beyond its time limit until it counts as gone, in seconds: servers end sessions themselves.
_GRACE: Final = 10.0

#: How often the tracker is asked again how many boards there are, in seconds.
_ASKED_AGAIN: Final = 5.0

#: How long to wait until a farm at fault is tried again, and between looks at what is overdue, in seconds.
_PAUSE: Final = 1.0


class Timed(Struct, frozen=True):
    """What came of a trial.

    Attributes:
        costs: run times in seconds; None for a failure.
        failure: why it failed; None for a success.
        took: how long it kept its board, in seconds.
    """

    costs: tuple[float, ...] | None
    failure: Failure | None
    took: float


#: What is done on a board, given the session with it.
Trial: TypeAlias = "Callable[[Any], Any]"


def measure(fleet: Fleet, kernels: Sequence[Kernel], came: Callable[[int, Timed], None]) -> None:
    """Time kernels on a fleet.

    Args:
        fleet: the fleet.
        kernels: the kernels.
        came: is told of each, by its place, when its result has come; in this thread.

    Raises:
        FleetError: no board was to be had for as long as the fleet's patience goes; what came before has been told.
    """

    def trial(kernel: Kernel) -> Trial:
        return lambda session: timed(session, kernel, fleet)

    _Trials(fleet, [trial(each) for each in kernels], came).run()


def ask_a_board(fleet: Fleet, question: Callable[[Any], Any]) -> Any:
    """What the next free board of a fleet answers.

    Args:
        fleet: the fleet.
        question: is called with a session.

    Raises:
        FleetError: see `measure`.
        TvmError: the board cannot answer.
    """
    answers: list[Timed] = []
    _Trials(fleet, [lambda session: ask(session, question, fleet)], lambda _, outcome: answers.append(outcome)).run()
    (answer,) = answers
    if answer.failure is not None:
        raise TvmError(f"a board of {fleet.name} does not answer: {last_line(answer.failure.text)}")
    return answer.costs


class _AwayError(Exception):
    """There is no session to be had."""


class _Attempt:
    """One try to make a trial, in a thread of its own, which may be left to itself.

    Attributes:
        at: the trial's place.
        board: the board that it was given; empty while it waits for one.
        began: when that was.
        is_on_board: whether there is a session with it.
    """

    def __init__(self, fleet: Fleet, at: int, trial: Trial, ended: SimpleQueue[tuple[_Attempt, Any]]) -> None:
        self.at = at
        self.board = ""
        self.began = 0.0
        self.is_on_board = False
        self._fleet = fleet
        self._trial = trial
        self._ended = ended
        self._asking: Asking | None = None
        self._is_given_up = False
        Thread(target=self._work, name=f"fleet-{at}", daemon=True).start()

    @property
    def took(self) -> float:
        """How long it has its board, in seconds; 0 while it waits for one."""
        return time.monotonic() - self.began if self.board else 0.0

    def give_up(self) -> None:
        """Leave the tracker's queue; a session that has begun goes on, and nobody asks for its result."""
        self._is_given_up = True
        if self._asking is not None:
            self._asking.close()

    def _work(self) -> None:
        self._ended.put((self, self._outcome()))

    def _outcome(self) -> Any:
        """What the trial gives, or an exception without its traceback, which would hold the session."""
        try:
            session = self._session()
            self.is_on_board = True
        except Exception as error:  # of many kinds, by TVM
            return _AwayError(f"{self.board}: {last_line(error)}" if self.board else last_line(error))
        try:
            return self._trial(session)
        except Exception as error:
            return error.with_traceback(None)

    def _session(self) -> Any:
        from tvm import rpc

        self._asking = self._fleet.tracker.asking(self._fleet.key, self._fleet.patience)
        if self._is_given_up:
            self._asking.close()
        board = self._asking.board()
        self.began, self.board = time.monotonic(), board.name
        return rpc.connect(board.host, board.port, board.matchkey, self._fleet.timeout)


class _Trials:
    """Trials on their way.

    Args:
        fleet: where they are made.
        trials: what is done on a board for each.
        came: is told of each outcome.
    """

    def __init__(self, fleet: Fleet, trials: Sequence[Trial], came: Callable[[int, Timed], None]) -> None:
        self._fleet = fleet
        self._trials = trials
        self._came = came
        self._waiting = deque(range(len(trials)))
        self._running: set[_Attempt] = set()
        self._ended: SimpleQueue[tuple[_Attempt, Any]] = SimpleQueue()
        self._ends: Counter[int] = Counter()
        self._boards = 0
        self._asked = self._begins = -_ASKED_AGAIN
        self._heard = time.monotonic()
        self._why = "it has no boards"
        self._has_told = False

    def run(self) -> None:
        """Make all of them; see `measure`."""
        try:
            while self._waiting or self._running:
                self._look_for_boards()
                while self._waiting and len(self._running) < min(self._boards, _MOST) and self._may_begin:
                    at = self._waiting.popleft()
                    self._running.add(_Attempt(self._fleet, at, self._trials[at], self._ended))
                for attempt, outcome in self._those_that_ended():
                    self._settle(attempt, outcome)
                self._require_patience()
        finally:
            for attempt in self._running:
                attempt.give_up()

    @property
    def _may_begin(self) -> bool:
        return time.monotonic() >= self._begins

    def _look_for_boards(self) -> None:
        """As many trials run at once as there are boards at the moment."""
        if time.monotonic() < self._asked + (_ASKED_AGAIN if self._boards else _PAUSE):
            return
        try:
            self._boards = len(self._fleet.status().boards)
            if self._boards == 0:
                self._why = "it has no boards"
        except OSError as error:  # those that measure go on
            self._why = f"its tracker does not answer: {error}"
        self._asked = time.monotonic()

    def _those_that_ended(self) -> Iterator[tuple[_Attempt, Any]]:
        """The attempts that have ended by now, or a moment later; those that are overdue with them."""
        try:
            found = [self._ended.get(timeout=_PAUSE)]
        except Empty:
            found = []
        while not self._ended.empty():
            found.append(self._ended.get())
        yield from ((attempt, outcome) for attempt, outcome in found if attempt in self._running)
        limit = self._fleet.timeout + _GRACE
        for attempt in [each for each in self._running if each.took > limit]:
            yield attempt, SessionEndedError(f"the board {attempt.board} has not answered for {limit:g} s")

    def _settle(self, attempt: _Attempt, outcome: Any) -> None:
        """Tell of an outcome that is the trial's own; a fault of the farm is no trial, which is made again."""
        self._running.discard(attempt)
        if isinstance(outcome, _AwayError):
            self._why = str(outcome)
            self._begins = time.monotonic() + _PAUSE
            self._waiting.appendleft(attempt.at)
            return
        self._heard, self._has_told = time.monotonic(), False
        if isinstance(outcome, SessionEndedError):
            self._ends[attempt.at] += 1
            if self._ends[attempt.at] < _ENDS:
                _log.warning("a trial has lost its board %s, and is made on another one", attempt.board)
                self._waiting.append(attempt.at)
                return
            text = f"it ended its session on {_ENDS} boards: {last_line(str(outcome))}"
            self._came(attempt.at, Timed(None, Failure("runtime_device", text), attempt.took))
        elif isinstance(outcome, KernelError):
            self._came(attempt.at, Timed(None, outcome.failure, attempt.took))
        elif isinstance(outcome, Exception):
            raise outcome
        else:
            self._came(attempt.at, Timed(outcome, None, attempt.took))

    def _require_patience(self) -> None:
        """Wait for a farm that is away, but not for ever.

        Raises:
            FleetError: the fleet's patience is over.
        """
        if any(attempt.is_on_board for attempt in self._running):
            self._heard = time.monotonic()
        away, patience = time.monotonic() - self._heard, self._fleet.patience
        if not (self._waiting or self._running) or away < min(patience, 2 * _ASKED_AGAIN):
            return
        if away >= patience:
            raise self._fleet.away(self._why)
        if not self._has_told:
            self._has_told = True
            self._fleet.tell_waiting(self._why)

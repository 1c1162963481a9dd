"""What the live side of every family is, and what it works with: spaces, loading, outputs, suggestions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib._doors import door

if TYPE_CHECKING:
    from tvmgitlib.live.common.base import TIMEOUT as TIMEOUT
    from tvmgitlib.live.common.base import Failure as Failure
    from tvmgitlib.live.common.base import HowToMeasure as HowToMeasure
    from tvmgitlib.live.common.base import LiveFamily as LiveFamily
    from tvmgitlib.live.common.base import Native as Native
    from tvmgitlib.live.common.base import Remeasured as Remeasured
    from tvmgitlib.live.common.base import family_at_hand as family_at_hand
    from tvmgitlib.live.common.base import family_of_module as family_of_module
    from tvmgitlib.live.common.base import family_of_task as family_of_task
    from tvmgitlib.live.common.base import live_families as live_families
    from tvmgitlib.live.common.base import live_family as live_family
    from tvmgitlib.live.common.base import place_of as place_of
    from tvmgitlib.live.common.base import running_tvm as running_tvm
    from tvmgitlib.live.common.interrupts import Held as Held
    from tvmgitlib.live.common.interrupts import holding as holding
    from tvmgitlib.live.common.loading import Loading as Loading
    from tvmgitlib.live.common.loading import apply as apply
    from tvmgitlib.live.common.loading import asked_for as asked_for
    from tvmgitlib.live.common.loading import loads_module as loads_module
    from tvmgitlib.live.common.loading import readable as readable
    from tvmgitlib.live.common.loading import why_unreadable as why_unreadable
    from tvmgitlib.live.common.outputs import UNCHECKED as UNCHECKED
    from tvmgitlib.live.common.outputs import Process as Process
    from tvmgitlib.live.common.outputs import TrialError as TrialError
    from tvmgitlib.live.common.outputs import difference as difference
    from tvmgitlib.live.common.outputs import failing as failing
    from tvmgitlib.live.common.outputs import random_array as random_array
    from tvmgitlib.live.common.outputs import run_with_numbers as run_with_numbers
    from tvmgitlib.live.common.outputs import tolerance as tolerance
    from tvmgitlib.live.common.runners import elsewhere as elsewhere
    from tvmgitlib.live.common.runners import note_caller as note_caller
    from tvmgitlib.live.common.runners import platform_of_runner as platform_of_runner
    from tvmgitlib.live.common.schedule_outputs import Check as Check
    from tvmgitlib.live.common.space import LiveSpace as LiveSpace
    from tvmgitlib.live.common.space import SnappedSpace as SnappedSpace
    from tvmgitlib.live.common.space import Suggesting as Suggesting
    from tvmgitlib.live.common.suggesting import Suggesters as Suggesters
    from tvmgitlib.live.common.suggesting import TaskSuggester as TaskSuggester
    from tvmgitlib.live.common.suggesting import other_records as other_records
    from tvmgitlib.live.common.told import name_of as name_of
    from tvmgitlib.live.common.told import options_of as options_of
    from tvmgitlib.live.common.told import plain as plain
    from tvmgitlib.live.common.untuned import Untuned as Untuned
    from tvmgitlib.live.common.untuned import nothing as nothing

_NAMES = {
    "base": (
        "TIMEOUT Failure HowToMeasure LiveFamily Native Remeasured family_at_hand family_of_module "
        "family_of_task live_families live_family place_of running_tvm"
    ),
    "interrupts": "Held holding",
    "loading": "Loading apply asked_for loads_module readable why_unreadable",
    "outputs": "UNCHECKED Process TrialError difference failing random_array run_with_numbers tolerance",
    "runners": "elsewhere note_caller platform_of_runner",
    "schedule_outputs": "Check",
    "space": "LiveSpace SnappedSpace Suggesting",
    "suggesting": "Suggesters TaskSuggester other_records",
    "told": "name_of options_of plain",
    "untuned": "Untuned nothing",
}

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and says of any other that there is none
    __getattr__, __all__ = door(__name__, _NAMES)

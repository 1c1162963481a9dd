"""What commands are made of: their context, options and completion, and the tables that they print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib._doors import door

if TYPE_CHECKING:
    from tvmgitlib.cli.common.completing import complete_any_jobs as complete_any_jobs
    from tvmgitlib.cli.common.completing import complete_jobs as complete_jobs
    from tvmgitlib.cli.common.completing import complete_open_jobs as complete_open_jobs
    from tvmgitlib.cli.common.completing import complete_platforms as complete_platforms
    from tvmgitlib.cli.common.completing import complete_settings as complete_settings
    from tvmgitlib.cli.common.context import Context as Context
    from tvmgitlib.cli.common.context import as_line as as_line
    from tvmgitlib.cli.common.context import note as note
    from tvmgitlib.cli.common.context import note_each as note_each
    from tvmgitlib.cli.common.context import note_some as note_some
    from tvmgitlib.cli.common.context import pass_context as pass_context
    from tvmgitlib.cli.common.context import say as say
    from tvmgitlib.cli.common.listing import Listing as Listing
    from tvmgitlib.cli.common.listing import list_options as list_options
    from tvmgitlib.cli.common.listing import place_columns as place_columns
    from tvmgitlib.cli.common.listing import show as show
    from tvmgitlib.cli.common.listing import show_by_place as show_by_place
    from tvmgitlib.cli.common.listing import text_of as text_of
    from tvmgitlib.cli.common.listing import with_place as with_place
    from tvmgitlib.cli.common.options import FamilyChoice as FamilyChoice
    from tvmgitlib.cli.common.options import complete_target_option as complete_target_option
    from tvmgitlib.cli.common.options import example as example
    from tvmgitlib.cli.common.options import facts_option as facts_option
    from tvmgitlib.cli.common.options import fleet_options as fleet_options
    from tvmgitlib.cli.common.options import push_option as push_option
    from tvmgitlib.cli.common.options import queued_option as queued_option
    from tvmgitlib.cli.common.options import read_facts as read_facts
    from tvmgitlib.cli.common.options import rev_option as rev_option
    from tvmgitlib.cli.common.options import selection_options as selection_options
    from tvmgitlib.cli.common.options import share_option as share_option
    from tvmgitlib.cli.common.options import time_span as time_span
    from tvmgitlib.cli.common.options import tvm_at_hand_option as tvm_at_hand_option
    from tvmgitlib.cli.common.options import tvm_option as tvm_option
    from tvmgitlib.cli.common.places import by_place as by_place
    from tvmgitlib.cli.common.tables import Column as Column
    from tvmgitlib.cli.common.tables import count as count
    from tvmgitlib.cli.common.tables import factor as factor
    from tvmgitlib.cli.common.tables import pairs as pairs
    from tvmgitlib.cli.common.tables import seconds as seconds
    from tvmgitlib.cli.common.tables import table as table

_NAMES = {
    "completing": "complete_any_jobs complete_jobs complete_open_jobs complete_platforms complete_settings",
    "context": "Context as_line note note_each note_some pass_context say",
    "listing": "Listing list_options place_columns show show_by_place text_of with_place",
    "options": (
        "FamilyChoice complete_target_option example facts_option fleet_options push_option queued_option read_facts "
        "rev_option selection_options share_option time_span tvm_at_hand_option tvm_option"
    ),
    "places": "by_place",
    "tables": "Column count factor pairs seconds table",
}

if not TYPE_CHECKING:  # a checker knows the names by the imports above, and says of any other that there is none
    __getattr__, __all__ = door(__name__, _NAMES)

"""What the trials of other workloads suggest for one that was never tuned. Pure: the same history, the same answer."""

from tvmgitlib.rules.suggesting.allowance import MOST, ROUND, Allowance
from tvmgitlib.rules.suggesting.fading import OWN_FIRST, library_weight
from tvmgitlib.rules.suggesting.forms import form_id, with_form, without_form
from tvmgitlib.rules.suggesting.past import PastTask, common_axes, distance, key_of
from tvmgitlib.rules.suggesting.ranking import model_at_hand
from tvmgitlib.rules.suggesting.snapping import apart, snapped_factors
from tvmgitlib.rules.suggesting.spaces import ProductSpace, Space
from tvmgitlib.rules.suggesting.suggestions import MIN_OTHERS, Suggester, Suggestion

__all__ = [
    "MIN_OTHERS",
    "MOST",
    "OWN_FIRST",
    "ROUND",
    "Allowance",
    "PastTask",
    "ProductSpace",
    "Space",
    "Suggester",
    "Suggestion",
    "apart",
    "common_axes",
    "distance",
    "form_id",
    "key_of",
    "library_weight",
    "model_at_hand",
    "snapped_factors",
    "with_form",
    "without_form",
]

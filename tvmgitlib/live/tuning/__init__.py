"""Tuning a whole model: its tasks taken out of a file, tuned as one job, and what came of it."""

from __future__ import annotations

from tvmgitlib.live.tuning.sharding import shard
from tvmgitlib.live.tuning.values import ModelTuned, TaskTuning, Tuning, against_untuned
from tvmgitlib.live.tuning.work import TuneRequest, tune_model

__all__ = ["ModelTuned", "TaskTuning", "TuneRequest", "Tuning", "against_untuned", "shard", "tune_model"]

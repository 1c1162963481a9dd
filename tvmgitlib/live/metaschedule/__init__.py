"""MetaSchedule with its TVM at hand."""

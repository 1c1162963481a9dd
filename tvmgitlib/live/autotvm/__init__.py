"""AutoTVM with its TVM at hand."""

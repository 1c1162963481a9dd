"""Ansor (auto_scheduler) with its TVM at hand."""

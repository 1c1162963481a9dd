"""Keeping a library sound, and its settings."""

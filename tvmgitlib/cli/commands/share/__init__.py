"""Exchanging jobs with others, and fixing a commit for a build."""

"""The frozen values that every floor speaks: targets, platforms, workloads, tuning records, jobs.

Standard library only; nothing here reads a file, runs Git or knows a log format.
"""

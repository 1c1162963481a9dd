"""Landing a commit: lock, swap of the branch, work tree and index that follow, recovery after a kill."""

"""Exchange with a remote: the branch, proposals for it, and its queue."""

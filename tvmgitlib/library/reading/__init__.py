"""Questions: what a library holds in one commit, graded, selected and compared."""

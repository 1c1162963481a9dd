"""Other repositories: clone, fetch and push, of the branch and of the kept logs."""

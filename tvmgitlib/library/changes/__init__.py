"""What changes a library: folds, reverts, invalidations, merges, exchange with a remote, settings."""

"""Care: proving a library, finding it, pinning it, and the Git drivers."""

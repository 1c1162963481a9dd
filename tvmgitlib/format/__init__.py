"""All bytes of the library: schemas, segments, files of configs/, the fold stamp, settings and lock files."""

"""The only home of Git: objects, commits, the work tree that follows them, and the lock around it all."""

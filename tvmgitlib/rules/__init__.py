"""What the library decides, as pure functions: what is valid, which record is best, what counts, what still holds."""

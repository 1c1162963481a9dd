"""Taking back, declaring void, measuring again."""

"""Running Git: the process, what every one of them is told, and what it is configured to do."""

"""The files that logs are read from: opened, told from what is no log, and found."""

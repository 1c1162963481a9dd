"""The command line: thin commands over the library, and what they print for people and for machines."""

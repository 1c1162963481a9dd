"""The command line: thin commands over the library, and what they print for people and for machines."""

import gc

# What a command imports and makes is next to all in use until it ends, so Python finds no garbage in it: looking as
# often as it does by itself takes a tenth of a short command.
gc.set_threshold(100_000)

"""The machine at hand: which platform it is, and its facts."""

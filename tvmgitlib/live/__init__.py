"""The live side: tuners, builds and measurements with a real TVM.

Nothing here imports TVM when it is imported itself: only inside functions.
"""

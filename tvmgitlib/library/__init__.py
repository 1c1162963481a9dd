"""The library as users know it: jobs go in, the best configs come out."""

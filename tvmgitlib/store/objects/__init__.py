"""Objects: their bytes, trees and commits, how they are read, and the pack in which new ones are written."""

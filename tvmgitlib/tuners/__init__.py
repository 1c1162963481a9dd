"""The live side: what runs inside a tuning process or a build, beside a real TVM.

TVM is imported inside functions only, so that every module here can be imported without it.
"""

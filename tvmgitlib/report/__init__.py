"""A library as a site: pages of HTML to look at, which need no network and no server."""

from tvmgitlib.report.gathering import gather
from tvmgitlib.report.pages import Shown
from tvmgitlib.report.site import Report, own_files, require_tools, write

__all__ = ["Report", "Shown", "gather", "own_files", "require_tools", "write"]

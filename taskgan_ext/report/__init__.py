"""The report of an evaluation: one HTML page that needs no other file."""

from taskgan_ext.report.page import build_page
from taskgan_ext.report.results import Results, read_results

__all__ = ["Results", "build_page", "read_results"]

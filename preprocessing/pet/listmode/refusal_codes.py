"""The codes of ``RefusedListMode``: why a list-mode file is refused, for programs; they never change."""

from collections.abc import Mapping
from types import MappingProxyType

CODES: Mapping[str, str] = MappingProxyType(
    {
        "format_unknown": "the content is none of the formats that can be read",
        "header_missing": "the data are there, their header is not, or the other way round",
        "header_invalid": "the header is broken, lacks something or contradicts itself",
        "version_mismatch": "the file was written by another version of its format",
        "unsupported": "the format is known, but not this variant of it, or not what was asked of it",
        "compressed": "the events are compressed in a way that only the vendor can read",
        "truncated": "the file ends too early",
        "parse_error": "the content contradicts the format",
        "address_out_of_range": "an event names a detector or bin that the scanner does not have",
    }
)
"""Code to meaning."""

"""What the configurations of bundles call: where the bundle lies, what it needs, errors one can read."""

from taskgan_ext.bundle.messages import find_user_error, show_readable_errors
from taskgan_ext.bundle.requirements import check_requirements, start_bundle
from taskgan_ext.bundle.root import config_file, find_bundle_root

__all__ = [
    "check_requirements",
    "config_file",
    "find_bundle_root",
    "find_user_error",
    "show_readable_errors",
    "start_bundle",
]

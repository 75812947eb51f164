"""What the configurations of bundles call: where the bundle lies, what it needs, errors one can read."""

from taskgan_ext.bundle.delta import refuse_delta_alone
from taskgan_ext.bundle.folders import check_folders
from taskgan_ext.bundle.messages import find_user_error, show_readable_errors
from taskgan_ext.bundle.overrides import check_overrides
from taskgan_ext.bundle.requirements import check_requirements
from taskgan_ext.bundle.root import config_files, find_bundle_root
from taskgan_ext.bundle.settings import check_settings
from taskgan_ext.bundle.start import start_bundle

__all__ = [
    "check_folders",
    "check_overrides",
    "check_requirements",
    "check_settings",
    "config_files",
    "find_bundle_root",
    "find_user_error",
    "refuse_delta_alone",
    "show_readable_errors",
    "start_bundle",
]

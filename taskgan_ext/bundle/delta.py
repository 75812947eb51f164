"""Say how to use a configuration file that only changes another one."""

from collections.abc import Sized

from taskgan_ext.bundle.messages import show_readable_errors
from taskgan_ext.errors import ConfigError


def refuse_delta_alone(inherited: Sized, base: str, delta: str, run_id: str) -> None:
    """Stop a run that was given a delta without the configuration that it changes.

    MONAI copies ``"+id": []`` as an empty list when no earlier file has the id, and adds nothing otherwise:
    such an id of the base tells whether the base is there.

    Args:
        inherited: the content of that id.
        base: name of the file that the delta changes.
        delta: name of the delta.
        run_id: what the delta runs.

    Raises:
        ConfigError: with the command line that gives both files.
    """
    if not len(inherited):
        show_readable_errors()
        both = f"['<bundle>/configs/{base}','<bundle>/configs/{delta}']"
        raise ConfigError(
            f"{delta} only holds what differs from {base}; expected both: "
            f'python -m monai.bundle run {run_id} --config_file "{both}"'
        )

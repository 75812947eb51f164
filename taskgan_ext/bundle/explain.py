"""What MONAI's errors about a configuration mean, in one line that says what to do."""

import errno
import re
import sys
from collections.abc import Iterator

import torch
from monai.bundle import ConfigParser

from taskgan_ext.bundle.component_faults import missing_component, near, wrong_arguments, wrong_values
from taskgan_ext.bundle.root import config_files

NO_GPU = re.compile(
    "Torch not compiled with CUDA|No CUDA GPUs are available|Found no NVIDIA driver|invalid device ordinal"
)
NO_REFERENCE = re.compile("the referring item `@(?P<id>[^`]+)` is not defined")
NO_RUN_ID = re.compile("run ID '(?P<id>[^']+)' doesn't exist")
NO_COMPONENT = re.compile("Cannot locate class or function path: '(?P<path>[^']+)'")
NOT_BUILT = re.compile("Failed to instantiate component '(?P<path>[^']+)'")
NOT_EVALUATED = re.compile(r"Failed to evaluate ConfigExpression:\s*[\"'](?P<text>.*)[\"']", re.DOTALL)
NO_DEVICE = re.compile(
    "device type at start of device string: (?P<name>.*)|Invalid device string: '(?P<whole>.*)'"
)
OF_A_PATH = frozenset(
    {
        errno.EACCES,
        errno.EDQUOT,
        errno.EISDIR,
        errno.ENAMETOOLONG,
        errno.ENOENT,
        errno.ENOSPC,
        errno.ENOTDIR,
        errno.EPERM,
        errno.EROFS,
    }
)
"""What is wrong with a file or folder, not with the program."""


def explain(error: BaseException | None) -> str | None:
    """Say what is wrong with a configuration, from the error that MONAI or torch raised for it.

    Args:
        error: what reached the top.

    Returns:
        One line, or ``None`` for an error that a change of the configuration does not mend for certain: a
        component of another package that fails within its own code is one, and its traceback is needed.
    """
    for each in causes(error):
        line = _of_the_machine(each) or _of_a_name(str(each))
        if line is not None:
            return line
    component, expression, cause = _unwrap(error)
    if cause is None:
        return None
    if isinstance(cause, OSError) and cause.filename is not None and cause.errno in OF_A_PATH:
        return f"{cause.filename}: {cause.strerror}; give another path, or make this one usable"
    if expression and _is_of_expression(cause):
        return f"the expression {expression} of the configuration fails: {_first_line(cause)}"
    return wrong_arguments(component, cause) or wrong_values(component, cause)


def summarise(error: BaseException | None) -> str | None:
    """Name the component of a configuration that failed, to be shown below the traceback.

    Args:
        error: what reached the top.

    Returns:
        One line, or ``None`` for an error that no component of a configuration raised.
    """
    component, _, cause = _unwrap(error)
    if cause is None or not component:
        return None
    return f"{component} could not be built from the configuration: {_first_line(cause)}"


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Give an error and what led to it, as a traceback would show them, the last one first.

    Args:
        error: what reached the top.
    """
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _of_the_machine(error: BaseException) -> str | None:
    text = str(error)
    if isinstance(error, torch.OutOfMemoryError):
        return "the GPU has too little memory for this run; give a smaller --batch_size, or --amp True"
    if NO_GPU.search(text):
        return _no_gpu()
    if found := NO_DEVICE.search(text):
        return (
            "device: expected cpu, cuda or one GPU such as cuda:0, got "
            f"{found['name'] or found['whole']}; leave --device out to use what there is"
        )
    return None


def _of_a_name(text: str) -> str | None:
    if found := NO_REFERENCE.search(text):
        name = found["id"]
        return f"the configuration refers to @{name}, which no file defines{near(name, _ids(), '@')}"
    if found := NO_RUN_ID.search(text):
        return (
            f"run {found['id']}: expected an id that can be run, none of the files has it"
            f"{near(found['id'], _runs())}"
        )
    if found := NO_COMPONENT.search(text):
        return missing_component(found["path"])
    return None


def _unwrap(error: BaseException | None) -> tuple[str, str, BaseException | None]:
    """Give the component and the expression that failed, and what they raised, out of MONAI's own errors."""
    component = expression = ""
    for each in causes(error):
        text = str(each)
        if found := NOT_BUILT.search(text):
            component, expression = found["path"], ""
        elif found := NOT_EVALUATED.search(text):
            readable = re.sub(r"__local_refs\[['\"]([^'\"]+)['\"]\]", r"@\1", found["text"])
            component, expression = "", readable
        else:
            return component, expression, each
    return component, expression, None


def _is_of_expression(error: BaseException) -> bool:
    # Errors of names and syntax are the configuration's; others may come from what the expression calls.
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    own = trace is not None and trace.tb_frame.f_code.co_filename == "<string>"
    return own or isinstance(error, NameError | SyntaxError)


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def _no_gpu() -> str:
    count = torch.cuda.device_count()
    found = f"{count} GPU{'s' if count > 1 else ''}" if count else "no GPU"
    kind = (
        "" if torch.backends.cuda.is_built() or count else f", as torch {torch.__version__} is built for CPUs"
    )
    return (
        f"device: the configuration asks for a GPU that is not there; torch finds {found}{kind}. "
        "Leave --device out to use what there is, or give --device cpu"
    )


def _ids() -> dict[str, object]:
    ids: dict[str, object] = {}
    for file in config_files(sys.argv):
        ids |= ConfigParser.load_config_file(file)
    return ids


def _runs() -> list[str]:
    return [name for name, value in _ids().items() if value == "%run" or name == "run"]

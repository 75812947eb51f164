"""What MONAI's errors about a configuration mean, in one line that says what to do."""

import difflib
import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pydoc import locate

import torch
from monai.bundle import ConfigParser

from taskgan_ext.bundle.root import config_files

NO_GPU = re.compile(
    "Torch not compiled with CUDA|No CUDA GPUs are available|Found no NVIDIA driver|invalid device ordinal"
)
NO_REFERENCE = re.compile("the referring item `@(?P<id>[^`]+)` is not defined")
NO_RUN_ID = re.compile("run ID '(?P<id>[^']+)' doesn't exist")
NO_COMPONENT = re.compile("Cannot locate class or function path: '(?P<path>[^']+)'")
NOT_BUILT = re.compile("Failed to instantiate component '(?P<path>[^']+)'")
NOT_EVALUATED = re.compile(r"Failed to evaluate ConfigExpression:\s*[\"'](?P<text>.*)[\"']", re.DOTALL)
UNEXPECTED = re.compile("got an unexpected keyword argument '(?P<name>[^']+)'")
MISSING = re.compile("missing .*required .*argument")


def explain(error: BaseException | None) -> str | None:
    """Say what is wrong with a configuration, from the error that MONAI or torch raised for it.

    Args:
        error: what reached the top.

    Returns:
        One line, or ``None`` for an error that a change of the configuration does not mend for certain: a
        component that fails within its own code is one, and its traceback is needed.
    """
    chain = list(_causes(error))
    for each in chain:
        text = str(each)
        if isinstance(each, torch.OutOfMemoryError):
            return "the GPU has too little memory for this run; give a smaller --batch_size, or --amp True"
        if NO_GPU.search(text):
            return _no_gpu()
        if found := NO_REFERENCE.search(text):
            name = found["id"]
            return f"the configuration refers to @{name}, which no file defines{_near(name, _ids(), '@')}"
        if found := NO_RUN_ID.search(text):
            return (
                f"run {found['id']}: expected an id that can be run, none of the files has it"
                f"{_near(found['id'], _runs())}"
            )
        if found := NO_COMPONENT.search(text):
            return _no_component(found["path"])
    return _wrong_arguments(chain) or _wrong_expression(chain)


def summarise(error: BaseException | None) -> str | None:
    """Name the component of a configuration that failed, to be shown below the traceback.

    Args:
        error: what reached the top.

    Returns:
        One line, or ``None`` for an error that no component of a configuration raised.
    """
    chain = list(_causes(error))
    for position, each in enumerate(chain[:-1]):
        if found := NOT_BUILT.search(str(each)):
            cause = chain[position + 1]
            return f"{found['path']} could not be built from the configuration: {_first_line(cause)}"
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


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


def _no_component(path: str) -> str:
    package = path.partition(".")[0]
    if "." not in path:
        return (
            f"_target_ {path!r} is no component of MONAI; components of other packages need their full path"
        )
    if find_spec(package) is None:
        return f"_target_ {path!r}: package {package!r} is not installed; install it with pip"
    parent, _, name = path.rpartition(".")
    return f"_target_ {path!r}: {parent} has no {name!r}{_near(name, dir(locate(parent)))}"


def _wrong_arguments(chain: Iterable[BaseException]) -> str | None:
    component = ""
    for each in chain:
        if found := NOT_BUILT.search(str(each)):
            component = found["path"]
        elif component and isinstance(each, TypeError) and _raised_by_the_call(each, component):
            return _arguments_of(component, str(each))
    return None


def _raised_by_the_call(error: TypeError, component: str) -> bool:
    # Python's own message begins with the callable, so that an error from deeper inside is told apart.
    name = component.rpartition(".")[2]
    return bool(UNEXPECTED.search(str(error)) or MISSING.search(str(error))) and name in str(error)


def _arguments_of(component: str, text: str) -> str:
    try:
        expected = [name for name in inspect.signature(locate(component)).parameters if name != "kwargs"]  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return f"{component}: {text}"
    found = UNEXPECTED.search(text)
    if found is None:
        return f"{component}: {text.partition('() ')[2]}"
    near = _near(found["name"], expected) or f"; expected some of: {', '.join(expected)}"
    return f"{component} takes no {found['name']!r}{near}"


def _wrong_expression(chain: Iterable[BaseException]) -> str | None:
    expression = ""
    innermost = None
    for each in chain:
        found = NOT_EVALUATED.search(str(each))
        expression = found["text"] if found else expression
        innermost = each
    # Errors of names and syntax are the configuration's; others may come from what the expression calls.
    if not expression or not isinstance(innermost, NameError | SyntaxError | ZeroDivisionError):
        return None
    readable = re.sub(r"__local_refs\[['\"]([^'\"]+)['\"]\]", r"@\1", expression)
    return f"the expression {readable} of the configuration fails: {_first_line(innermost)}"


def _near(name: str, valid: Iterable[str], mark: str = "") -> str:
    near = difflib.get_close_matches(name, sorted(valid), n=3)
    return f" (did you mean {' or '.join(mark + each for each in near)}?)" if near else ""


def _ids() -> dict[str, object]:
    ids: dict[str, object] = {}
    for file in config_files(sys.argv):
        ids |= ConfigParser.load_config_file(file)
    return ids


def _runs() -> list[str]:
    return [name for name, value in _ids().items() if value == "%run" or name == "run"]

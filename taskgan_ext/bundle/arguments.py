"""What a component of a configuration can be given."""

import inspect
from collections.abc import Callable
from pydoc import locate
from typing import Any


def accepted_arguments(component: str) -> tuple[list[str], bool]:
    """List the names of the arguments of a class or function.

    A class that passes further arguments on takes those of its parents too.

    Args:
        component: its full path, as ``_target_`` has it.

    Returns:
        The names, and whether any other name is taken as well.

    Raises:
        TypeError: there is none that can be called.
        ValueError: it does not tell, as some that are written in C.
    """
    found: Any = locate(component)
    if not inspect.isclass(found):
        return _arguments(found)
    names: list[str] = []
    makers = [vars(each)["__init__"] for each in found.__mro__ if "__init__" in vars(each)]
    for maker in makers[:-1] or [found]:  # the last is that of object
        arguments, is_open = _arguments(maker)
        names += [name for name in arguments if name not in {"self", *names}]
        if not is_open:
            return names, False
    return names, True


def _arguments(function: Callable[..., Any]) -> tuple[list[str], bool]:
    parameters = inspect.signature(function).parameters.values()
    is_open = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters)
    variable = {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}
    return [each.name for each in parameters if each.kind not in variable], is_open

"""Several targets of one degraded image, loaded together."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from taskgan_ext.data.datalist import PATHS
from taskgan_ext.keys import IMAGE, LABEL


def merge_targets(
    items: Sequence[dict[str, Any]],
) -> tuple[list[dict[str, Any]], list[list[dict[str, Any]]]]:
    """Merge the items of a data list that name the same file as ``image``.

    Args:
        items: of a data list.

    Returns:
        One item for each image, whose ``label`` lists the files of all its targets where there are several;
        and for each of them, what its targets hold beside files, in the order of the list.
    """
    groups: dict[str | int, list[dict[str, Any]]] = {}
    for number, item in enumerate(items):
        named = isinstance(item[IMAGE], str | Path)
        groups.setdefault(str(item[IMAGE]) if named else number, []).append(item)
    merged = [
        group[0] if len(group) == 1 else {**group[0], LABEL: [item[LABEL] for item in group]}
        for group in groups.values()
    ]
    targets = [
        [{key: value for key, value in item.items() if key not in PATHS} for item in group]
        for group in groups.values()
    ]
    return merged, targets

"""Find out what cannot be used before anything is made of the rest."""

from collections.abc import Callable, Sequence
from typing import Any

from tqdm import tqdm

from taskgan_ext.keys import IMAGE


def check_items(items: Sequence[dict[str, Any]], transform: Callable[[dict[str, Any]], Any]) -> None:
    """Load every image once and drop it, so that a bad one stops a run before results of others are written.

    A single image is left to the run itself: nothing is written before it is loaded.

    Args:
        items: what is going to be loaded; of items with the same image one is tried.
        transform: loads an item and raises what is wrong with it.
    """
    images = {str(item[IMAGE]): item for item in items}
    if len(images) > 1:
        for item in tqdm(images.values(), "checking", unit="image", mininterval=10):
            transform(dict(item))

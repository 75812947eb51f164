"""Make the degraded picture that a network takes of whatever picture a user has."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from monai.transforms import Transform
from monai.utils import convert_to_dst_type

from taskgan_ext.data.list_pictures import DEGRADED, INPUT_KINDS, REFERENCE, SMALL
from taskgan_ext.data.plain_tensor import plain_tensor
from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.keys import CASE, IMAGE, INPUT_KIND, LABEL, SUBJECT
from taskgan_ext.transforms.degrade_resolution import Degradation, DegradeResolutiond, enlarge


class PrepareInputd(Transform):
    """Bring ``image`` to what the network was trained on, by the kind of picture that the item says it is.

    ``degraded`` pictures stay as they are, ``small`` ones are enlarged, and a ``reference`` is degraded and
    kept as ``label``.

    Args:
        degradation: that of the training; see ``Degradation.of``.
        size: rows and columns of the pictures of the training; ``None`` accepts any.

    Raises:
        ConfigError: the degradation or the kind is none.
        DataError: the picture has another size.
    """

    def __init__(
        self,
        degradation: str | Mapping[str, Any] | Degradation = "paper",
        size: Sequence[int] | None = None,
    ) -> None:
        self.degradation = Degradation.of(degradation)
        self.size = size
        self.degrade = DegradeResolutiond(self.degradation, LABEL, IMAGE)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Prepare.

        Args:
            data: an item with ``image`` of shape ``(C, X, Y, 1)`` in [0, 1], and ``input_kind``; without that
                it is a degraded picture.

        Returns:
            The item; its ``image`` has the size of the restored picture.
        """
        item = dict(data)
        kind = item.setdefault(INPUT_KIND, DEGRADED)
        if kind not in INPUT_KINDS:
            raise ConfigError(f"expected pictures of the kind {' or '.join(INPUT_KINDS)}, got {kind!r}")
        given = tuple(item[IMAGE].shape[1:3])
        if kind == SMALL:
            enlarged = enlarge(plain_tensor(item[IMAGE]), self.degradation.factor)
            item[IMAGE] = convert_to_dst_type(enlarged, item[IMAGE])[0]
        self._check_size(item, given, kind)
        if kind == REFERENCE:
            item[LABEL] = item[IMAGE]
            return self.degrade(item)
        return item

    def _check_size(self, item: Mapping[Hashable, Any], given: tuple[int, ...], kind: str) -> None:
        if self.size is None or tuple(item[IMAGE].shape[1:3]) == tuple(self.size):
            return
        factor = self.degradation.factor if kind == SMALL else 1
        rows, columns = (-(-length // factor) for length in self.size)
        raise DataError(
            f"{item.get(CASE, item.get(SUBJECT, 'a picture'))}: expected a {kind} picture of "
            f"{rows} x {columns} pixels, got {given[0]} x {given[1]}; crop and resize it, or say by "
            f"{INPUT_KIND} what it is ({', '.join(INPUT_KINDS)})"
        )

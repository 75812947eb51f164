"""Operators of a MONAI Deploy application: read a PET series, restore it, write the derived series.

The values stay in single precision from file to file: the SDK's own operators round a volume to the type
of its first slice, cast results to 8 bits, and write no image series. Importing this module needs the SDK.
"""

from pathlib import Path
from typing import Any

from taskgan_ext.deploy.bundle_restoration import BundleRestoration
from taskgan_ext.deploy.restored_series import RestoredSeries
from taskgan_ext.deploy.sdk import load_sdk
from taskgan_ext.dicom.derived.pet_series import write_derived_pet
from taskgan_ext.dicom.read_series import read_series

Operator: Any = load_sdk().Operator
SERIES, RESTORED = "series", "restored"


class SeriesReaderOperator(Operator):
    """Read the PET series of a folder strictly. Output ``series``: ``Series``.

    Args:
        fragment: the application.
        args: for the SDK, such as a ``CountCondition`` of 1.
        folder: of the input.
        series_uid: SeriesInstanceUID of the series to read, where there may be several.
        kwargs: for the SDK, such as ``name``.

    Raises:
        RefusedSeries: when the operator runs, which ends the application.
    """

    def __init__(
        self,
        fragment: Any,  # noqa: ANN401
        *args: Any,  # noqa: ANN401
        folder: Path,
        series_uid: str | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        self.folder, self.series_uid = folder, series_uid
        super().__init__(fragment, *args, **kwargs)

    def setup(self, spec: Any) -> None:  # noqa: ANN401
        """Declare the output."""
        spec.output(SERIES)

    def compute(self, op_input: Any, op_output: Any, context: Any) -> None:  # noqa: ANN401, ARG002
        """Read."""
        op_output.emit(read_series(self.folder, series_uid=self.series_uid, modality="PT"), SERIES)


class BundleOperator(Operator):
    """Restore a series. Input ``series``: ``Series``; output ``restored``: ``RestoredSeries``.

    Args:
        fragment: the application.
        args: for the SDK.
        restoration: of the bundle.
        kwargs: for the SDK, such as ``name``.
    """

    def __init__(
        self,
        fragment: Any,  # noqa: ANN401
        *args: Any,  # noqa: ANN401
        restoration: BundleRestoration,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        self.restoration = restoration
        super().__init__(fragment, *args, **kwargs)

    def setup(self, spec: Any) -> None:  # noqa: ANN401
        """Declare input and output."""
        spec.input(SERIES)
        spec.output(RESTORED)

    def compute(self, op_input: Any, op_output: Any, context: Any) -> None:  # noqa: ANN401, ARG002
        """Restore."""
        series = op_input.receive(SERIES)
        values = self.restoration(series)
        op_output.emit(RestoredSeries(series, values, series.units, self.restoration.recipe), RESTORED)


class DerivedSeriesWriterOperator(Operator):
    """Write the derived series. Input ``restored``: ``RestoredSeries``.

    Args:
        fragment: the application.
        args: for the SDK.
        folder: new, or empty; it is there when the series is whole.
        kwargs: for the SDK, such as ``name``.
    """

    def __init__(
        self,
        fragment: Any,  # noqa: ANN401
        *args: Any,  # noqa: ANN401
        folder: Path,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        self.folder = folder
        super().__init__(fragment, *args, **kwargs)

    def setup(self, spec: Any) -> None:  # noqa: ANN401
        """Declare the input."""
        spec.input(RESTORED)

    def compute(self, op_input: Any, op_output: Any, context: Any) -> None:  # noqa: ANN401, ARG002
        """Write."""
        found = op_input.receive(RESTORED)
        write_derived_pet(found.source, found.values, found.units, found.recipe, self.folder)

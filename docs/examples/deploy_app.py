"""A MONAI Deploy application: a PET series in, the restored series out. Research use only, not for diagnosis.

    python docs/examples/deploy_app.py -i SERIES -o OUT -m bundles/pet_denoising

SERIES is a folder with the DICOM files of one PET series; the restored one comes to OUT/restored. See
docs/deploy.md.
"""

import sys
from pathlib import Path

from holoscan.conditions import CountCondition
from monai.deploy.core import Application

from taskgan_ext.deploy.bundle_restoration import BundleRestoration
from taskgan_ext.deploy.operators import BundleOperator, DerivedSeriesWriterOperator, SeriesReaderOperator
from taskgan_ext.errors import TaskGANError


class RestorePet(Application):
    """Read, restore, write; the paths come from the command line or from the variables of a MAP."""

    def compose(self) -> None:
        """Connect the operators."""
        paths = Application.init_app_context(self.argv)
        reader = SeriesReaderOperator(
            self, CountCondition(self, 1), folder=Path(paths.input_path), name="read"
        )
        restoration = BundleRestoration(Path(paths.model_path))
        restore = BundleOperator(self, restoration=restoration, name="restore")
        writer = DerivedSeriesWriterOperator(self, folder=Path(paths.output_path) / "restored", name="write")
        self.add_flow(reader, restore, {("series", "series")})
        self.add_flow(restore, writer, {("restored", "restored")})


if __name__ == "__main__":
    try:
        RestorePet().run()
    except TaskGANError as error:
        sys.exit(f"error: {error}")

"""Task-GAN for image restoration: networks, losses, engines, metrics and reports for MONAI bundles.

Three networks are trained together: a generator G restores the image, a discriminator D judges it, and a
task network T predicts the property that must survive. The bundles in ``bundles/`` wire these parts; nothing
here knows where the data came from.
"""

import os

# The data of hospitals are at stake. MLflow, which MONAI imports where it is installed, reports its use to
# its makers unless told not to; it asks before each report, so this holds from here on, whoever imported it.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

__version__ = "0.1.0"

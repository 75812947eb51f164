"""Task-GAN for image restoration: networks, losses, engines, metrics and reports for MONAI bundles.

Three networks are trained together: a generator G restores the image, a discriminator D judges it, and a
task network T predicts the property that must survive. The bundles in ``bundles/`` wire these parts; nothing
here knows where the data came from.
"""

__version__ = "0.1.0"

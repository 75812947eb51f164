"""Every name that a batch, an engine output or a data list uses.

The first four equal ``monai.utils.enums.CommonKeys`` (a test proves it); they are spelled out because
importing MONAI for four strings would cost seconds.
"""

IMAGE = "image"
"""The degraded image, x~ in the paper."""
LABEL = "label"
"""The target image, x in the paper."""
PRED = "pred"
"""The restored image, G(x~)."""
LOSS = "loss"
"""The total objective, eq. 4: a scalar."""

PROPERTY = "property"
"""The property y that must survive the restoration (amyloid status, MR contrast, identity)."""
SUBJECT = "subject"
"""Identifier of the person; no two sections of a data list share one."""
CASE = "case"
"""Name of one sample, for messages: the subject, with the slice where slices are drawn."""
REGIONS = "regions"
"""Label map of anatomical regions on the grid of the image (optional)."""
MASK = "mask"
"""Mask of the organ on the grid of the image, in which images are scaled and compared (optional)."""
MAPS = "maps"
"""Quantitative maps on the grid of the image: T1 and T2 in s, proton density (MR)."""
CONTRAST = "contrast"
"""Name of the MR contrast of the target image."""
PROTOCOL = "protocol"
"""Repetition, echo and inversion time of the target image in s; 0 for no inversion (MR)."""
ANALYTIC = "analytic"
"""The target's contrast computed from the maps, with times tuned to the training set (MR)."""
ANALYTIC_NOMINAL = "analytic_nominal"
"""The target's contrast computed from the maps, with the times of its protocol (MR)."""
UNLIKE_TRAINING = "unlike_training"
"""In what the acquisition of a scan differs from those that the network was trained on; a text (MR)."""
INPUT_KIND = "input_kind"
"""What ``image`` is when it comes to inference: degraded, small, or a reference to degrade (pictures)."""

PERCENTILE = "percentile"
"""In the meta data of an image: what each channel was divided by."""
PROBLEM = "problem"
"""In the meta data of an image without content: why its file cannot be used."""

LOSS_PIXEL = "loss_pixel"
"""Eq. 1."""
LOSS_GAN = "loss_gan"
"""Eq. 2, the generator's share of the adversarial game."""
LOSS_TASK = "loss_task"
"""Eq. 3, the generator's share: T(G(x~)) against y."""
LOSS_DISCRIMINATOR = "loss_discriminator"
"""The discriminator's own real-or-restored loss."""
LOSS_TASK_NETWORK = "loss_task_network"
"""The task network's own loss, when it is trained jointly."""

LOSS_TERMS = (LOSS_PIXEL, LOSS_GAN, LOSS_TASK, LOSS_DISCRIMINATOR, LOSS_TASK_NETWORK)
"""The named terms that a training step may report beside ``loss``."""

TRAINING = "training"
VALIDATION = "validation"
TEST = "test"
SECTIONS = (TRAINING, VALIDATION, TEST)
"""The sections of a data list."""

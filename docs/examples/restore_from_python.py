# %% [markdown]
# # Restore scans from Python with a trained bundle
#
# A bundle that was trained (`make run`) restores what `inference.json` describes: loading, normalisation,
# the network slice by slice, and the way back to the unit and grid of the input. Run this from the root of
# the checkout, or change the paths.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from monai.bundle import ConfigWorkflow, load
from monai.transforms import Orientation

from taskgan_ext.data import list_images

BUNDLE = Path("bundles/pet_denoising")
SCANS = BUNDLE / "data"  # a NIfTI file, a folder of them, a folder with a DICOM series, or a data list
OUTPUT = Path("restored")

# %% [markdown]
# ## The whole bundle
#
# Any id of `inference.json` can be given as an argument, as on the command line. `list_images` says what an
# input holds; here the first is restored.

# %%
first = list_images(SCANS)[0]["image"]
workflow = ConfigWorkflow(
    config_file=str(BUNDLE / "configs" / "inference.json"),
    workflow_type="infer",
    logging_file=False,  # leave the logging of this process alone
    bundle_root=str(BUNDLE),
    input=first,
    output_dir=str(OUTPUT),
)
workflow.initialize()
workflow.run()
workflow.finalize()
print("written:", *sorted(path.name for path in OUTPUT.rglob("*.nii.gz")))

# %% [markdown]
# What was written is still there, as `MetaTensor` with its affine, in the unit of the input. The output of
# a MONAI evaluator is a list of dictionaries, one for each image of the last batch.

# %%
restored = workflow.evaluator.state.output[0]["pred"]
degraded = workflow.preprocessing({"image": first})["image"]
degraded = degraded * degraded.meta["scale"]  # `preprocessing` has divided by its mean
print("voxel size in mm:", np.round(restored.pixdim.numpy(), 2), "mean:", f"{restored.mean():.0f}")

# The restored image lies on the grid of the file, the other one is turned to RAS by `preprocessing`.
shown = {"input": degraded, "restored": Orientation(axcodes="RAS", labels=None)(restored)}
middle = degraded.shape[-1] // 2
brightest = float(shown["restored"][..., middle].max())
figure, axes = plt.subplots(1, 2, figsize=(6, 3.3), layout="constrained")
for axis, (title, volume) in zip(axes, shown.items(), strict=True):
    # In RAS the first axis runs to the patient's right, the second to the front, which a picture has on top.
    axis.imshow(volume[0, ..., middle].numpy().T[::-1], cmap="gray_r", vmin=0, vmax=brightest)
    axis.set_title(title)
    axis.axis("off")
figure.savefig(OUTPUT / "restored.png", dpi=80)
figure

# %% [markdown]
# ## The network alone
#
# `monai.bundle.load` builds G and loads its weights. It then takes stacks of slices in the unit of the
# network, of a size that its levels divide; the rest is yours.

# %%
network = load(BUNDLE.name, bundle_dir=str(BUNDLE.parent), workflow_type="inference", device="cpu").eval()
with torch.no_grad():
    stack = torch.rand(1, workflow.parser["stack"], 64, 64)
    print(type(network).__name__, tuple(stack.shape), "->", tuple(network(stack).shape))

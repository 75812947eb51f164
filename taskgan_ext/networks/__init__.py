"""Networks: the generator G, the discriminator D, the task networks T, and how they start."""

from taskgan_ext.networks.conditional_unet_generator import ConditionalUNetGenerator
from taskgan_ext.networks.densenet_task_network import DenseNetTaskNetwork
from taskgan_ext.networks.image_discriminator import ImageDiscriminator
from taskgan_ext.networks.initialisation import initialise
from taskgan_ext.networks.monte_carlo_dropout import activate_dropout
from taskgan_ext.networks.network_output import NetworkOutput, SegmentingOutput
from taskgan_ext.networks.patch_task_network import PatchTaskNetwork
from taskgan_ext.networks.resnet_task_network import ResNetTaskNetwork
from taskgan_ext.networks.unet_generator import UNetGenerator

__all__ = [
    "ConditionalUNetGenerator",
    "DenseNetTaskNetwork",
    "ImageDiscriminator",
    "NetworkOutput",
    "PatchTaskNetwork",
    "ResNetTaskNetwork",
    "SegmentingOutput",
    "UNetGenerator",
    "activate_dropout",
    "initialise",
]

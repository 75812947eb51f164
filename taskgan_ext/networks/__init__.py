"""Networks: the generator G, the discriminator D, the task networks T, and how they start."""

from taskgan_ext.networks.conditional_unet_generator import ConditionalUNetGenerator
from taskgan_ext.networks.densenet_task_network import DenseNetTaskNetwork
from taskgan_ext.networks.face_recogniser import FaceRecogniser
from taskgan_ext.networks.face_task_network import choose_face_network, epochs_beforehand
from taskgan_ext.networks.image_discriminator import ImageDiscriminator
from taskgan_ext.networks.initialisation import initialise
from taskgan_ext.networks.monte_carlo_dropout import activate_dropout
from taskgan_ext.networks.network_output import NetworkOutput, SegmentingOutput
from taskgan_ext.networks.patch_task_network import PatchTaskNetwork
from taskgan_ext.networks.resnet_task_network import ResNetTaskNetwork
from taskgan_ext.networks.unet_generator import UNetGenerator
from taskgan_ext.networks.vgg_face import VGGFace
from taskgan_ext.networks.vgg_face_weights import load_vgg_face_weights

__all__ = [
    "ConditionalUNetGenerator",
    "DenseNetTaskNetwork",
    "FaceRecogniser",
    "ImageDiscriminator",
    "NetworkOutput",
    "PatchTaskNetwork",
    "ResNetTaskNetwork",
    "SegmentingOutput",
    "UNetGenerator",
    "VGGFace",
    "activate_dropout",
    "choose_face_network",
    "epochs_beforehand",
    "initialise",
    "load_vgg_face_weights",
]

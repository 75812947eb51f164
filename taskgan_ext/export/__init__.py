"""A trained generator in the formats of other runtimes, each compared with the checkpoint by its numbers."""

from taskgan_ext.export.export_bundle import export_bundle
from taskgan_ext.export.onnx_network import OnnxNetwork

__all__ = ["OnnxNetwork", "export_bundle"]

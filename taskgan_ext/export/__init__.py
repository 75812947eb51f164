"""A trained generator in the formats of other runtimes, each compared with the checkpoint by its numbers."""

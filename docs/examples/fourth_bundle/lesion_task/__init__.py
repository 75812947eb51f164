"""A task network, a measure and data of one's own, for the bundle of docs/own_bundle.md."""

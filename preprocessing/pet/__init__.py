"""PET: the digital amyloid phantom, the simulated scan and the cohort of pairs."""

"""MR contrast synthesis: simulated and imported subjects, each MDME images with conventional contrasts."""

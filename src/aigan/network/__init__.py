"""The networks: topology (the paper's equations 1–3), the parts that fill it, presets, discriminators, weights."""

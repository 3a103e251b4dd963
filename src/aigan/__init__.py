"""AI-GAN: decomposes a degraded photograph into the original and its interference (rain, haze, noise)."""

__version__ = "0.1.0"

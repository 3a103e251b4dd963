"""Dehazing, denoising and deraining before networks: one file a system, each cites its paper; none imports torch."""

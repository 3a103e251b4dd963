"""The main job on many machines: Ray Data runs it, fsspec reaches the buckets (docs/scale.md)."""

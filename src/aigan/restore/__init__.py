"""The main job: degraded pictures in, restored pictures out, by an exported network. Nothing here imports torch."""

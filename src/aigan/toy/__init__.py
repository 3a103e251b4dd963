"""The paper's figure 3: two independent 1-D Gaussians A and B, their fusion C, and B restored from C.

The same topology (network/topology.py) and losses (losses.py) as for pictures, with small perceptrons as parts.
"""

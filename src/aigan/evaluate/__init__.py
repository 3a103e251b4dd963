"""How good a restorer is: metrics, benchmarks with their protocols, and figures of whole sets. Numpy, no torch."""

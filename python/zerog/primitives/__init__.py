"""The fast primitives, by name: ``from zerog.primitives import hashing, merkle, sig``."""

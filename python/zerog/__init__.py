"""zerog: 0G as one Python package with a native heart."""

from zerog._native import __version__

__all__ = ["__version__"]

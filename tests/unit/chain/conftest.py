"""The fixtures of node_kit, for every test of this folder."""

from node_kit import node

__all__ = ["node"]

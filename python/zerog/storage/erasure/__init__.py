"""Files that survive the loss of nodes: parity beside the plain segments, placed, counted and repaired."""

"""Data availability: blobs to signers, and back from any third of their rows. docs/ARCHITECTURE.md, data availability."""

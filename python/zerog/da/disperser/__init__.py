"""The disperser: takes blobs, keeps them until the chain has them for good, and says how far each has come."""

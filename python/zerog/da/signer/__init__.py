"""The signer: a node of data availability that verifies rows of blobs, signs for them and keeps them."""

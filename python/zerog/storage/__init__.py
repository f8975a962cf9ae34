"""The storage network: a log of files on chain, their bytes on nodes, proofs between them."""

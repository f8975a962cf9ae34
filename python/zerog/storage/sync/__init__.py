"""How a node comes to know: the log from the chain, files from other nodes."""

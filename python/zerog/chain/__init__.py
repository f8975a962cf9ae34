"""The chain: an EVM with the rules of 0G, its store, its consensus port and its JSON-RPC."""

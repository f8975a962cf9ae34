"""Storage nodes among themselves: who is there, who can be trusted how far, and what they hold. docs/protocol/peers.md."""

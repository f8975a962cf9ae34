"""Key-value streams: a node that replays what submissions write to them, and answers kv_*."""

"""What an application imports: keys, and verbs that each return plain values."""

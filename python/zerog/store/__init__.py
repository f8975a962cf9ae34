"""An ordered key-value port with column families, and its bodies."""

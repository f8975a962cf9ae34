"""The namespaces that the chain serves, one file each; ``surface`` puts them together."""

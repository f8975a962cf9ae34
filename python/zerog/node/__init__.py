"""The composition root: configuration in, node out. The only place that picks bodies for ports."""

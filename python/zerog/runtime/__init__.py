"""Event loop, clock, disk, settings, logs, metrics and the HTTP side: the only package that touches the outside world."""

"""A whole local network in one command: who and how many, real processes, test money."""

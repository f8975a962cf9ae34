"""``python -m zerog`` is ``zerog``."""

from zerog.cli.main import main

main()

"""Makes ``measure``, ``peers`` and ``flows`` importable from every benchmark."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

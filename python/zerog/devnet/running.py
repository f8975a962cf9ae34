"""What a running local network says of itself, for commands that want no more than its addresses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from zerog.errors import Corrupt


def status_file(home: Path) -> Path:
    """Where it is written; there only while the network runs."""
    return home / "running.json"


def read_status(home: Path) -> dict[str, Any] | None:
    """What the network in ``home`` wrote about itself, None when it is not there (yet)."""
    file = status_file(home)
    try:
        data = json.loads(file.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        raise Corrupt(f"{file} does not read; `zerog devnet down`, then up again") from None
    return data if isinstance(data, dict) else None

"""Links between documents lead somewhere, and every document is reached from the README or the map."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def links(page: Path) -> list[tuple[str, Path]]:
    out = []
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:", target) and not target.startswith("#"):
            out.append((target, (page.parent / target.split("#")[0]).resolve()))
    return out


def test_links_lead_somewhere() -> None:
    wrong = [f"{page.relative_to(ROOT)}: {text}" for page in PAGES for text, target in links(page) if not target.exists()]
    assert not wrong, "\n".join(wrong)


def test_every_page_is_reached() -> None:
    reached: set[Path] = set()
    queue = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    while queue:
        page = queue.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        queue += [target for _, target in links(page) if target.exists() and target.is_file()]
    lost = [str(page.relative_to(ROOT)) for page in PAGES if page not in reached and page.name != "CHANGELOG.md"]
    assert not lost, f"no path of links leads to {lost}"

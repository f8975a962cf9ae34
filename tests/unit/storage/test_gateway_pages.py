"""The gateway's pages and the files that it keeps: nothing of a stranger's is HTML, nothing is fetched twice or left behind."""

from __future__ import annotations

import asyncio
import os
import random
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from zerog.errors import Exhausted, Unavailable
from zerog.storage import media, pages
from zerog.storage.directory import Entry
from zerog.storage.kept import KeptFiles


class Read(HTMLParser):
    """What a browser makes of a page: its elements, texts and links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.texts: list[str] = []
        self.links: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


OURS = {
    "html", "head", "meta", "title", "link", "style", "body", "header", "a", "span", "main", "h1", "p", "table", "tr", "th",
    "td", "bdi", "code", "form", "input", "button",
}  # fmt: skip


def test_names_of_strangers_are_text_and_links_stay_here(seed: int) -> None:
    rng = random.Random(seed)
    alphabet = "<>&\"'` =;:#?%+./ab\u202e\u00fc\ud7ff{}()"
    names = {"".join(rng.choices(alphabet.replace("/", ""), k=rng.randrange(1, 30))) for _ in range(300)} | {
        "javascript:alert(1)", '"><script>x</script>', "' onmouseover='x", "%2e%2e", "a?inline=1#b",
    }  # fmt: skip
    entries = tuple(Entry(name, "file", (bytes(32),), 5) for name in sorted(names - {".", ".."}))
    entries += (Entry("to", "symbolic", link="<b>/x"), Entry("<i>", "directory"))
    where = ("<u>", "..&")
    read = Read(pages.folder("0x" + "ab" * 32, where, Entry("<top>", "directory", entries=entries)))
    assert read.tags <= OURS
    shown = "".join(read.texts)
    here = f"/file/0x{'ab' * 32}/"
    for link in read.links:
        assert link in ("/", "data:,", "/find") or link.startswith(here), link
    linked = {unquote(link.removesuffix("?inline=1").rsplit("/", 1)[-1]) for link in read.links}
    for one in entries:
        assert one.name in shown
        assert one.kind == "directory" or one.name in linked


@pytest.mark.parametrize("text", ["<script>x</script>", '"><b>', "&amp;"])
def test_every_other_value_is_text_as_well(text: str) -> None:
    facts = pages.FileFacts(text, 10, 1, 1, [text])
    made = [pages.file(facts), pages.error(404, text, text, text), pages.home([(text, text, 1)], 2), pages.page(text, "", text)]
    for page in made:
        read = Read(page)
        assert read.tags <= OURS | {"dl", "dt", "dd", "br", "footer"}
        assert text in "".join(read.texts)


def test_what_a_browser_may_show_cannot_run() -> None:
    for name in ("a.html", "a.htm", "a.svg", "a.xml", "a.xhtml", "a.js", "a.mjs", "a.pdf", "a", ".txt", "a.txt.", "a.png.html"):
        assert not media.may_be_shown(name), name
    for name, kind in (("a.PNG", "image/png"), ("b.c.mp4", "video/mp4"), ("x.md", "text/plain"), ("x.wav", "audio/wav")):
        assert media.type_of(name) == kind
        assert media.may_be_shown(name)
    assert media.type_of("a.pdf") == "application/pdf"
    assert media.type_of("a.html") == media.type_of("a.svg") == media.UNKNOWN


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (1 << 20, "1.0 MiB"), (1 << 52, "4096.0 TiB")],
)
def test_sizes(size: int, text: str) -> None:
    assert pages.size_text(size) == text


ROOTS = [bytes([index]) * 32 for index in range(9)]


class Source:
    """Writes files, slowly if told to."""

    def __init__(self) -> None:
        self.fetched: list[Path] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def fetch(self, path: Path) -> None:
        self.fetched.append(path)
        await self.gate.wait()
        await asyncio.to_thread(path.write_bytes, bytes(100))


async def test_a_file_is_fetched_once_and_kept_while_there_is_room() -> None:
    source, kept = Source(), KeptFiles(bytes_max=250, fetches_max=8, idle_s=60)
    source.gate.clear()

    async def read() -> os.stat_result:
        async with kept.open(ROOTS[0], 100, source.fetch) as path:
            return path.stat()

    readers = [asyncio.create_task(read()) for _ in range(5)]
    await asyncio.sleep(0)
    source.gate.set()
    dates = {one.st_mtime_ns for one in await asyncio.gather(*readers)}
    assert (len(source.fetched), len(dates)) == (1, 1)
    for root in ROOTS[1:4]:
        async with kept.open(root, 100, source.fetch) as path:
            assert path.exists()
    assert [path.exists() for path in source.fetched] == [False, False, True, True]
    async with kept.open(ROOTS[3], 100, source.fetch):
        assert len(source.fetched) == 4
    await kept.close()
    assert not any(path.parent.exists() for path in source.fetched)


async def test_what_fails_or_nobody_waits_for_is_gone() -> None:
    source, kept = Source(), KeptFiles(bytes_max=1000, fetches_max=2, idle_s=60)

    async def fail(path: Path) -> None:
        await asyncio.to_thread(path.write_bytes, b"half")
        source.fetched.append(path)
        raise Unavailable("nobody has it")

    for _ in range(2):
        with pytest.raises(Unavailable):
            async with kept.open(ROOTS[0], 100, fail):
                pass
    assert (len(source.fetched), kept.count) == (2, 0)
    source.gate.clear()

    async def read(root: bytes) -> None:
        async with kept.open(root, 100, source.fetch):
            pass

    waiting = [asyncio.create_task(read(root)) for root in (ROOTS[0], ROOTS[0], ROOTS[1])]
    await asyncio.sleep(0.01)
    with pytest.raises(Exhausted, match="try again"):
        await read(ROOTS[2])
    waiting[0].cancel()
    waiting[2].cancel()
    await asyncio.wait([waiting[0], waiting[2]])
    assert kept.count == 1, "one still waits for the first, nobody for the second"
    source.gate.set()
    await waiting[1]
    await kept.close()
    assert not any(path.parent.exists() for path in source.fetched)


async def test_nothing_is_kept_where_nothing_may_be_and_the_idle_go() -> None:
    source, none = Source(), KeptFiles(bytes_max=0, fetches_max=2, idle_s=60)
    async with none.open(ROOTS[0], 100, source.fetch) as path:
        assert path.exists()
    assert none.count == 0
    soon = KeptFiles(bytes_max=1000, fetches_max=2, idle_s=0.02)
    async with soon.open(ROOTS[0], 100, source.fetch):
        await asyncio.sleep(0.1)
    assert soon.count == 1
    await asyncio.sleep(0.1)
    assert soon.count == 0

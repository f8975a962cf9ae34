"""What a person sees who opens the gateway in a browser: the network, a file, a folder, an error. Text in, HTML out, no I/O.

Every value is a stranger's and is escaped; there is no script, and ``HEADERS`` forbid any. Programs never get these pages: they
do not ask for ``text/html``.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final
from urllib.parse import quote

from zerog.storage import media
from zerog.storage.directory import Entry

_STYLE: Final = (
    ":root{color-scheme:light dark;--line:#8884;--soft:#8881;--faint:#777;--accent:#2563eb}"
    "@media(prefers-color-scheme:dark){:root{--faint:#aaa;--accent:#7aa7ff}}"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1.5rem 1rem 4rem}"
    "header{display:flex;gap:1rem;align-items:baseline;border-bottom:1px solid var(--line)}"
    "header{padding-bottom:.6rem;margin-bottom:1.5rem}"
    "header a{font-weight:700;text-decoration:none;color:inherit}header span,.faint,footer{color:var(--faint)}"
    "h1{font-size:1.35rem;margin:0 0 1rem;overflow-wrap:anywhere}code{overflow-wrap:anywhere;font-size:.92em}"
    "a{color:var(--accent)}table{border-collapse:collapse;width:100%}"
    "th{text-align:left;font-weight:600;color:var(--faint);font-size:.85rem}"
    "td,th{padding:.4rem .8rem .4rem 0;border-bottom:1px solid var(--line);vertical-align:top}"
    "td.name{overflow-wrap:anywhere;width:60%}td.right,th.right{text-align:right;white-space:nowrap}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1.2rem}"
    "dt{color:var(--faint)}dd{margin:0;overflow-wrap:anywhere}"
    "form{display:flex;gap:.5rem;margin:1rem 0}input{flex:1;min-width:0;font:inherit;padding:.45rem .6rem;"
    "border:1px solid var(--line);border-radius:.4rem;background:var(--soft);color:inherit}"
    "button,.button{font:inherit;padding:.45rem 1rem;border:0;border-radius:.4rem;background:var(--accent);color:Canvas;"
    "text-decoration:none;cursor:pointer;white-space:nowrap}"
    "footer{margin-top:2.5rem;font-size:.85rem}"
)
HEADERS: Final = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
        "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Vary": "Accept",
}
"""Of every page: nothing may run in it, be loaded by it or show it in a frame."""


@dataclass(frozen=True)
class FileFacts:
    """What the page of a file shows."""

    root: str
    size: int
    seq: int
    segments: int
    nodes: Sequence[str]
    too_large: bool = False


def page(title: str, body: str, status: str = "") -> str:
    """A whole page. ``body`` is HTML; ``title`` and ``status`` are text."""
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} – 0G storage</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<link rel="icon" href="data:,"><style>{_STYLE}</style></head><body>'
        f'<header><a href="/">0G storage</a><span>{escape(status)}</span></header><main>{body}</main></body></html>'
    )


def home(nodes: Iterable[tuple[str, str, int]], silent: int) -> str:
    """The entrance: find a file by its root; who stores.

    Args:
        nodes: URL, shard, and milliseconds to answer of each node that answers.
        silent: how many do not.
    """
    rows = "".join(
        f'<tr><td class="name">{escape(url)}</td><td>{escape(shard)}</td><td class="right">{latency} ms</td></tr>'
        for url, shard, latency in nodes
    )
    table = f'<table><tr><th>node</th><th>shard</th><th class="right">answers in</th></tr>{rows}</table>' if rows else ""
    missing = f'<p class="faint">{silent} {"node does" if silent == 1 else "nodes do"} not answer.</p>' if silent else ""
    return page(
        "Gateway",
        "<h1>Find a file or a folder</h1>"
        f"{_finder()}"
        '<p class="faint">Every file is fetched with proofs and compared with its root before it is sent.</p>'
        f"<h1>Storage nodes</h1>{table or '<p>No storage node answers. Is one running?</p>'}{missing}"
        "<footer>Programs: JSON-RPC (<code>indexer_*</code>) by POST to this address; REST at <code>/file</code>, "
        "<code>/file/info/ROOT</code>, <code>/node/status</code>.</footer>",
        "gateway",
    )


def _finder(value: str = "") -> str:
    return (
        '<form action="/find" method="get"><input name="root" required maxlength="80" autocomplete="off" spellcheck="false" '
        f'placeholder="0x… root, or the number of a submission" aria-label="root" value="{escape(value)}">'
        "<button>Open</button></form>"
    )


def file(facts: FileFacts) -> str:
    """A file that is there."""
    nodes = "<br>".join(escape(url) for url in facts.nodes)
    if facts.too_large:
        get = (
            "<p>This file is larger than this gateway sends; <code>zerog storage download</code> fetches it from the nodes.</p>"
        )
    else:
        get = (
            '<form action="/file" method="get">'
            f'<input type="hidden" name="root" value="{escape(facts.root)}"><input name="name" maxlength="200" '
            'autocomplete="off" placeholder="save as (the network keeps no names)" aria-label="name">'
            "<button>Download</button></form>"
        )
    return page(
        facts.root,
        f"<h1>File</h1><dl><dt>root</dt><dd><code>{escape(facts.root)}</code></dd>"
        f"<dt>size</dt><dd>{size_text(facts.size)} ({facts.size:,} bytes)</dd>"
        f"<dt>segments</dt><dd>{facts.segments:,}</dd><dt>submission</dt><dd>{facts.seq}</dd>"
        f"<dt>nodes</dt><dd>{nodes}</dd></dl>{get}",
        "file",
    )


def folder(cid: str, path: Sequence[str], entry: Entry) -> str:
    """What a directory holds, with links to all of it.

    Args:
        cid: root or number of its metadata file.
        path: names from the top to ``entry``.
    """
    here = f"/file/{quote(cid, safe='')}/" + "".join(quote(name, safe="") + "/" for name in path)
    crumbs = [f'<a href="/file/{quote(cid, safe="")}/"><code>{escape(_short(cid))}</code></a>']
    for depth, name in enumerate(path):
        to = f"/file/{quote(cid, safe='')}/" + "".join(quote(one, safe="") + "/" for one in path[: depth + 1])
        crumbs.append(f'<a href="{to}"><bdi>{escape(name)}</bdi></a>')
    rows = []
    if path:
        up = f"/file/{quote(cid, safe='')}/" + "".join(quote(name, safe="") + "/" for name in path[:-1])
        rows.append(f'<tr><td class="name"><a href="{up}">..</a></td><td></td><td></td><td></td></tr>')
    for one in sorted(entry.entries, key=lambda one: (one.kind != "directory", one.name)):
        rows.append(_row(here + quote(one.name, safe=""), one))
    empty = "" if entry.entries else '<p class="faint">This folder is empty.</p>'
    title = path[-1] if path else entry.name.strip("/") or "Folder"
    return page(
        title,
        f"<h1><bdi>{escape(title)}</bdi></h1><p>{' / '.join(crumbs)}</p><table><tr><th>name</th><th>type</th>"
        f'<th class="right">size</th><th></th></tr>{"".join(rows)}</table>{empty}',
        "folder",
    )


def _row(href: str, one: Entry) -> str:
    name, more = f"<bdi>{escape(one.name)}</bdi>", ""
    shown = "link" if one.kind == "symbolic" else one.kind
    size = size_text(one.size) if one.kind == "file" else ""
    if one.kind == "directory":
        href, name = href + "/", name + "/"
    elif one.kind == "symbolic":
        name = f'{name} <span class="faint">→ <bdi>{escape(one.link)}</bdi></span>'
    else:
        more = f'<a href="{href}">download</a>'
        if media.may_be_shown(one.name):
            href += "?inline=1"
    return (
        f'<tr><td class="name"><a href="{href}">{name}</a></td><td>{shown}</td><td class="right">{size}</td>'
        f'<td class="right">{more}</td></tr>'
    )


def error(status: int, title: str, explanation: str, asked: str = "") -> str:
    """What is wrong, and how to go on."""
    return page(
        title,
        f"<h1>{escape(title)}</h1><p>{escape(explanation)}</p>{_finder(asked)}"
        '<p class="faint">A root is 0x and 64 hex digits: what <code>zerog storage upload</code> prints.</p>',
        f"error {status}",
    )


def size_text(size: int) -> str:
    """Bytes as people say them."""
    if size < 1024:
        return f"{size} B"
    steps = min((size.bit_length() - 1) // 10, 4)
    return f"{size / 1024**steps:.1f} {('KiB', 'MiB', 'GiB', 'TiB')[steps - 1]}"


def _short(cid: str) -> str:
    return f"{cid[:10]}…{cid[-6:]}" if len(cid) > 20 else cid

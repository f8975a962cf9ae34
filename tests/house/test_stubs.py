"""The stub of the native module says what the module has: names, parameters, defaults."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from zerog import _native

STUB = Path(__file__).resolve().parents[2] / "python" / "zerog" / "_native.pyi"


def stub_names() -> dict[str, ast.stmt]:
    names: dict[str, ast.stmt] = {}
    for node in ast.parse(STUB.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names[node.name] = node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names[node.target.id] = node
    return names


def public(obj: object) -> set[str]:
    return {name for name in dir(obj) if not name.startswith("_")}


def parameters(doc: str) -> list[tuple[str, bool]]:
    """(name, has a default) from the first signature line that pybind11 writes into a docstring."""
    inside = re.sub(r"\[[^\[\]]*\]", "", re.sub(r"\[[^\[\]]*\]", "", doc.split("\n")[0]))
    match = re.match(r"\w+\((.*)\)", inside)
    if match is None:
        return []
    out = []
    depth, piece, pieces = 0, "", []
    for char in match.group(1):
        depth += char in "([{"
        depth -= char in ")]}"
        if char == "," and depth == 0:
            pieces.append(piece)
            piece = ""
        else:
            piece += char
    pieces.append(piece)
    for text in pieces:
        name = text.strip().split(":")[0].split("=")[0].strip()
        if name and name not in {"self", "*", "/"}:
            out.append((name, "=" in text))
    return out


def declared(node: ast.FunctionDef) -> list[tuple[str, bool]]:
    args = node.args
    plain = args.posonlyargs + args.args
    missing = len(plain) - len(args.defaults)
    out = [(arg.arg, index >= missing) for index, arg in enumerate(plain)]
    out += [(arg.arg, default is not None) for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True)]
    return [entry for entry in out if entry[0] != "self"]


def test_names_are_equal() -> None:
    assert public(_native) == {name for name in stub_names() if not name.startswith("_")}


def test_functions_and_methods_are_equal() -> None:
    wrong = []
    for name, node in stub_names().items():
        real = getattr(_native, name)
        if isinstance(node, ast.FunctionDef):
            if declared(node) != parameters(real.__doc__ or ""):
                wrong.append(f"{name}: stub {declared(node)}, module {parameters(real.__doc__ or '')}")
        elif isinstance(node, ast.ClassDef):
            members = {item.name: item for item in node.body if isinstance(item, ast.FunctionDef)}
            fields = {
                item.target.id for item in node.body if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
            }
            stub_public = {item for item in set(members) | fields if not item.startswith("_")}
            if stub_public != public(real):
                wrong.append(
                    f"{name}: stub only {sorted(stub_public - public(real))}, module only {sorted(public(real) - stub_public)}"
                )
            for member, item in members.items():
                if member.startswith("_") or any(isinstance(d, ast.Name) and d.id == "property" for d in item.decorator_list):
                    continue
                doc = getattr(real, member, None).__doc__ or ""
                if "Overloaded function" not in doc and declared(item) != parameters(doc):
                    wrong.append(f"{name}.{member}: stub {declared(item)}, module {parameters(doc)}")
    assert not wrong, "\n".join(wrong)

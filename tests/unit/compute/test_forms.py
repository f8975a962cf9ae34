"""Multipart forms of strangers: one reading, or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerog.compute.gateway.forms import Form
from zerog.errors import InvalidInput

TYPE = "multipart/form-data; boundary=b0"
HEAD = b'--b0\r\nContent-Disposition: form-data; name="'


def form(*fields: tuple[bytes, bytes]) -> bytes:
    return b"".join(HEAD + name + b'"\r\n\r\n' + value + b"\r\n" for name, value in fields) + b"--b0--\r\n"


def test_fields_are_found_and_replaced() -> None:
    raw = (
        HEAD + b'image"; filename="name=x.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\r\n--b\r\n'
        b"--b0\r\ncontent-disposition: form-data; name=n\r\n\r\n7\r\n"
        b'--b0\r\nContent-Type: text/plain\r\nContent-Disposition: form-data; name="model"\r\n\r\n\xc3\xa9\r\n--b0--'
    )
    found = Form.parse(raw, 'multipart/form-data; boundary="b0"; charset=utf-8')
    assert found.value("image") == b"\x89PNG\r\n\r\n--b"
    assert (found.whole("n", 1, 1, 16), found.text("model"), found.text("other")) == (7, "é", "")
    assert found.whole("other", 4, 1, 16) == 4
    assert found.replaced("n", b"12") == raw.replace(b"\r\n7\r\n", b"\r\n12\r\n")
    assert Form.parse(form((b"image[]", b"1"), (b"image[]", b"2")), TYPE).value("image[]") == b"2"
    assert Form.parse(form((b"empty", b"")), TYPE).value("empty") == b""


NOT_FORMS = {
    "nothing": b"",
    "no boundary": b"hello",
    "bytes before it": b"x\r\n" + form((b"n", b"1")),
    "no end": form((b"n", b"1"))[:-6],
    "no head": b"--b0\r\nvalue\r\n--b0--",
    "no name": b"--b0\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b0--",
    "a name in a form of its own": b"--b0\r\nContent-Disposition: form-data; name*=utf-8''n\r\n\r\n1\r\n--b0--",
    "two names": b'--b0\r\nContent-Disposition: form-data; name="a"; name="n"\r\n\r\n1\r\n--b0--',
    "two dispositions": HEAD + b'a"\r\nContent-Disposition: form-data; name="n"\r\n\r\n1\r\n--b0--',
    "an escaped name": b'--b0\r\nContent-Disposition: form-data; name="a\\"n"\r\n\r\n1\r\n--b0--',
    "a folded head": b'--b0\r\nContent-Disposition: form-data;\r\n name="n"\r\n\r\n1\r\n--b0--',
    "given twice": form((b"n", b"1"), (b"n", b"9")),
    "many parts": form(*((b"%d" % number, b"") for number in range(300))),
    "a name that is no text": form((b"\xff", b"1")),
    "a long head": HEAD + b'n"\r\nX: ' + b"x" * 10_000 + b"\r\n\r\n1\r\n--b0--",
    "a longer boundary": b'--b0x\r\nContent-Disposition: form-data; name="n"\r\n\r\n1\r\n--b0x--',
}


@pytest.mark.parametrize("raw", NOT_FORMS.values(), ids=NOT_FORMS)
def test_what_can_be_read_in_two_ways_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidInput):
        Form.parse(raw, TYPE)


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=", f"multipart/form-data; boundary={'x' * 71}"]
)
def test_boundaries_that_are_none(kind: str) -> None:
    with pytest.raises(InvalidInput):
        Form.parse(form((b"n", b"1")), kind)


@pytest.mark.parametrize(
    "value", [b"0", b"17", b"-1", b"+1", b"1e1", b"1.0", b" 1", b"", b"\xff", b"9" * 5000, b"\xef\xbc\x91"]
)
def test_numbers_that_are_none(value: bytes) -> None:
    with pytest.raises(InvalidInput, match="n: expected a whole number"):
        Form.parse(form((b"n", value)), TYPE).whole("n", 1, 1, 16)


@given(raw=st.binary(max_size=200), front=st.sampled_from([b"", b"--b0", HEAD, HEAD + b'n"\r\n\r\n', form((b"n", b"1"))[:-8]]))
def test_any_bytes_are_a_form_or_refused(raw: bytes, front: bytes) -> None:
    try:
        found = Form.parse(front + raw, TYPE)
    except InvalidInput:
        return
    for name, (start, end) in found.places.items():
        assert 0 <= start <= end <= len(found.raw), name


@given(
    st.dictionaries(
        st.text("abcdefgh", min_size=1, max_size=8),
        st.binary(max_size=60).filter(lambda value: b"--b0" not in value),
        min_size=1,
    )
)
def test_a_form_is_read_as_it_was_written(fields: dict[str, bytes]) -> None:
    found = Form.parse(form(*((name.encode(), value) for name, value in fields.items())), TYPE)
    assert {name: found.value(name) for name in found.places} == fields

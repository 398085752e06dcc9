"""A user's text stays text where Dagster shows Markdown."""

from __future__ import annotations

import re
from html import unescape

import pytest
from markdown_it import MarkdownIt

from gem_assets.markdown import escaped, escaped_lines, plain

HOSTILE = (
    "x](y) **b** <img src=a onerror=alert(1)>",
    "[S1](javascript:alert(1))",
    "![](https://example.org/pixel.png)",
    "_S1_ *S2* `S3` ~~S4~~ S_5",
    "a | b | c",
    "# 1",
    "back\\slash \\* &lt;b&gt; R&D",
    "<https://example.org>",
    "[S1]: https://example.org",
)


def rendered(markdown: str) -> str:
    """Return the text that a reader of the Markdown sees, after a look that it is nothing else."""
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown)
    assert not set(re.findall(r"<(\w+)", html)) - {"p", "br"}, html
    return unescape(re.sub(r"</?p>|<br />", "", html)).strip()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_full_of_markdown_is_read_as_it_is(text: str) -> None:
    assert rendered(escaped(text)) == text
    assert rendered(f"S0 {escaped(text)} S9") == f"S0 {text} S9"
    assert plain(escaped(text)) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_does_not_leave_the_alternative_text_of_a_picture(text: str) -> None:
    html = MarkdownIt("commonmark").render(f"![{escaped(text)}](data:image/png;base64,AAAA)")
    assert html.count("<") == 3
    assert 'src="data:image/png;base64,AAAA"' in html


def test_lines_stay_lines_and_come_back() -> None:
    text = "first [a]\nsecond _b_"
    assert rendered(escaped_lines(text)) == text
    assert plain(escaped_lines(text)) == text
    assert escaped("a\n- b\n\n# c") == "a - b \\# c"

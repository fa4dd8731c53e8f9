"""Markup gone, its text kept: Markdown, HTML, the paths of addresses.

Works on a whole text, since what opens in one sentence may close in another; the router does it before a
text is cut into pieces. Every pattern is bounded, so that the time is proportional to the length.
"""

from __future__ import annotations

import html
import re
from typing import Final

# Elements of HTML and of SSML; others are tags only where they are closed too: "a<b and c>d" is none.
_ELEMENTS: Final = (
    "a|abbr|acronym|address|article|aside|audio|b|base|bdi|bdo|big|blockquote|body|br|button|canvas|caption|center"
    "|cite|code|col|colgroup|data|dd|del|details|dfn|dialog|div|dl|dt|em|embed|fieldset|figcaption|figure|font"
    "|footer|form|h[1-6]|head|header|hgroup|hr|html|i|iframe|img|input|ins|kbd|label|legend|li|link|main|map|mark"
    "|menu|meta|meter|nav|noscript|object|ol|optgroup|option|output|p|param|picture|pre|progress|q|rp|rt|ruby|s"
    "|samp|script|search|section|select|slot|small|source|span|strike|strong|style|sub|summary|sup|svg|table|tbody"
    "|td|template|textarea|tfoot|th|thead|time|title|tr|track|tt|u|ul|var|video|wbr"
    "|break|emphasis|lang|lexicon|paragraph|phoneme|prosody|say-as|sentence|speak|token|voice|w"
)
_SWITCHES: Final = (
    "allowfullscreen|async|autofocus|autoplay|checked|contenteditable|controls|default|defer|disabled|download"
    "|draggable|formnovalidate|hidden|inert|ismap|itemscope|loop|multiple|muted|nomodule|novalidate|nowrap|open"
    "|playsinline|readonly|required|reversed|selected"
)
_ATTRIBUTES: Final = (
    rf"(?:\s{{1,9}}+(?:[a-z_:@][\w:.@-]{{0,60}}+\s?=\s?(?:\"[^\"<]{{0,500}}+\"|'[^'<]{{0,500}}+'"
    rf"|[^\s\"'<>`]{{1,500}}+)|(?:{_SWITCHES})(?![\w-]))){{0,20}}+\s{{0,9}}+/?"
)
_TAG: Final = re.compile(
    rf"(?i)<(?:/[a-z][\w:.-]{{0,40}}+\s{{0,9}}+|(?:{_ELEMENTS})(?![\w:.-]){_ATTRIBUTES}"
    r"|!--[^<>]{0,300}--|![a-z][^<>]{0,300}|\?[a-z][^<>]{0,300}\?)>"
)
_CLOSED: Final = re.compile(r"</([A-Za-z][\w:.-]{0,40}+)\s{0,9}+>")
_OPENED: Final = re.compile(rf"(?i)<([a-z][\w:.-]{{0,40}}+){_ATTRIBUTES}>")
_AUTOLINK: Final = re.compile(r"<((?:https?://|mailto:)[^<>\s]{1,500})>")
_LINK: Final = re.compile(
    r"!?\[([^\[\]\n]{0,300})\](?:\((?:[^()\n]|\([^()\n]{0,200}\)){0,600}\)|\[[^\[\]\n]{0,80}\])"
)
_NOTE: Final = re.compile(r"\[\^?[0-9]{1,3}\](?!\()|\[\^[^\[\]\s]{1,30}\]")
_FENCE: Final = re.compile(r"(?m)^[ \t]{0,8}(?:`{3,}|~{3,})[^\n]{0,80}$\n?")
_RULE: Final = re.compile(
    r"(?m)^[ \t]{0,8}(?:(?:\*[ ]?){3,}+|(?:-[ ]?){3,}+|(?:_[ ]?){3,}+|={3,}+)$\n?"
)
_HEADING: Final = re.compile(r"(?m)^ {0,3}#{1,6}[ \t]+([^\n]+)$")
_CLOSED_HEADING: Final = re.compile(r"[ \t]#{1,80}$")
# A single ">" before a digit compares, unless the lines beside it open with one too.
_QUOTE: Final = re.compile(r"(?m)^ {0,3}(?:(?:>[ ]?){2,9}|>[ ]?(?![0-9]))(?=\S)(?![-=(])")
_QUOTES: Final = re.compile(r"(?m)^ {0,3}>[^\n]*+(?:\n {0,3}>[^\n]*+)++")
_QUOTED: Final = re.compile(r"(?m)^ {0,3}(?:>[ ]?){1,9}(?=\S)(?![-=(])")
_BULLET: Final = re.compile(r"(?m)^[ \t]{0,20}[-*+•‣◦▪●][ \t]+(?:\[[ xX]\][ \t]+)?(\S[^\n]*)$")
_TABLE_LINE: Final = re.compile(
    r"(?m)^[ \t]{0,8}\|?(?=[^\n]{0,400}--)(?=[^\n]{0,400}\|)[ \t:|-]{3,}+$\n?"
)
_TABLE_ROW: Final = re.compile(r"(?m)^[ \t]{0,8}\|([^\n]+)$")
_CELLS: Final = re.compile(r"[ \t]*\|[ \t]*")
_TICKS: Final = re.compile(r"`+")
_STARS: Final = re.compile(r"\*{2,}|(?<![0-9])(?<![0-9] )\*|\*(?! ?[0-9])")  # 2 * 3 keeps its own
_UNDERSCORES: Final = re.compile(r"(?<![\w_])_{1,3}(?=[^\s_])|(?<=[^\s_])_{1,3}(?!\w)")
_STRUCK: Final = re.compile(r"~~")
_ESCAPED: Final = re.compile(r"\\([\\`*_{}\[\]()#+.!|>~-])")
_ADDRESS: Final = re.compile(
    r"(?i)(?<![a-z0-9])((?:https?|ftp)://)([^\s/?#<>\"«»]{1,300})([^\s<>\"«»]{0,2000})"
)
_USER: Final = re.compile(r"^[^@]{0,200}@|:[0-9]{1,5}$")
_ENDS: Final = ".,;:!?)]}'’”…。，、！？；：）」"


def plain(text: str) -> str:
    """Answer the text that a page made of this markup would show, on the same lines.

    Links keep their text and images their description; an address keeps its scheme, which tells that it is
    one, and its host, without the path. A heading, an item of a list and a row of a table end like a
    sentence.

    Args:
        text: Cleaned text, its lines parted by single breaks.
    """
    if "&" in text:
        text = html.unescape(text)
    text = _lines(_ESCAPED.sub(r"\1", text))
    text = _LINK.sub(r"\1", _AUTOLINK.sub(r"\1", text))
    text = _untagged(_NOTE.sub("", text))
    text = _ADDRESS.sub(_host, text)
    text = _TICKS.sub("", text)
    return _STRUCK.sub("", _UNDERSCORES.sub("", _STARS.sub("", text)))


def _untagged(text: str) -> str:
    """Take away tags: those of known elements, and those of elements that are closed somewhere."""
    if "<" not in text:
        return text
    closed = frozenset(_CLOSED.findall(text))
    text = _TAG.sub(" ", text)
    return _OPENED.sub(lambda tag: " " if tag[1] in closed else tag[0], text) if closed else text


def _lines(text: str) -> str:
    """Take away what marks a line as a heading, a quotation, an item, a row."""
    text = _FENCE.sub("", text)
    text = _RULE.sub("", _TABLE_LINE.sub("", text))
    text = _TABLE_ROW.sub(lambda row: _ended(_CELLS.sub(", ", row[1].strip(" |\t"))), text)
    text = _QUOTE.sub("", _QUOTES.sub(lambda lines: _QUOTED.sub("", lines[0]), text))
    text = _HEADING.sub(lambda heading: _ended(_CLOSED_HEADING.sub("", heading[1])), text)
    # An opening dash of a dialogue stands alone; items come in numbers, and so do their lines.
    if len(_BULLET.findall(text)) > 1:
        return _BULLET.sub(lambda item: _ended(item[1]), text)
    return re.sub(r"(?m)^[ \t]{0,20}[*+•‣◦▪●][ \t]+(?=\S)", "", text)


def _ended(line: str) -> str:
    line = line.strip()
    return f"{line}." if line and (line[-1].isalnum() or line[-1] in ")]*_`%€$") else line


def _host(address: re.Match[str]) -> str:
    """Scheme and host; marks after an address are the sentence's."""
    scheme, host, rest = address.groups()
    whole = host + rest
    ending = whole[len(whole.rstrip(_ENDS)) :]
    host = host.rstrip(_ENDS)
    return scheme + _USER.sub("", host) + ending

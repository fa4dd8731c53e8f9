"""Markup goes, the text on the page stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f5serve.text.clean import clean
from f5serve.text.markup import plain
from f5serve.text.spoken.marks import unmark


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# Title #\nText", "Title.\nText"),
        ("C#\nand F#", "C#\nand F#"),
        ("**bold** *slanted* ***both*** __bold__ _slanted_", "bold slanted both bold slanted"),
        ("2 * 3 and 4*5", "2 * 3 and 4*5"),
        ("snake_case stays", "snake_case stays"),
        ("~~gone~~ and `code`", "gone and code"),
        ("a [link](https://a.b/c_d(e)) there", "a link there"),
        ("a [link](https://a.b 'title') and ![picture](x.png)", "a link and picture"),
        ("a [link][1] and a note[^1], cited [12]", "a link and a note, cited "),
        ("- one\n- two!\n* [x] three", "one.\ntwo!\nthree."),
        ("– Oui, dit-il.\n– Non.", "– Oui, dit-il.\n– Non."),
        ("- Oui", "- Oui"),
        ("> quoted\n> twice", "quoted\ntwice"),
        ("above\n---\nbelow\n***", "above\nbelow\n"),
        ("```python\nx\n```", "x\n"),
        ("| a | b |\n|---|:-:|\n| 1 | 2 |", "a, b.\n1, 2."),
        ("<p>One &amp; two<br/>three</p>", " One & two three "),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("if a<b and c>d or x<y and y>z", "if a<b and c>d or x<y and y>z"),
        ("<img src=a.png alt='b > c' hidden/><!-- d --><!DOCTYPE html><?xml e?>f", "    f"),
        ('<speak>a <break time="1s"/>b</speak>', " a  b "),
        ("<note to=you>a</note> <other> b", " a  <other> b"),
        ("> 5 people", "> 5 people"),
        ("sure:\n> 90 % did\n< 5 % did not", "sure:\n> 90 % did\n< 5 % did not"),
        ("> he had\n> 5 of them", "he had\n5 of them"),
        (">> 5 nested", "5 nested"),
        ("<https://a.example/b>", "https://a.example"),
        ("see https://user@a.example:8080/b?c=d#e.", "see https://a.example."),
        (r"\*not slanted\* \# no title", "not slanted # no title"),
    ],
)
def test_what_a_page_would_show_is_left(text: str, expected: str) -> None:
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ＡＢＣ １２３，４５６", "ABC 123,456"),
        ("𝐁𝐨𝐥𝐝 𝟐 ﬁn", "Bold 2 fin"),
        ("٣ and ३", "3 and 3"),
        ("Yes 😀😀! 👍🏽 No 🇫🇮.", "Yes! No."),
        ("Fine :-) or not :( <3", "Fine or not"),
        ("What?!?! No!!! Wait.... ok", "What? No! Wait… ok"),
        ("one -- two", "one – two"),
        ("#NewYear_party @john_doe", "New Year party john_doe"),
        ("www.b-c.example.org/x, a.b@c.com!", "b c dot example dot org, a dot b at c dot com!"),
        ("the bbc.co.uk site", "the bbc dot co dot UK site"),
        ("and.so on e.g. this", "and.so on e.g. this"),
        ("https://example.xyz/path.", "example dot xyz."),
        ("HTTP://a.museum:80/x, ftp://b.int", "a dot museum, b dot int"),
        ("bit.ly/abc and youtu.be/x", "bit dot LY and youtu dot be"),
        ("www.india.gov.in!", "india dot gov dot in!"),
        ("http://localhost:8080/x", "localhost"),
        ("看https://a.example吧", "看a dot example吧"),
        ("mailto:a@b.com", "a at b dot com"),
        ("❶ ➁ ➌ ⓫ ⓴ ⓵ ⓿", "① ② ③ ⑪ ⑳ ① ⓪"),
        ("a word¹ and “more”² or said,³ in 2020¹", "a word and “more” or said, in 2020"),
        ("5 m² and x² and 10¹⁰ and metres²", "5 m² and x² and 10¹⁰ and metres²"),
    ],
)
def test_what_is_written_for_the_eye_alone_is_gone(text: str, expected: str) -> None:
    assert unmark(clean(text), "en") == expected


@given(st.text(alphabet="ab1 \n*_`#-|[]()<>&;!~\\./:", max_size=60))
def test_markup_never_fails_and_leaves_plain_words_alone(text: str) -> None:
    plain(clean(text))

    assert plain("only words here") == "only words here"

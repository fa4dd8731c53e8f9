"""Words before a full stop that end no sentence, as data.

A word may mean different things in nine languages and their texts are not told apart here, so a word that
also ends sentences in one of them (French "tu es.", Spanish "no.") stands where the next word decides.
All are written in lower case and without their last stop.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TITLES = _words(
    "mr mrs ms dr prof st approx dept est gen gov lt col sgt capt rev hon mt vs e.g i.e cf viz"
    " mm mme mlle mmes pr env chap bd éd p.ex"  # French
    " sig sigg sig.ra dott dott.ssa prof.ssa ing avv egr gent geom p.es on.le spett"  # Italian
    " sr sra srta srs dña ud uds vd avda fco p.ej"  # Spanish
    " esim puh synt toht maist tri hra rva nti"  # Finnish
    " ул кв стр им проф акад доц см рис просп пер наб тел напр т.е т.к т.н"  # Russian
    " डॉ श्री प्रो पं कु"  # Hindi
)
"""What they belong to follows: never the end of a sentence."""

BARE_TITLES = _words("Mr Mrs Ms Dr St Mme Mmes Mlle Ste Sr Sra")
"""Titles that are also written without a stop."""

BEFORE_NUMBERS = _words(
    "no nos nr num art sec ch vol fig figs pp ed eq ver rev"
    " chap tél tel n° pl"  # French
    " pag pagg cap fasc tab all"  # Italian
    " núm pág págs vol"  # Spanish
    " nro puh kpl os luku"  # Finnish
    " гл рис табл ст стр корп вып ок"  # Russian
    " रु सं पृ नं"  # Hindi
)
"""They belong to a number, where one follows."""

SHORTENED = _words(
    "etc inc ltd co corp jr jan feb mar apr jun jul aug sep sept oct nov dec ave blvd al"
    " u.s u.s.a u.k u.n e.u d.c ph.d"
    " av es ecc ad"  # "av. J.-C.", "ad es."
    " sta sto cía ltda depto ee.uu"
    " ym yms jne kpl ns ts os ko ks vrt ent mm toim"
    " гг тыс руб коп обл др пр млн млрд"
)
"""They may end a sentence or not; the next word tells."""

WHOLE_WORDS = _words("i è я")
"""Words of one small letter that can end a sentence; all others are abbreviations."""

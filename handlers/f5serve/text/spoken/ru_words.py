"""Latin names as Russian writes them, and the abbreviations by which a text needs reading, as data.

The spellings are those usual in Russian newspapers, written from general knowledge for this project. A word
that is not here is transcribed by ru-normalizr from its English pronunciation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in text.split())


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


NAMES: Final[Mapping[str, str]] = _pairs(
    "google=гугл apple=эпл iphone=айфон ipad=айпад macbook=макбук microsoft=майкрософт office=офис windows=виндоус"
    " android=андроид samsung=самсунг xiaomi=сяоми huawei=хуавэй sony=сони nokia=нокиа intel=интел nvidia=энвидиа"
    " amazon=амазон facebook=фейсбук instagram=инстаграм whatsapp=вотсап telegram=телеграм youtube=ютуб"
    " twitter=твиттер tiktok=тикток linkedin=линкедин netflix=нетфликс spotify=спотифай zoom=зум skype=скайп"
    " uber=убер airbnb=эйрбиэнби booking=букинг paypal=пэйпал visa=виза mastercard=мастеркард tesla=тесла"
    " spacex=спейс-икс toyota=тойота honda=хонда nissan=ниссан mazda=мазда hyundai=хёндэ kia=киа lada=лада"
    " volkswagen=фольксваген mercedes=мерседес audi=ауди porsche=порше renault=рено peugeot=пежо citroen=ситроен"
    " volvo=вольво ford=форд ferrari=феррари boeing=боинг airbus=эйрбас adidas=адидас nike=найк ikea=икеа"
    " starbucks=старбакс mcdonalds=макдоналдс pepsi=пепси cola=кола coca=кока python=пайтон java=джава"
    " javascript=джаваскрипт linux=линукс ubuntu=убунту github=гитхаб git=гит docker=докер chrome=хром"
    " firefox=файрфокс excel=эксель word=ворд powerpoint=пауэрпойнт photoshop=фотошоп bluetooth=блютус wi-fi=вай-фай"
    " wifi=вай-фай email=имейл e-mail=имейл online=онлайн offline=офлайн chatgpt=чат-джипити openai=оупен-эй-ай"
    " claude=клод gemini=джемини yandex=яндекс sber=сбер vk=вэ-ка ozon=озон wildberries=вайлдберриз avito=авито"
    " london=лондон paris=париж berlin=берлин york=йорк moscow=москоу hello=хеллоу world=ворлд web=веб site=сайт"
    " video=видео audio=аудио photo=фото club=клуб radio=радио hotel=отель music=мьюзик mail=мейл news=ньюс"
    " covid=ковид louis=луи vuitton=виттон chanel=шанель gucci=гуччи dior=диор steam=стим xbox=иксбокс"
    " playstation=плейстейшен nintendo=нинтендо minecraft=майнкрафт pokemon=покемон cafe=кафе"
    ""
    " ru=ру com=ком org=орг net=нет info=инфо help=хелп support=саппорт config=конфиг json=джейсон yaml=ямл"
    " pdf=пэ-дэ-эф ya=я"
    " bmw=бэ-эм-вэ ok=окей app=апп store=стор play=плей pro=про max=макс mini=мини plus=плюс air=эйр ultra=ультра"
)
"""Latin words, in lower case and without accents."""

ABBREVIATIONS: Final = _words(
    "т г гг в вв ул пр пл д кв корп стр им проф акад доц руб коп тыс млн млрд см мм км кг др н э тел обл напр рис"
    " табл гл ст п пп ч мин сек св о оз р пер наб шт экз ред изд с просп ш б бул пос дер гор респ соц гос нач зав"
    " тов доб зам инж прим след соотв ок макс мес нед"
)
"""What may stand before a full stop without ending a sentence."""

HEADLINES: Final = frozenset(
    _words(
        "стоп вход выход старт финиш тест факт шок урок план путь друг враг мост парк порт спорт театр клуб фронт"
        " брак флот хлеб смерть жизнь любовь война союз банк сбор срок пуск цель день ночь утро лето зима весна"
    )
)
"""Short words that are no acronyms in capitals."""

SCORES: Final = (
    "счёт",
    "счет",
    "выигра",
    "проигра",
    "побед",
    "обыгра",
    "ничь",
    "матч",
    "уступи",
    "разгром",
)
"""A colon after them is that of a score."""

TITLES: Final[Mapping[str, str]] = _pairs(
    "Проф=Профессор проф=профессор Акад=Академик акад=академик Доц=Доцент доц=доцент Им=Имени им=имени Тов=Товарищ"
    " тов=товарищ"
)
"""Before a name."""

SPOONS: Final[Mapping[str, str]] = {"ст": "столов", "ч": "чайн", "дес": "десертн"}
"""The measures of recipes, without their endings: ст. л."""

DECADES: Final = _words(
    "двадцатые тридцатые сороковые пятидесятые шестидесятые семидесятые восьмидесятые девяностые"
)

LETTERS: Final[Mapping[str, str]] = _pairs(
    "a=а b=б c=к d=д e=е f=ф g=г h=х i=и j=дж k=к l=л m=м n=н o=о p=п q=к r=р s=с t=т u=у v=в w=в x=кс y=й z=з"
)
"""One letter by one, for what nothing else reads."""

SIGNS: Final[Mapping[str, str]] = {
    "&": "и",
    "+": "плюс",
    "=": "равно",
    "×": "умножить на",
    "÷": "разделить на",
    "±": "плюс-минус",
    "<": "меньше",
    ">": "больше",
    "°": "градусов",
    "%": "процентов",
    "‰": "промилле",
    "№": "номер",
    "§": "параграф",
    "#": "решётка",
    "$": "долларов",
    "€": "евро",
    "£": "фунтов",
    "¥": "иен",
    "₽": "рублей",
    "₴": "гривен",
}
"""Signs that the library leaves where they are."""

MONEY: Final[Mapping[str, str]] = {
    "USD": "доллар доллара долларов",
    "EUR": "евро евро евро",
    "GBP": "фунт фунта фунтов",
    "CHF": "франк франка франков",
    "CNY": "юань юаня юаней",
    "JPY": "иена иены иен",
    "KZT": "тенге тенге тенге",
    "BYN": "рубль рубля рублей",
    "TRY": "лира лиры лир",
    "INR": "рупия рупии рупий",
    "RUB": "рубль рубля рублей",
    "RUR": "рубль рубля рублей",
    "UAH": "гривна гривны гривен",
    "грн": "гривна гривны гривен",
    "₴": "гривна гривны гривен",
    "₸": "тенге тенге тенге",
    "¥": "иена иены иен",
    "₹": "рупия рупии рупий",
}
"""Codes and signs of currencies: after one, after two, after five."""

MONTHS: Final[Mapping[str, str]] = _pairs(
    "янв=января фев=февраля февр=февраля мар=марта апр=апреля июн=июня июл=июля авг=августа сен=сентября сент=сентября"
    " окт=октября нояб=ноября ноя=ноября дек=декабря"
)
"""Months after a day."""

WEEKDAYS: Final[Mapping[str, str]] = _pairs(
    "пн=понедельник вт=вторник ср=среда чт=четверг пт=пятница сб=суббота вс=воскресенье"
)

FORMULAS: Final[Mapping[str, str]] = {
    "H2O": "аш два о",
    "CO2": "цэ о два",
    "H₂O": "аш два о",
    "CO₂": "цэ о два",
    "O2": "о два",
}
"""Formulas by the Russian names of their letters."""

OPENED: Final[Mapping[str, str]] = {
    "в т. ч.": "в том числе",
    "в т.ч.": "в том числе",
    "и пр.": "и прочее",
    "к. т. н.": "кандидат технических наук",
    "к.т.н.": "кандидат технических наук",
    "к.м.н.": "кандидат медицинских наук",
    "к.ф.-м.н.": "кандидат физико-математических наук",
    "д.т.н.": "доктор технических наук",
    "д.м.н.": "доктор медицинских наук",
    "д.ф.-м.н.": "доктор физико-математических наук",
    "ст. м.": "станция метро",
    "доб.": "добавочный",
    "спб": "Санкт-Петербург",
}
"""Abbreviations that the library leaves."""

ROMAN_NOUNS: Final = frozenset(
    _words(
        "место степень тур этап съезд созыв курс класс группа категория династия армия фестиваль конкурс форум"
        " конференция чемпионат олимпиада интернационал сезон акт эпизод уровень разряд пленум рейх республика"
        " ступень круг универсиада собор дума легион ранг"
    )
)
"""Nouns that are counted with Roman numerals before them."""

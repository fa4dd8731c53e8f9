"""Spellings of frequent Hindi words that go their own ways, and those by which romanised Hindi is noticed, as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


def words(text: str) -> frozenset[str]:
    """Answer the words of a list."""
    return frozenset(text.split())


def pairs(text: str) -> dict[str, str]:
    """Answer ``k=क kh=ख`` by what stands before the sign; ``hum/ham=हम`` is two pairs."""
    entries = (entry.split("=") for entry in text.split())
    return {name: value for names, value in entries for name in names.split("/")}


USUAL: Final[Mapping[str, str]] = pairs(
    "main/mai=मैं me/mein/mei/mn=में h/he=है hu/hun/hoon/hoo=हूँ hum/ham=हम yeh/yah=यह ye=ये woh/wo/vo=वो vah=वह"
    " wah/waah=वाह kyun/kyu/kyon/kyo/kyoon=क्यों kyunki/kyuki/kyonki/kyoki=क्योंकि gaon/gaun/gaanv/gav=गाँव"
    " nahi/nahin/nhi/nahee=नहीं bahut/bohot/bohut/bahot/bht/bhot=बहुत kr=कर krna=करना krne=करने kro=करो rha=रहा"
    " rhi=रही rhe=रहे aur/or=और ji/jee=जी kuch/kuchh=कुछ acha/accha/achha/acchha=अच्छा achi/acchi/achhi/acchhi=अच्छी"
    " ache/acche/achhe/acchhe=अच्छे theek/thik/thek=ठीक haan/haa/ha=हाँ pata=पता to=तो tha=था thi=थी the=थे"
    " pr=पर pe=पे ki=की na=ना hume/humein/hame/hamein/hmein=हमें tumhe/tumhein=तुम्हें unhe/unhein=उन्हें"
    " inhe/inhein=इन्हें jinhe/jinhein=जिन्हें usse=उससे isse=इससे jisse=जिससे kisse=किससे mujhse=मुझसे kb=कब tk=तक"
    " jb=जब tb=तब sb=सब yr/yar/yaar=यार hm=हम tm=तुम mjhe/muje=मुझे gya=गया gyi/gayi=गई gye/gaye=गए ni=नहीं sir=सर"
    " mummy/mumy=मम्मी bhi=भी kya/kia=क्या zindagi/jindagi=ज़िंदगी hindi=हिंदी din=दिन"
    " toh=तो m=मैं k=के chhe/chhah=छह dalo/daalo=डालो behen/bahen/behan=बहन sheher/shehar=शहर"
)
"""Words as they are typed for speed, or that share their spelling with a rarer one."""

NOT_BORROWED: Final = words(
    "an and are as at been but by did does for from had has have her him his how i if my not of she that their them"
    " there they this was we were what when where which who will with would you your"
)
"""English words that hold a sentence together. Who types Hindi borrows others, and hardly these."""

MARKS: Final = words(
    "hai hain hoon hun hu h nahi nahin nhi kya kyun kyu kyon kaise kaisa kaisi kahan kab kaun kitna kitne kitni"
    " mujhe mujhko mera mere meri mein tum tumhara tumhari tumhare tumse tujhe tera tere teri aap aapka aapki aapke"
    " aapko aapse hum hume humein humara hamara hamari hamare unka unki unke unko usne uska uski uske usko isne iska"
    " iski iske isko inka yeh woh yahan wahan wahi aur lekin magar agar phir fir abhi kabhi sab sabko kuch koi bahut"
    " bohot accha acha achha theek thik raha rahi rahe rha rhi rhe karo karna karne karke karte karta karti kar kiya"
    " gaya gayi gaye hua hui hue hota hoti hote hoga hogi honge tha thi bhi sirf bas haan ji bhai yaar dost namaste"
    " dhanyavaad dhanyavad shukriya kripya apna apni apne apko saath liye wala wale wali chahiye chahie zyada thoda"
    " thodi jaldi aaj kal subah shaam raat din ghar paani khana baat log kaam dil pyar pyaar zindagi duniya desh"
    " ke ki ka ko se ne ho jo jab tab tak par pe na mat chalo chal dekho suno bolo batao jao aao lo do de diya liya"
    " raho rehna pata matlab sakta sakte sakti jaise waise aise itna itni itne kyunki isliye sunao milke kb tk yr kr"
    " kaha bola boli bataya mubarak badhai dhanyawad swagat baje rupaye paisa paise khao milo milenge jayenge jaunga"
    " aaunga aayega karunga karungi karenge dunga lunga chahta chahti hona hone gaadi gadi bachche ladka ladki"
    " didi bhaiya beta beti dekhna bolna sundar bura sahi galat sach naya naye nayi purana bada badi bade chota choti"
    " chhota upar neeche andar bahar kahin sabse bilkul shayad zaroor pehle humne humse milega krte gya gyi"
)
"""Without one of these a text is not looked at any closer: nearly every Hindi sentence has one."""

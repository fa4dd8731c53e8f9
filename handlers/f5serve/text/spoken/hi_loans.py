"""English words, names and acronyms that Hindi texts hold in Latin letters, as Hindi writes them, as data.

Spellings are those usual in Hindi newspapers, written from general knowledge for this project; consonants
with a nukta only where that is the usual spelling. What is not here goes by ``hi_latin``'s rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in text.split())


_COMPUTERS = _pairs(
    "computer=कंप्यूटर laptop=लैपटॉप mobile=मोबाइल phone=फ़ोन smartphone=स्मार्टफ़ोन internet=इंटरनेट website=वेबसाइट"
    " web=वेब site=साइट email=ईमेल mail=मेल online=ऑनलाइन offline=ऑफ़लाइन app=ऐप apps=ऐप्स software=सॉफ़्टवेयर"
    " hardware=हार्डवेयर data=डेटा database=डेटाबेस server=सर्वर network=नेटवर्क wifi=वाई-फ़ाई wi-fi=वाई-फ़ाई"
    " bluetooth=ब्लूटूथ file=फ़ाइल folder=फ़ोल्डर password=पासवर्ड user=यूज़र username=यूज़रनेम login=लॉगिन"
    " logout=लॉगआउट download=डाउनलोड upload=अपलोड update=अपडेट install=इंस्टॉल click=क्लिक link=लिंक page=पेज"
    " screen=स्क्रीन keyboard=कीबोर्ड mouse=माउस printer=प्रिंटर camera=कैमरा video=वीडियो audio=ऑडियो photo=फ़ोटो"
    " image=इमेज digital=डिजिटल technology=टेक्नोलॉजी tech=टेक robot=रोबोट cloud=क्लाउड code=कोड coding=कोडिंग"
    " program=प्रोग्राम programming=प्रोग्रामिंग python=पाइथन java=जावा javascript=जावास्क्रिप्ट linux=लिनक्स"
    " support=सपोर्ट example=एग्ज़ाम्पल config=कॉन्फ़िग json=जेसन yaml=यैमल report=रिपोर्ट windows=विंडोज़"
    " android=एंड्रॉइड iphone=आईफ़ोन ipad=आईपैड ios=आईओएस mac=मैक macbook=मैकबुक chip=चिप"
    " battery=बैटरी charger=चार्जर cable=केबल model=मॉडल version=वर्ज़न system=सिस्टम block=ब्लॉक blog=ब्लॉग"
    " podcast=पॉडकास्ट channel=चैनल subscribe=सब्सक्राइब like=लाइक share=शेयर comment=कमेंट post=पोस्ट story=स्टोरी"
    " reel=रील reels=रील्स message=मैसेज chat=चैट call=कॉल group=ग्रुप profile=प्रोफ़ाइल account=अकाउंट search=सर्च"
    " browser=ब्राउज़र chrome=क्रोम hacker=हैकर virus=वायरस machine=मशीन learning=लर्निंग artificial=आर्टिफ़िशियल"
    " intelligence=इंटेलिजेंस"
)
_BRANDS = _pairs(
    "google=गूगल facebook=फ़ेसबुक whatsapp=व्हाट्सऐप youtube=यूट्यूब twitter=ट्विटर instagram=इंस्टाग्राम"
    " telegram=टेलीग्राम snapchat=स्नैपचैट linkedin=लिंक्डइन netflix=नेटफ़्लिक्स amazon=अमेज़न flipkart=फ़्लिपकार्ट"
    " microsoft=माइक्रोसॉफ़्ट apple=ऐपल samsung=सैमसंग nokia=नोकिया xiaomi=शाओमी oppo=ओप्पो vivo=वीवो oneplus=वनप्लस"
    " motorola=मोटोरोला sony=सोनी intel=इंटेल nvidia=एनवीडिया tesla=टेस्ला toyota=टोयोटा honda=होंडा hyundai=हुंडई"
    " suzuki=सुज़ुकी maruti=मारुति tata=टाटा mahindra=महिंद्रा bajaj=बजाज hero=हीरो reliance=रिलायंस jio=जियो"
    " airtel=एयरटेल vodafone=वोडाफ़ोन infosys=इन्फ़ोसिस wipro=विप्रो adani=अडानी ambani=अंबानी paytm=पेटीएम"
    " phonepe=फ़ोनपे uber=उबर ola=ओला zomato=ज़ोमैटो swiggy=स्विगी openai=ओपनएआई chatgpt=चैटजीपीटी gemini=जेमिनी"
    " claude=क्लॉड github=गिटहब zoom=ज़ूम skype=स्काइप gmail=जीमेल hotstar=हॉटस्टार disney=डिज़्नी nike=नाइकी"
    " adidas=एडिडास pepsi=पेप्सी coca=कोका cola=कोला nestle=नेस्ले maggi=मैगी amul=अमूल bmw=बीएमडब्ल्यू audi=ऑडी"
    " boeing=बोइंग airbus=एयरबस indigo=इंडिगो spacex=स्पेसएक्स nasa=नासा isro=इसरो unesco=यूनेस्को unicef=यूनिसेफ़"
    " nato=नाटो saarc=सार्क brics=ब्रिक्स opec=ओपेक covid=कोविड aids=एड्स pan=पैन sim=सिम atm=एटीएम aadhaar=आधार"
    " aiims=एम्स niti=नीति"
)
_PLACES = _pairs(
    "india=इंडिया delhi=दिल्ली mumbai=मुंबई kolkata=कोलकाता chennai=चेन्नई bangalore=बेंगलुरु bengaluru=बेंगलुरु"
    " hyderabad=हैदराबाद pune=पुणे jaipur=जयपुर lucknow=लखनऊ kanpur=कानपुर patna=पटना bhopal=भोपाल indore=इंदौर"
    " agra=आगरा varanasi=वाराणसी gurgaon=गुड़गाँव gurugram=गुरुग्राम noida=नोएडा goa=गोवा punjab=पंजाब bihar=बिहार"
    " gujarat=गुजरात rajasthan=राजस्थान kerala=केरल assam=असम america=अमेरिका usa=यूएसए china=चीन japan=जापान"
    " russia=रूस france=फ़्रांस germany=जर्मनी italy=इटली spain=स्पेन england=इंग्लैंड london=लंदन paris=पेरिस"
    " york=यॉर्क tokyo=टोक्यो beijing=बीजिंग moscow=मॉस्को dubai=दुबई nepal=नेपाल pakistan=पाकिस्तान"
    " australia=ऑस्ट्रेलिया canada=कनाडा africa=अफ़्रीका europe=यूरोप asia=एशिया ganga=गंगा yamuna=यमुना"
    " rahul=राहुल gandhi=गांधी modi=मोदी narendra=नरेंद्र amit=अमित shah=शाह priya=प्रिया sharma=शर्मा singh=सिंह"
    " kumar=कुमार verma=वर्मा gupta=गुप्ता sachin=सचिन virat=विराट kohli=कोहली rohit=रोहित khan=ख़ान raj=राज ram=राम"
    " sita=सीता krishna=कृष्ण john=जॉन david=डेविड michael=माइकल peter=पीटर mary=मैरी james=जेम्स george=जॉर्ज"
    " robert=रॉबर्ट donald=डोनाल्ड trump=ट्रंप biden=बाइडन putin=पुतिन elon=एलन musk=मस्क steve=स्टीव jobs=जॉब्स"
    " bill=बिल gates=गेट्स"
)
_SCHOOL_AND_WORK = _pairs(
    "school=स्कूल college=कॉलेज university=यूनिवर्सिटी class=क्लास teacher=टीचर student=स्टूडेंट exam=एग्ज़ाम"
    " test=टेस्ट result=रिज़ल्ट course=कोर्स book=बुक notebook=नोटबुक library=लाइब्रेरी science=साइंस maths=मैथ्स"
    " english=इंग्लिश hindi=हिंदी office=ऑफ़िस company=कंपनी manager=मैनेजर meeting=मीटिंग project=प्रोजेक्ट team=टीम"
    " job=जॉब work=वर्क business=बिज़नेस market=मार्केट marketing=मार्केटिंग startup=स्टार्टअप bank=बैंक loan=लोन"
    " credit=क्रेडिट debit=डेबिट card=कार्ड cash=कैश payment=पेमेंट price=प्राइस offer=ऑफ़र sale=सेल"
    " discount=डिस्काउंट"
    " bill=बिल tax=टैक्स budget=बजट share=शेयर stock=स्टॉक fund=फ़ंड report=रिपोर्ट form=फ़ॉर्म number=नंबर code=कोड"
    " center=सेंटर centre=सेंटर limited=लिमिटेड private=प्राइवेट public=पब्लिक service=सर्विस services=सर्विसेज़"
    " police=पुलिस court=कोर्ट judge=जज minister=मिनिस्टर party=पार्टी vote=वोट election=इलेक्शन congress=कांग्रेस"
    " government=गवर्नमेंट committee=कमेटी director=डायरेक्टर doctor=डॉक्टर engineer=इंजीनियर officer=ऑफ़िसर"
    " nurse=नर्स hospital=हॉस्पिटल medical=मेडिकल vaccine=वैक्सीन medicine=मेडिसिन cancer=कैंसर operation=ऑपरेशन"
    " interview=इंटरव्यू resume=रिज़्यूमे training=ट्रेनिंग management=मैनेजमेंट department=डिपार्टमेंट"
    " international=इंटरनेशनल national=नेशनल world=वर्ल्ड global=ग्लोबल general=जनरल special=स्पेशल"
)
_DAILY = _pairs(
    "the=द an=ऐन and=ऐंड of=ऑफ़ in=इन on=ऑन to=टू for=फ़ॉर is=इज़ are=आर you=यू we=वी my=माई your=योर it=इट"
    " this=दिस that=दैट with=विद from=फ़्रॉम by=बाय at=ऐट no=नो yes=यस ok=ओके okay=ओके hello=हैलो hi=हाय bye=बाय"
    " please=प्लीज़ sorry=सॉरी thank=थैंक thanks=थैंक्स good=गुड morning=मॉर्निंग evening=ईवनिंग night=नाइट new=न्यू"
    " old=ओल्ड big=बिग small=स्मॉल happy=हैप्पी birthday=बर्थडे best=बेस्ट free=फ़्री full=फ़ुल time=टाइम"
    " day=डे week=वीक"
    " month=मंथ year=ईयर today=टुडे live=लाइव news=न्यूज़ breaking=ब्रेकिंग tv=टीवी radio=रेडियो film=फ़िल्म"
    " movie=मूवी"
    " music=म्यूज़िक song=सॉन्ग dance=डांस star=स्टार hero=हीरो cricket=क्रिकेट football=फ़ुटबॉल hockey=हॉकी match=मैच"
    " team=टीम goal=गोल run=रन out=आउट win=विन cup=कप world=वर्ल्ड league=लीग player=प्लेयर coach=कोच game=गेम"
    " games=गेम्स olympic=ओलंपिक olympics=ओलंपिक्स gold=गोल्ड medal=मेडल bus=बस car=कार taxi=टैक्सी train=ट्रेन"
    " metro=मेट्रो"
    " station=स्टेशन airport=एयरपोर्ट flight=फ़्लाइट ticket=टिकट road=रोड street=स्ट्रीट highway=हाईवे park=पार्क"
    " hotel=होटल restaurant=रेस्टोरेंट cafe=कैफ़े coffee=कॉफ़ी tea=टी pizza=पिज़्ज़ा burger=बर्गर cake=केक"
    " chocolate=चॉकलेट"
    " water=वॉटर milk=मिल्क food=फ़ूड menu=मेन्यू order=ऑर्डर shop=शॉप shopping=शॉपिंग mall=मॉल store=स्टोर size=साइज़"
    " color=कलर colour=कलर red=रेड blue=ब्लू green=ग्रीन black=ब्लैक white=व्हाइट house=हाउस home=होम room=रूम"
    ""
    " table=टेबल chair=चेयर fan=फ़ैन light=लाइट power=पावर gas=गैस petrol=पेट्रोल diesel=डीज़ल oil=ऑयल machine=मशीन"
    " family=फ़ैमिली father=फ़ादर mother=मदर brother=ब्रदर sister=सिस्टर friend=फ़्रेंड friends=फ़्रेंड्स"
    " love=लव life=लाइफ़"
    " man=मैन woman=वुमन boy=बॉय girl=गर्ल baby=बेबी sir=सर madam=मैडम mr=मिस्टर mrs=मिसेज़ dr=डॉक्टर prof=प्रोफ़ेसर"
    " yoga=योगा gym=जिम health=हेल्थ fitness=फ़िटनेस weather=वेदर climate=क्लाइमेट change=चेंज earth=अर्थ space=स्पेस"
    " moon=मून sun=सन mission=मिशन rocket=रॉकेट satellite=सैटेलाइट energy=एनर्जी solar=सोलर nuclear=न्यूक्लियर"
    " one=वन two=टू three=थ्री four=फ़ोर five=फ़ाइव six=सिक्स seven=सेवन eight=एट nine=नाइन ten=टेन first=फ़र्स्ट"
    " second=सेकंड third=थर्ड last=लास्ट next=नेक्स्ट start=स्टार्ट stop=स्टॉप open=ओपन close=क्लोज़ start=स्टार्ट"
    " end=एंड part=पार्ट top=टॉप plus=प्लस pro=प्रो max=मैक्स mini=मिनी ultra=अल्ट्रा air=एयर note=नोट series=सीरीज़"
    " edition=एडिशन super=सुपर smart=स्मार्ट fast=फ़ास्ट charging=चार्जिंग design=डिज़ाइन style=स्टाइल fashion=फ़ैशन"
    " art=आर्ट show=शो event=इवेंट festival=फ़ेस्टिवल award=अवॉर्ड awards=अवॉर्ड्स king=किंग queen=क्वीन prime=प्राइम"
    " box=बॉक्स office=ऑफ़िस media=मीडिया social=सोशल press=प्रेस release=रिलीज़ trailer=ट्रेलर review=रिव्यू"
    " mcdonalds=मैकडॉनल्ड्स vs=बनाम etc=वग़ैरह com=कॉम www=डब्ल्यू-डब्ल्यू-डब्ल्यू http=एचटीटीपी pm=पीएम am=एएम"
    " id=आईडी tiktok=टिकटॉक war=वॉर million=मिलियन billion=बिलियन trillion=ट्रिलियन thousand=थाउज़ेंड"
    " crore=करोड़ lakh=लाख january=जनवरी february=फ़रवरी march=मार्च april=अप्रैल june=जून july=जुलाई august=अगस्त"
    " september=सितंबर october=अक्टूबर november=नवंबर december=दिसंबर jan=जनवरी feb=फ़रवरी aug=अगस्त sept=सितंबर oct=अक्टूबर"
    " nov=नवंबर dec=दिसंबर monday=मंडे tuesday=ट्यूज़डे wednesday=वेडनेसडे thursday=थर्सडे friday=फ़्राइडे saturday=सैटरडे"
    " sunday=संडे"
)

_CHAT = _pairs(
    "may=मई smt=श्रीमती gud=गुड mrng=मॉर्निंग"
    " address=एड्रेस delivery=डिलीवरी copy=कॉपी minute=मिनट minutes=मिनट paste=पेस्ट homework=होमवर्क"
    " notes=नोट्स confirm=कन्फ़र्म platform=प्लेटफ़ॉर्म salary=सैलरी lunch=लंच dinner=डिनर"
    " breakfast=ब्रेकफ़ास्ट refund=रिफ़ंड recharge=रिचार्ज tension=टेंशन cancel=कैंसल booking=बुकिंग boss=बॉस"
    " glass=ग्लास counter=काउंटर boring=बोरिंग gift=गिफ़्ट money=मनी problem=प्रॉब्लम solution=सॉल्यूशन"
    " help=हेल्प welcome=वेलकम late=लेट early=अर्ली tomorrow=टुमॉरो weekend=वीकेंड left=लेफ़्ट right=राइट"
    " traffic=ट्रैफ़िक signal=सिग्नल bike=बाइक auto=ऑटो driver=ड्राइवर fridge=फ़्रिज ac=एसी kitchen=किचन"
    " bathroom=बाथरूम bag=बैग bottle=बॉटल ice=आइस cream=क्रीम sandwich=सैंडविच dress=ड्रेस shirt=शर्ट"
    " shoes=शूज़ uncle=अंकल aunty=आंटी mam=मैम case=केस paper=पेपर pen=पेन pencil=पेंसिल practice=प्रैक्टिस"
    " history=हिस्ट्री fit=फ़िट finish=फ़िनिश ready=रेडी busy=बिज़ी simple=सिंपल easy=ईज़ी hard=हार्ड"
    " slow=स्लो half=हाफ़ single=सिंगल double=डबल rate=रेट quality=क्वालिटी guarantee=गारंटी warranty=वारंटी"
    " customer=कस्टमर care=केयर complaint=कंप्लेंट request=रिक्वेस्ट document=डॉक्यूमेंट signature=सिग्नेचर"
    " plan=प्लान idea=आइडिया feel=फ़ील feeling=फ़ीलिंग mood=मूड dream=ड्रीम control=कंट्रोल tube=ट्यूब"
    " switch=स्विच button=बटन mute=म्यूट volume=वॉल्यूम"
)
LOANS: Final[Mapping[str, str]] = _COMPUTERS | _BRANDS | _PLACES | _SCHOOL_AND_WORK | _DAILY | _CHAT
"""Latin words in lower case, and their spelling in Devanagari."""

LETTERS: Final[Mapping[str, str]] = _pairs(
    "a=ए b=बी c=सी d=डी e=ई f=एफ़ g=जी h=एच i=आई j=जे k=के l=एल m=एम n=एन o=ओ p=पी q=क्यू r=आर s=एस t=टी u=यू"
    " v=वी w=डब्ल्यू x=एक्स y=वाई z=ज़ेड"
)
"""The names of the letters."""

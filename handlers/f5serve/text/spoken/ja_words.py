"""How Japanese reads Latin names, units and signs, as data.

Names are the katakana their owners use in Japan, and stand here only where pyopenjtalk's dictionary would
spell them letter by letter. Written from general knowledge for this project.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in text.split())


NAMES: Final[Mapping[str, str]] = _pairs(
    "wifi=ワイファイ wi-fi=ワイファイ bluetooth=ブルートゥース github=ギットハブ gitlab=ギットラボ git=ギット"
    " docker=ドッカー python=パイソン java=ジャバ javascript=ジャバスクリプト typescript=タイプスクリプト"
    " kubernetes=クバネティス ubuntu=ウブントゥ debian=デビアン redhat=レッドハット nginx=エンジンエックス"
    " mysql=マイエスキューエル postgresql=ポストグレスキューエル excel=エクセル powerpoint=パワーポイント"
    " outlook=アウトルック onedrive=ワンドライブ slack=スラック notion=ノーション figma=フィグマ"
    " claude=クロード anthropic=アンソロピック gemini=ジェミニ copilot=コパイロット nvidia=エヌビディア"
    " intel=インテル qualcomm=クアルコム samsung=サムスン huawei=ファーウェイ xiaomi=シャオミ tesla=テスラ"
    " spacex=スペースエックス uber=ウーバー airbnb=エアビーアンドビー spotify=スポティファイ tiktok=ティックトック"
    " instagram=インスタグラム whatsapp=ワッツアップ discord=ディスコード reddit=レディット linkedin=リンクトイン"
    " paypal=ペイパル ebay=イーベイ rakuten=ラクテン mercari=メルカリ paypay=ペイペイ toyota=トヨタ honda=ホンダ"
    " nissan=ニッサン mazda=マツダ subaru=スバル suzuki=スズキ lexus=レクサス porsche=ポルシェ volvo=ボルボ"
    " renault=ルノー peugeot=プジョー citroen=シトロエン hyundai=ヒョンデ nintendo=ニンテンドー sega=セガ"
    " capcom=カプコン konami=コナミ playstation=プレイステーション xbox=エックスボックス uniqlo=ユニクロ"
    " starbucks=スターバックス mcdonald=マクドナルド mcdonalds=マクドナルド seven=セブン eleven=イレブン"
    " ikea=イケア nike=ナイキ adidas=アディダス gucci=グッチ chanel=シャネル louis=ルイ vuitton=ヴィトン"
    " tokyo=トウキョウ kyoto=キョウト osaka=オオサカ kobe=コウベ kyushu=キュウシュウ hokkaido=ホッカイドウ"
    " paris=パリ london=ロンドン berlin=ベルリン newyork=ニューヨーク cafe=カフェ pokemon=ポケモン"
    " ousaka=オオサカ ok=オーケー app=アプリ email=イーメール ram=ラム rom=ロム pdf=ピーディーエフ"
    " online=オンライン offline=オフライン chat=チャット"
)
"""Latin names, in lower case and without accents."""

CURRENCIES: Final[Mapping[str, str]] = {
    "¥": "円",
    "$": "ドル",
    "€": "ユーロ",
    "£": "ポンド",
    "₩": "ウォン",
    "₹": "ルピー",
    "₽": "ルーブル",
    "฿": "バーツ",
}

CODES: Final[Mapping[str, str]] = _pairs(
    "JPY=円 USD=ドル EUR=ユーロ GBP=ポンド CNY=人民元 KRW=ウォン INR=ルピー RUB=ルーブル CHF=スイスフラン"
    " AUD=オーストラリアドル CAD=カナダドル HKD=香港ドル"
)
"""Codes of currencies, before or after the sum."""

MONEY: Final[Mapping[str, str]] = {**CURRENCIES, **CODES}

THOUSANDS: Final[Mapping[str, int]] = {
    "K": 10**3,
    "k": 10**3,
    "thousand": 10**3,
    "M": 10**6,
    "million": 10**6,
    "B": 10**9,
    "bn": 10**9,
    "billion": 10**9,
    "T": 10**12,
    "trillion": 10**12,
}
"""What English writes after a sum."""

ERAS: Final[Mapping[str, str]] = _pairs("R=令和 H=平成 S=昭和 T=大正 M=明治")
"""The letter before a year."""

TITLES: Final[Mapping[str, str]] = _pairs(
    "Mr=ミスター Mrs=ミセス Ms=ミズ Dr=ドクター Prof=プロフェッサー St=セント"
)
"""Before a name in Latin letters."""

ORDINALS: Final[Mapping[str, str]] = _pairs(
    "1=ファースト 2=セカンド 3=サード 4=フォース 5=フィフス 6=シックスス 7=セブンス 8=エイス 9=ナインス 10=テンス"
)
"""1st, 2nd and so on, as Japanese borrows them."""

UNITS: Final[Mapping[str, str]] = _pairs(
    "℃=度 °C=度 °F=度 °=度 ㎡=平方メートル m²=平方メートル m2=平方メートル km²=平方キロメートル"
    " km2=平方キロメートル cm²=平方センチメートル cm2=平方センチメートル m³=立方メートル m3=立方メートル"
    " cm3=立方センチメートル mm2=平方ミリメートル g/m2=グラム毎平方メートル"
    " L=リットル l=リットル dl=デシリットル dL=デシリットル t=トン ha=ヘクタール kW=キロワット kWh=キロワット時"
    " MW=メガワット hPa=ヘクトパスカル Hz=ヘルツ kHz=キロヘルツ MHz=メガヘルツ GHz=ギガヘルツ dB=デシベル"
    " KB=キロバイト MB=メガバイト GB=ギガバイト TB=テラバイト kcal=キロカロリー cal=カロリー V=ボルト A=アンペア"
    " mAh=ミリアンペア時 mmHg=ミリメートルエイチジー bps=ビーピーエス Mbps=メガビーピーエス"
    " Gbps=ギガビーピーエス pt=ポイント h=時間"
    " min=分 km=キロメートル m=メートル cm=センチメートル mm=ミリメートル kg=キログラム g=グラム mg=ミリグラム"
    " ml=ミリリットル mL=ミリリットル %=パーセント ‰=パーミル"
)
"""Units after a number."""

SPEEDS: Final[Mapping[str, str]] = {
    "km/h": "時速{}キロ",
    "m/s": "秒速{}メートル",
    "km/s": "秒速{}キロ",
    "m/min": "分速{}メートル",
    "mph": "時速{}マイル",
}
"""Units that Japanese says around the number."""

SIGNS: Final[Mapping[str, str]] = {
    "&": "アンド",
    "+": "プラス",
    "=": "イコール",
    "×": "かける",
    "÷": "わる",
    "±": "プラスマイナス",
    "≠": "ノットイコール",
    "≒": "ニアリーイコール",
    "≈": "ニアリーイコール",
    "≦": "しょうなりイコール",
    "≤": "しょうなりイコール",
    "≧": "だいなりイコール",
    "≥": "だいなりイコール",
    "√": "ルート",
    "∞": "むげんだい",
    "%": "パーセント",
    "@": "アット",
    "#": "シャープ",
    "°": "度",
    "℃": "度",
    "〒": "ゆうびんばんごう",
    "§": "セクション",
    "€": "ユーロ",
    "$": "ドル",
    "£": "ポンド",
    "¥": "円",
    "‰": "パーミル",
}
"""Signs that stand alone."""

GREEK: Final[Mapping[str, str]] = _pairs(
    "α=アルファ β=ベータ γ=ガンマ δ=デルタ ε=イプシロン ζ=ゼータ η=イータ θ=シータ ι=イオタ κ=カッパ λ=ラムダ"
    " μ=ミュー"
    " ν=ニュー ξ=クサイ ο=オミクロン π=パイ ρ=ロー σ=シグマ ς=シグマ τ=タウ υ=ウプシロン φ=ファイ χ=カイ ψ=プサイ"
    " ω=オメガ"
)
"""The names of Greek letters."""

DIGITS: Final = ("ゼロ", "いち", "に", "さん", "よん", "ご", "ろく", "なな", "はち", "きゅう")
"""Digits told one by one."""

"""What Mandarin says for units, money and signs, and which words are counted, as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in text.split())


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


UNITS: Final[Mapping[str, str]] = _pairs(
    "℃=摄氏度 °C=摄氏度 ℉=华氏度 °F=华氏度 °=度 km=公里 m=米 cm=厘米 mm=毫米 μm=微米 nm=纳米 dm=分米"
    " km²=平方公里 km2=平方公里 m²=平方米 m2=平方米 ㎡=平方米 cm²=平方厘米 m³=立方米 m3=立方米 cm³=立方厘米"
    " kg=公斤 KG=公斤 Kg=公斤 g=克 mg=毫克 μg=微克 t=吨 L=升 l=升 ml=毫升 mL=毫升 ha=公顷 kW=千瓦 MW=兆瓦"
    " kWh=千瓦时 W=瓦 V=伏 mAh=毫安时 Hz=赫兹 kHz=千赫兹 MHz=兆赫兹 GHz=吉赫兹 dB=分贝 kcal=千卡 kJ=千焦"
    " Pa=帕 kPa=千帕 hPa=百帕 MPa=兆帕 min=分钟 h=小时 s=秒 ms=毫秒 rpm=转每分钟 px=像素 mph=英里每小时"
    " km/h=公里每小时 m/s=米每秒 km/s=公里每秒 g/cm³=克每立方厘米 mg/L=毫克每升 Mbps=兆比特每秒"
    " mmHg=毫米汞柱 mm2=平方毫米 mm²=平方毫米 cm2=平方厘米 cm3=立方厘米 mm³=立方毫米 dm²=平方分米 dm³=立方分米"
    " m/s²=米每平方秒"
    " g/m²=克每平方米 kg/m²=公斤每平方米 g/m³=克每立方米 kg/m³=公斤每立方米 μg/m³=微克每立方米 mg/m³=毫克每立方米"
    " mmol/L=毫摩尔每升 度=度"
)
"""Units after a number."""

CURRENCIES: Final[Mapping[str, str]] = {
    "¥": "元",
    "$": "美元",
    "US$": "美元",
    "HK$": "港元",
    "NT$": "新台币",
    "€": "欧元",
    "£": "英镑",
    "₩": "韩元",
    "₽": "卢布",
    "₹": "卢比",
    "฿": "泰铢",
    "A$": "澳元",
    "C$": "加元",
    "S$": "新加坡元",
    "円": "日元",
    "RMB": "元",
    "CNY": "元",
    "USD": "美元",
    "EUR": "欧元",
    "GBP": "英镑",
    "JPY": "日元",
    "HKD": "港元",
    "TWD": "新台币",
    "KRW": "韩元",
    "RUB": "卢布",
    "INR": "卢比",
}

YEAR_BEFORE: Final = _words(
    "在 于 自 从 至 截至 截止 生于 年份 年份是 年份为 年份： 回顾 展望 告别 迎接 喜迎 再见 你好 走过 相约 公元 始于"
)
"""What a year without 年 follows."""

YEAR_AFTER: Final = _words(
    "届 款 赛季 奥运 世界杯 欧洲杯 亚运 世博 春季 夏季 秋季 冬季 春夏 秋冬 级 财年 学年 新年 跨年 元旦 版 第一季度"
    " 第二季度 第三季度 第四季度 上半年 下半年 开始 出生 毕业 成立 入学 上市"
)
"""What follows a year without 年."""

THOUSANDS: Final[Mapping[str, int]] = {
    "k": 10**3,
    "K": 10**3,
    "thousand": 10**3,
    "w": 10**4,
    "m": 10**6,
    "M": 10**6,
    "mn": 10**6,
    "million": 10**6,
    "B": 10**9,
    "bn": 10**9,
    "billion": 10**9,
    "T": 10**12,
    "trillion": 10**12,
}
"""What English writes after a sum."""

SIGNS: Final[Mapping[str, str]] = {
    "&": "和",
    "+": "加",
    "=": "等于",
    "×": "乘",
    "÷": "除以",
    "±": "正负",
    "≈": "约等于",
    "≠": "不等于",
    "≤": "小于等于",
    "≥": "大于等于",
    "≦": "小于等于",
    "≧": "大于等于",
    "√": "根号",
    "∞": "无穷大",
    "%": "百分号",
    "‰": "千分号",
    "℃": "摄氏度",
    "°": "度",
    "@": "艾特",
    "€": "欧元",
    "$": "美元",
    "£": "英镑",
    "¥": "元",
}
"""Signs that stand alone."""

MEASURES: Final = _words(
    "个 只 条 张 位 本 件 台 辆 次 天 年 周 小时 分钟 秒 点 名 岁 倍 元 块 角 美元 欧元 英镑 港元 韩元 人 家 座 杯"
    " 瓶 碗 双 对 套 种 项 部 首 篇 封 枚 颗 粒 头 匹 把 间 所 门 面 份 盒 包 箱 袋 场 遍 句 段 页 行 排 幅 节 起 批"
    " 群 组 支 根 棵 朵 片 滴 串 艘 架 栋 幢 处 笔 股 顿 趟 口 斤 两 公斤 千克 克 吨 米 厘米 毫米 公里 千米 里 升 毫升"
    " 平方 立方 摄氏度 度 亩 公顷 寸 尺 英里 英尺 英寸 瓦 千瓦 伏 分 分贝 像素 刻钟 星期 礼拜 夜 晚 国 者 兆 赫兹"
)
"""Measure words and units: two of them are 两, not 二."""

LABELS: Final = _words(
    "电话 手机 号码 热线 拨打 致电 传真 编号 单号 学号 工号 账号 帐号 卡号 证号 邮编 邮政编码 验证码 密码 车牌"
    " 航班 房间 身份证 门牌 尾号 代码 序列号 区号 分机 QQ qq 微信 客服 群号"
)
"""What follows them is told digit by digit."""

PLATES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
"""The first character of a number plate."""

SCORES: Final = (
    "比分",
    "战胜",
    "击败",
    "战平",
    "大胜",
    "险胜",
    "惨败",
    "负于",
    "领先",
    "落后",
    "以",
)
"""A colon after them is that of a score."""

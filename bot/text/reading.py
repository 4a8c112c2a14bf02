"""Reading what people type: one normal form for matching, and small talk told from matters.

Only for matching: what a person wrote is stored and shown unchanged. Traditional characters become
simplified, full-width becomes half-width, invisible characters go. Pure functions, no sentence.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

import opencc

LONGEST = 20_000  # characters looked at; WeChat ends at 2,048 bytes, SMS and voice long before

# The text WeChat's server puts in place of a kind it does not forward (seen 2026; edge of the API).
_PLACEHOLDER = re.compile(r"^[\[【]?(?:收到)?(?:不支持的消息类型|unsupported message).{0,20}[\]】]?$")
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}
_JOINERS = {0x200D, 0xFE0F, 0xFE0E, 0x20E3}

# WeChat sends its own faces as words in brackets or as ASCII codes such as /::) and /:strong.
_FACE_NAMES = (
    "微笑|撇嘴|色|发呆|得意|流泪|害羞|闭嘴|睡|大哭|尴尬|发怒|调皮|呲牙|惊讶|难过|酷|囧|冷汗|抓狂|吐|偷笑|愉快|可爱|白眼|傲慢|饥饿|困|"
    "惊恐|流汗|憨笑|大兵|悠闲|奋斗|咒骂|疑问|嘘|晕|折磨|衰|骷髅|敲打|再见|擦汗|抠鼻|鼓掌|坏笑|哼|左哼哼|右哼哼|哈欠|鄙视|委屈|快哭了|"
    "阴险|亲亲|吓|可怜|笑脸|生病|脸红|破涕为笑|恐惧|失望|无语|嘿哈|捂脸|奸笑|机智|皱眉|耶|吃瓜|加油|汗|天啊|emm|社会社会|旺柴|好的|"
    "打脸|哇|翻白眼|666|让我看看|叹气|苦涩|裂开|嘴唇|爱心|心碎|拥抱|强|弱|握手|胜利|抱拳|勾引|拳头|差劲|爱你|no|ok|合十|啤酒|咖啡|"
    "蛋糕|玫瑰|凋谢|菜刀|炸弹|便便|月亮|太阳|庆祝|礼物|红包|发|福|烟花|爆竹|猪头|跳跳|发抖|转圈"
)
_FACES = re.compile(rf"\[(?:{_FACE_NAMES})\]|/:[:a-z0-9,@!<>()\-+~|$?&*';\\]{{1,8}}")
_THANKS_FACES = re.compile(r"\[(?:ok|好的|强|合十|抱拳|玫瑰|握手|爱心|鼓掌)\]|/:(?:ok|strong|rose)|[👌👍🙏🌹🤝👏❤💐]")

_PUNCTUATION = " \t\r\n,.!?;:~。、…·—-_^*'\"`“”‘’()[]{}<>《》【】「」『』|/\\+=&%$#@"
_SMALL_TALK = 24  # characters; longer is no small talk, and the patterns below would crawl
_GREETING = re.compile(
    r"(?:(?:你好|您好|你们好|大家好|领导好|老师好|早上好|上午好|中午好|下午好|晚上好|早安|晚安|早|哈喽|哈罗|嗨|嘿|喂|"
    r"hello|hi|hey|hallo|nihao|ni hao|在吗|在么|在嘛|在不|在不在|在线吗|在线么|有人吗|有人么|有人没|有人在吗"
    r"|有人在么|有没有人|"
    r"人呢|请问|打扰了|打扰一下|问一下|我想咨询一下|想咨询一下|咨询一下|我想咨询|我要咨询|想问一下|工作人员|客服"
    r"|领导|同志|亲|吗|啊|呀|呢|吧|了)[ ,.!?~。、…]*)+",
)
_THANKS = re.compile(
    r"(?:(?:谢谢|多谢|感谢|谢了|谢啦|非常感谢|十分感谢|太感谢了|辛苦了|辛苦|麻烦了|麻烦你们了|麻烦您了|好的|好|好滴|好哒|好吧|行|行吧|可以|"
    r"收到|知道了|知道|明白了|明白|了解|了解了|没事了|没问题|不客气|嗯|恩|哦|噢|喔|ok|okay|okk|k|thanks|thank you|thx|"
    r"你们|您|你|大家|领导|老师|工作人员|啦|了|的|呀|啊|哈|呢|再见|拜拜|bye|嘞|咯)[ ,.!?~。、…]*)+",
)
_GREETING_CORE = re.compile(
    r"好|hello|hi|hey|hallo|nihao|ni hao|在|有人|人呢|喂|嗨|嘿|哈|早|安|请问|打扰|咨询|问|客服|工作人员"
)
_THANKS_CORE = re.compile(
    r"谢|辛苦|麻烦|好|行|可以|收到|知道|明白|了解|没事|没问题|不客气|嗯|恩|哦|噢|喔|ok|^k$|thank|thx|再见|拜拜|bye|^哈"
)
_NOISE = re.compile(r"(?:test(?:ing)?|测试|测试一下|测试信息|试试|试一下|试一试|asdf\w*|qwer\w*|abc|\d{1,5}|[a-z])")
_AUTOMATIC = re.compile(
    r"^(?:[\[【(]?自动回复[\]】)]?[::,]?\s*\S|auto-?\s?reply\b|automatic reply\b|out of office\b"
    r"|(?:您好[,!。 ]*)?(?:抱歉[,。 ]*)?我(?:现在|正在|在|正)?(?:开会|开车|忙|不在|有事不在|不方便接听电话|不方便)"
    r"(?:中|呢)?[,。.! ]*(?:(?:请|一会|稍后|待会|有事请|我)?.{0,12}(?:回复|联系|留言|回电|回您|回你|再说"
    r"|电话).{0,8})?$)",
)

_DIGITS = {**dict(zip("零一二三四五六七八九", range(10), strict=True)), "〇": 0, "○": 0, "幺": 1, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10000}


@cache
def _simplifier() -> opencc.OpenCC:
    """The converter from traditional to simplified characters. It is loaded at the first traditional word,
    because its dictionaries take a moment.
    """
    return opencc.OpenCC("t2s")


@lru_cache(maxsize=2048)
def normalise(text: str) -> str:
    """The form used for matching: NFKC, lower case, simplified, visible characters only, single spaces."""
    plain = unicodedata.normalize("NFKC", text[:LONGEST]).lower()
    if not plain.isascii():
        plain = _simplifier().convert(_visible(plain))
    return " ".join(_visible(plain).split())


def _visible(text: str) -> str:
    """The text with line ends and tabs as spaces and without zero-width, right-to-left and control characters."""
    if text.isprintable():  # nearly every text; saves 40 µs for each message that comes in
        return text
    return "".join(
        " " if char.isspace() else char
        for char in text
        if char.isspace() or unicodedata.category(char) not in _INVISIBLE
    )


def bare(text: str) -> str:
    """Normalised and without the punctuation around it: ``Stop.`` -> ``stop``."""
    return normalise(text).strip(_PUNCTUATION)


def is_blank(text: str) -> bool:
    """Whether there is nothing to read: an empty text, spaces, invisible characters."""
    return not normalise(text)


def is_placeholder(text: str) -> bool:
    """Whether the text is the sentence WeChat puts in the place of a message it does not forward."""
    return _PLACEHOLDER.fullmatch(normalise(text)) is not None


def is_only_emoji(text: str) -> bool:
    """Whether there is nothing but emoji, WeChat faces, spaces and punctuation."""
    plain = normalise(text)
    rest = _FACES.sub("", plain).strip(_PUNCTUATION)
    drawn = bool(rest) or _FACES.search(plain) is not None
    return drawn and all(_is_drawn(char) for char in rest if not char.isspace())


def _is_drawn(char: str) -> bool:
    code = ord(char)
    return unicodedata.category(char) in {"So", "Sk", "Mn", "Me"} or code in _JOINERS or 0x1F000 <= code <= 0x1FAFF


@lru_cache(maxsize=512)
def _spoken(text: str) -> str:
    """The text without faces and emoji."""
    plain = _FACES.sub("", normalise(text))
    return "".join(char for char in plain if not _is_drawn(char)).strip(_PUNCTUATION)


def is_greeting(text: str) -> bool:
    """Whether there is only a greeting or an "is anybody there", which opens no inquiry yet."""
    return _consists_of(_spoken(text), _GREETING, _GREETING_CORE)


def _consists_of(words: str, pattern: re.Pattern[str], core: re.Pattern[str]) -> bool:
    """Whether the text consists of these words only, at least one of them more than a particle."""
    return len(words) <= _SMALL_TALK and bool(pattern.fullmatch(words) and core.search(words))


def is_thanks(text: str) -> bool:
    """Whether there is only thanks or "understood", in words or as emoji."""
    words = _spoken(text)
    if not words:
        return is_only_emoji(text) and _THANKS_FACES.search(normalise(text)) is not None
    return _consists_of(words, _THANKS, _THANKS_CORE) and not is_greeting(text)


def is_noise(text: str) -> bool:
    """Whether somebody only tries the line: one character again and again, punctuation, ``test``, a single digit."""
    plain = normalise(text).replace(" ", "")
    core = plain.strip(_PUNCTUATION)
    if not plain or is_greeting(text) or is_thanks(text) or is_only_emoji(text):
        return False
    return not core or (len(core) > 2 and len(set(core)) == 1) or _NOISE.fullmatch(core) is not None


def is_automatic(text: str) -> bool:
    """Whether the text is an automatic answer of a machine or a phone ("I am in a meeting"). Answering it would
    start a loop.
    """
    return _AUTOMATIC.match(normalise(text)) is not None


def chinese_number(text: str) -> int | None:
    """The value of a Chinese numeral: ``四十二`` is 42, ``一零二四`` is 1024, ``一千零二十四`` is 1024; None for
    anything else.
    """
    if not text or any(char not in _DIGITS and char not in _UNITS for char in text):
        return None
    if not any(char in _UNITS for char in text):
        return int("".join(str(_DIGITS[char]) for char in text))
    return _with_units(text)


def _with_units(text: str) -> int | None:
    total, digit, last = 0, None, 100_000
    for char in text:
        if char in _DIGITS:
            digit = _DIGITS[char]
            continue
        unit = _UNITS[char]
        if unit >= last or (digit is None and unit != 10):
            return None
        total, digit, last = total + (1 if digit is None else digit) * unit, None, unit
    return total + (digit or 0)


def digits_of(text: str) -> str:
    """The text with Chinese digits replaced by ASCII ones: ``二六幺幺`` becomes ``2611``."""
    return "".join(str(_DIGITS[char]) if char in _DIGITS else char for char in text)


def word_set(words: str) -> frozenset[str]:
    """The words of a table that is written as one line with spaces."""
    return frozenset(words.split())

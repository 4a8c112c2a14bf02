"""Citizens' words: progress, urge, add, withdraw, rate, object, opt out and in, help, human.

A word is a command only when the message is that word, alone or with a number, a code or a reason. A sentence
that merely begins with it ("look into the noise…") is a matter, for which the result is None. Officers' words are
in ``bot/conversation/officer_words.py``; both are read by ``bot/conversation/step.py``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import phonenumbers

from bot.conversation.acts import (
    Act,
    BindPhone,
    Confirm,
    EndDraft,
    FullText,
    Hint,
    Human,
    Objection,
    OptIn,
    OptOut,
    Progress,
    Rate,
    Supplement,
    Urge,
    Withdraw,
)
from bot.inquiry.numbers import canonical, read_number
from bot.text.opt_out import opt_word
from bot.text.phones import e164, is_mobile_cn
from bot.text.reading import bare, normalise, word_set

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

# Words that are the whole message. Opt-out words are in ``bot/text/opt_out.py``.
HELP = word_set(
    "帮助 help info 菜单 menu 0 功能 说明 使用说明 怎么用 如何使用 怎么使用 指令 主菜单",
)
HUMAN = word_set(
    "人工 转人工 人工服务 人工客服 转人工服务 转人工客服 转接人工 找人工 我要人工 我要转人工 要人工 真人 接人工 "
    "联系人工",
)
END = word_set(
    "完 完了 完毕 结束 说完 说完了 写完 写完了 发完 发完了 就这些 就这些了 没有了 完成 提交",
)
_PROGRESS_ASKED = word_set(
    "有结果了吗 有结果吗 有进展吗 进展如何 进度如何 进度怎么样 进度怎么样了 办得怎么样了 处理得怎么样了 "
    "处理的怎么样了 怎么样了 "
    "处理到哪一步了 办到哪一步了 我的诉求怎么样了 我的问题处理了吗 处理了吗 解决了吗 我的诉求 我的问政",
)

# With or without a number. Longest first, so that 查询进度 is not 查 + "询进度".
_PROGRESS = (
    "进度 查进度 查询进度 查看进度 查一下进度 查下进度 进度查询 办理进度 处理进度 我的进度 进展 查询 查 查一下 查一查 "
    "查下 查看 查编号 cx"
)
_URGE = "催 催办 催一下 催一催 催催 催单 催促 催下 我要催办 请催办 加急 催处理"
_WITHDRAW = "撤回 撤销 撤单 撤诉 撤回诉求 撤销诉求 我要撤回 我要撤销 取消诉求 申请撤回 申请撤销"
_FULL_TEXT = "全文 看全文 查看全文 完整答复 答复全文"
_OBJECTION = "y 有异议 异议 我有异议 提出异议 提异议"
_SUPPLEMENT = "补充 补充材料 补充内容 补充说明 追加 我要补充 补充一下 补充一点 加"

_RATINGS = {
    1: "满意 很满意 非常满意 十分满意 满意满意 挺满意 满意的",
    2: "基本满意 比较满意 还算满意 基本上满意",
    3: "不满意 很不满意 非常不满意 十分不满意 极不满意 太不满意 不太满意 不满",
}
# Understood only while an answer waits for its rating.
_LOOSE_RATINGS = {
    1: "不错 很好 挺好 好评 赞 点赞 非常好 解决了 已解决 问题解决了 很棒",
    2: "一般 还行 还可以 凑合 马马虎虎 一般般 中评",
    3: "很差 太差 太差了 差 差评 没解决 没有解决 未解决 问题没解决 根本没解决 不行 不好 糟糕 敷衍",
}
_SCORES = {word: score for score, words in _RATINGS.items() for word in words.split()}
_LOOSE_SCORES = {word: score for score, words in _LOOSE_RATINGS.items() for word in words.split()}
_SCORE_DIGITS = {"1": 1, "2": 2, "3": 3, "一": 1, "二": 2, "三": 3, "(1)": 1, "(2)": 2, "(3)": 3, "1分": 1}
_ASKED_TO = re.compile(r"^(?:回复|选择|选|我选)[:\s]*")
_OTHER_DIGIT = re.compile(r"[0-9零四五六七八九十]{1,3}分?")
SHORT_REASON = 20  # characters; longer is a matter unless we are waiting for a rating

_LONGEST_REFERENCE = 60  # characters; keeps the patterns below from crawling over a long text
_SEPARATORS = " \t\r\n,，.。:：;；、!！-—#"
_CODE = re.compile(
    r"^(?P<number>.*?)(?:[\s,，;；:：、]+|[\s,，]*(?:查询码|密码|验证码|码)\s*[:：]?\s*)(?P<code>\d{6})$",
    re.DOTALL,
)
_NUMBER_FIRST = re.compile(r"^(?P<number>[\d\s\-–—._]*\d\d号?)\s*(?P<word>\D+)$")
_HEAD_NUMBER = re.compile(
    r"^[#＃]?(?P<number>\d{2}[-－–—. ]?\d{4}[-－–—. ]?\d{4,6}|\d{4}[-－–—]\d{1,6}|\d{1,6})(?P<mark>\s*号"
    r"|[\s,，:：;；、]+|$)"
)
_FULL_HEAD = re.compile(r"^[#＃]?(?P<number>\d{2}[-－–—]?\d{4}[-－–—]?\d{4})(?P<mark>(?!\d))")
_MEASURES = "盏个处天次米栋楼层条座根块台户家人年月日点号路弄巷单元室幢期排辆只件间%元万"

HINT_KEYS = (
    "help",
    "hint.bad_code",
    "hint.bad_phone",
    "hint.bind_how",
    "hint.blank",
    "hint.draft_open",
    "hint.greeting",
    "hint.noise",
    "hint.rate_how",
    "hint.rating_again",
    "hint.slow_down",
    "hint.thanks",
    "hint.unsupported",
    "hint.welcome",
    "hint.write",
)


class Reference(NamedTuple):
    """Which inquiry is meant: its digits as ``read_number`` gives them, and a query code."""

    number: str | None = None
    code: str | None = None


def parse_citizen(text: str, *, rating_awaited: bool = False) -> Act | None:
    """The act a citizen's word asks for, None when the text is no command.

    ``rating_awaited``: an answer was delivered lately, so "not bad" and long reasons are ratings.
    """
    plain = normalise(text)
    if plain and not plain.strip("? "):
        return Hint("help")
    return (
        _alone(bare(text))
        or _rating(text, awaited=rating_awaited)
        or _binding(plain)
        or _supplement(text, plain)
        or _about_number(plain.strip("\"'“”‘’「」《》【】[]() "))
    )


def _alone(word: str) -> Act | None:
    tables: tuple[tuple[Collection[str], Act], ...] = (
        (HELP, Hint("help")),
        (HUMAN, Human()),
        (END, EndDraft()),
        (_PROGRESS_ASKED, Progress(None)),
    )
    return _opting(word) or next((act for words, act in tables if word in words), None)


def _opting(word: str) -> Act | None:
    asked = opt_word(word)
    if asked == "out":
        return OptOut()
    return OptIn() if asked == "in" else None


# --- progress, urge, withdraw, full text: a word and perhaps a number ---


def _progress(ref: Reference) -> Act:
    return Progress(ref.number, ref.code)


_ABOUT: dict[str, Callable[[Reference], Act]] = {
    **dict.fromkeys(_PROGRESS.split(), _progress),
    **dict.fromkeys(_URGE.split(), lambda ref: Urge(ref.number)),
    **dict.fromkeys(_WITHDRAW.split(), lambda ref: Withdraw(ref.number)),
    **dict.fromkeys(_FULL_TEXT.split(), lambda ref: FullText(ref.number)),
    **dict.fromkeys(_OBJECTION.split(), lambda ref: Objection(ref.number)),
}
_ABOUT_LONGEST_FIRST = sorted(_ABOUT, key=len, reverse=True)


def _about_number(plain: str) -> Act | None:
    for word in _ABOUT_LONGEST_FIRST:
        if plain.startswith(word):
            ref = read_reference(plain[len(word) :])
            return ref and _ABOUT[word](ref)
    return _number_first(plain)


def _number_first(plain: str) -> Act | None:
    """Read ``1024号催办``, or a full number alone, which can only ask for the progress."""
    ref = read_reference(plain)
    if ref and ref.number and canonical(ref.number):
        return _progress(ref)
    match = _NUMBER_FIRST.match(plain)
    make = match and _ABOUT.get(match["word"].strip(_SEPARATORS + "?的"))
    number = match and read_number(match["number"])
    return make(Reference(number)) if make and number else None


def read_reference(text: str) -> Reference | None:
    """Number and code of ``26-1123-0042 384712``; an empty reference for nothing; None for anything else."""
    rest = text.strip(_SEPARATORS + "?")
    if not rest or len(rest) > _LONGEST_REFERENCE:
        return None if rest else Reference()
    digits = re.sub(r"\D", "", rest)
    if len(digits) == 16 and canonical(digits[:10]) and not re.search(r"[^\d\s\-,]", rest):
        return Reference(digits[:10], digits[10:])
    with_code = _CODE.match(rest)
    if with_code and (number := read_number(with_code["number"])):
        return Reference(number, with_code["code"])
    number = read_number(rest)
    return Reference(number) if number else None


# --- 补充 ---

_SUPPLEMENT_LONGEST_FIRST = sorted(_SUPPLEMENT.split(), key=len, reverse=True)


def _supplement(text: str, plain: str) -> Act | None:
    """Add what follows, unchanged. Without a separator the text is a sentence ("补充道路照明")."""
    for word in _SUPPLEMENT_LONGEST_FIRST:
        if plain.startswith(word):
            return _supplement_after(word, after_word(text, word))
    return None


def _supplement_after(word: str, rest: str) -> Act | None:
    number, text = head_number(rest.lstrip(_SEPARATORS))
    if number:
        return Supplement(number, text)
    if not rest.strip(_SEPARATORS):
        return Supplement(None, "")
    marks = ":：" if word == "加" else _SEPARATORS
    return Supplement(None, rest.strip(_SEPARATORS)) if rest[0] in marks else None


def after_word(text: str, word: str) -> str:
    """The text as written after ``word``, where ``word`` is in normal form."""
    for end in range(1, min(len(text), len(word) + 20) + 1):
        if normalise(text[:end]) == word:
            return text[end:]
    return ""


def head_number(text: str) -> tuple[str | None, str]:
    """A number at the beginning, and the rest as written. A short number must be set apart from the rest, and ``3
    盏路灯`` counts lamps.
    """
    match = _HEAD_NUMBER.match(text) or _FULL_HEAD.match(text)
    if match is None:
        return None, text
    rest = text[match.end() :].lstrip(_SEPARATORS)
    counts_things = len(match["number"]) < 3 and not match["mark"].strip() and rest[:1] in _MEASURES
    if rest and counts_things:
        return None, text
    return read_number(match["number"]), rest.rstrip()


# --- ratings ---


def _rating(text: str, *, awaited: bool) -> Act | None:
    word = bare(text)
    plain = _ASKED_TO.sub("", normalise(text).strip(_SEPARATORS + "?~"))
    score = _SCORE_DIGITS.get(plain) or _SCORE_DIGITS.get(word) or _SCORES.get(word)
    if not score and awaited:
        score = _LOOSE_SCORES.get(word)
    if score:
        return Rate(None, score)
    if awaited and _OTHER_DIGIT.fullmatch(word):
        return Hint("hint.rating_again")
    return _rating_with_more(text, awaited=awaited) or _number_then_rating(plain)


_RATING_HEADS = sorted([*_SCORES, "1", "2", "3"], key=len, reverse=True)


def _rating_with_more(text: str, *, awaited: bool) -> Act | None:
    """Read ``不满意 26-1123-0042 没人来修``: a number, a reason, or both, set apart from the word."""
    plain = normalise(text)
    for word in _RATING_HEADS:
        if plain.startswith(word):
            return _rated(word, after_word(text, word), awaited=awaited)
    return None


def _rated(word: str, rest: str, *, awaited: bool) -> Act | None:
    score = _SCORES.get(word) or int(word)
    apart = not rest or rest[0] in _SEPARATORS
    body = rest.strip(_SEPARATORS)
    if word.isdigit():
        return _rated_by_digit(score, body) if apart else _digit_and_word(score, body)
    number, reason = head_number(body)
    complaint = awaited and score == 3
    if not (apart or number or complaint) or (len(reason) > SHORT_REASON and not awaited):
        return None
    return Rate(number, score, reason.strip(_SEPARATORS))


def _rated_by_digit(score: int, body: str) -> Act | None:
    """Read a digit with more behind it. That is mostly a list or an address, so only a number of three digits or
    more, or the word for the same score, makes it a rating.
    """
    if (number := read_number(body)) and len(number) >= 3:
        return Rate(number, score)
    return _digit_and_word(score, body)


def _digit_and_word(score: int, body: str) -> Act | None:
    return Rate(None, score) if _SCORES.get(bare(body)) == score else None


def _number_then_rating(plain: str) -> Act | None:
    match = _NUMBER_FIRST.match(plain)
    score = match and _SCORES.get(match["word"].strip(_SEPARATORS))
    number = match and read_number(match["number"])
    return Rate(number, score) if score and number else None


# --- binding ---


def _binding(plain: str) -> Act | None:
    if plain.startswith(("绑定手机", "绑定电话")):
        return _bind_phone(re.sub(r"^(?:号码|号)?[\s:,]*", "", plain[4:]))
    if plain.startswith("绑定"):
        return parse_confirm(plain)
    return None


def _bind_phone(rest: str) -> Act | None:
    """The act for a number that takes an SMS, or a hint how to write it. A sentence about binding is a matter."""
    if phone := read_phone(rest):
        return BindPhone(phone)
    written_as_number = re.fullmatch(r"[\d\s+\-()]*", rest)
    return Hint("hint.bad_phone") if written_as_number else None


def read_phone(text: str) -> str | None:
    """E.164 of a number that takes an SMS: a mainland mobile, or a number of another country with ``+``."""
    number = e164(text)
    if number is None or number.startswith("+86"):
        return number if number and is_mobile_cn(number) else None
    return number if phonenumbers.is_valid_number(phonenumbers.parse(number)) else None


def parse_confirm(plain: str) -> Confirm | Hint | None:
    """Read ``绑定 123456``. ``plain`` is normalised and begins with the word."""
    rest = plain[2:].strip(_SEPARATORS)
    rest = re.sub(r"^(?:验证码|码)[\s:]*", "", rest).replace(" ", "")
    if not rest:
        return Hint("hint.bind_how")
    if not (rest.isascii() and rest.isdecimal()):
        return None
    return Confirm(rest) if len(rest) == 6 else Hint("hint.bad_code")

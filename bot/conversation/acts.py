"""What a message asks for: the acts ``conversation.step`` decides on and the handlers carry out.

Numbers are as typed, normalised to digits (``2611230042`` or a short tail such as ``42``); ``None``
where the person named none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.text.keys import TextKey


@dataclass(frozen=True, slots=True)
class OpenInquiry:
    """Open a new matter. ``ask_place``: a picture or a recording came without words, so the person is asked once."""

    ask_place: bool = False


@dataclass(frozen=True, slots=True)
class AddPart:
    """Add one more part to the matter being told (within the quiet interval).

    ``quiet``: the sender is over the rate limit, so the part is stored and not answered.
    """

    ask_place: bool = False
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class EndDraft:
    """完: the matter is told, and routing may start."""


@dataclass(frozen=True, slots=True)
class Hint:
    """Answer without opening anything. ``key`` is a text key such as ``hint.greeting``."""

    key: TextKey


@dataclass(frozen=True, slots=True)
class Progress:
    number: str | None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Urge:
    number: str | None


@dataclass(frozen=True, slots=True)
class Supplement:
    """补充: add to an inquiry. ``text`` may be empty when the person sends a picture next."""

    number: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    number: str | None


@dataclass(frozen=True, slots=True)
class Rate:
    """``score``: 1 满意, 2 基本满意, 3 不满意. ``reason`` is what followed the word."""

    number: str | None
    score: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RatingReason:
    """The answer to our question why the citizen was not satisfied."""

    number: str
    text: str


@dataclass(frozen=True, slots=True)
class FullText:
    """全文: send the whole of an answer that was too long for eight segments."""

    number: str | None


@dataclass(frozen=True, slots=True)
class Objection:
    """Y: object to an inquiry not being accepted."""

    number: str | None


@dataclass(frozen=True, slots=True)
class OptOut:
    """Stop sending on this channel. ``by_platform``: the platform has answered the person already."""

    by_platform: bool = False


@dataclass(frozen=True, slots=True)
class OptIn:
    by_platform: bool = False


@dataclass(frozen=True, slots=True)
class Human:
    """人工: tell the office hours and the number to call."""


@dataclass(frozen=True, slots=True)
class Emergency:
    """Name the right emergency call at once and tell the duty officer. ``kinds``: fire, gas, suicide, …"""

    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BindPhone:
    """绑定手机 13…: send a code to that phone. ``phone`` is E.164."""

    phone: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """绑定 123456: the one-time code of an officer, or of a phone being bound."""

    code: str


@dataclass(frozen=True, slots=True)
class StaffList:
    """待办."""


@dataclass(frozen=True, slots=True)
class StaffDuty:
    """值班: a link to the duty desk's page."""


@dataclass(frozen=True, slots=True)
class StaffSign:
    """收 1024. ``code`` is the one from the notice, required over SMS for every changing command."""

    number: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class StaffReply:
    number: str
    text: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class StaffCorrect:
    """更正 1024 <the answer as it should be>."""

    number: str
    text: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class StaffRetract:
    """撤答 1024 <why>."""

    number: str
    reason: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class StaffTransfer:
    """转 1024 <unit>."""

    number: str
    unit: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class StaffReturn:
    """退 1024 <reason>."""

    number: str
    reason: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class StaffExtend:
    """延 1024 3 <reason>. ``days`` None: as many as is usual."""

    number: str
    days: int | None
    reason: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class StaffAsk:
    """问 1024 <question>: for the citizen."""

    number: str
    question: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class StaffAssist:
    """协 1024 <unit>."""

    number: str
    unit: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class StaffSend:
    """派 1024 2 (the second suggestion), 派 1024 <unit>, either with 协 <unit> <unit>.

    ``pick`` 0: the unit is named.
    """

    number: str
    unit: str = ""
    pick: int = 0
    assists: tuple[str, ...] = ()
    code: str | None = None


@dataclass(frozen=True, slots=True)
class StaffReject:
    """不受理 1024 <reason> [text]. ``reason``: a ``bot.inquiry.rejection.Reason``."""

    number: str
    reason: str
    note: str = ""
    code: str | None = None


@dataclass(frozen=True, slots=True)
class StaffMerge:
    """并 1024 1019: the first into the second."""

    number: str
    into: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class StaffContact:
    """联系 1024 <reason>: whom to call."""

    number: str
    reason: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class StaffSplit:
    """分 1024: not the same matter as those it was linked with."""

    number: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class StaffApprove:
    """准 1024. ``note`` may name the unit a returned order goes to."""

    number: str
    note: str = ""
    code: str | None = None


@dataclass(frozen=True, slots=True)
class StaffRefuse:
    """驳 1024 <why>."""

    number: str
    why: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class StaffCallBack:
    """回访 1024 满意: what the citizen said when the office called. ``score`` 0: not reached."""

    number: str
    score: int
    note: str = ""
    code: str | None = None


@dataclass(frozen=True, slots=True)
class StaffShow:
    """看 1024: the whole text."""

    number: str


@dataclass(frozen=True, slots=True)
class StaffCommand:
    """Any other word of the table of officers' actions: ``action`` is its entry's name."""

    action: str
    number: str
    text: str = ""
    code: str | None = None


@dataclass(frozen=True, slots=True)
class StaffBad:
    """An officer's word that could not be read. ``key`` is the text that says what is missing."""

    key: TextKey


@dataclass(frozen=True, slots=True)
class CoolDown:
    """The sender has written far too much: tell it once, then do not answer until ``until``."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Keep:
    """Store the message and do nothing else, because it was written in the cool-down."""


@dataclass(frozen=True, slots=True)
class Ignore:
    """Answer nothing: a machine, a loop, an event without meaning. ``why`` is for the metrics."""

    why: str


StaffAct = (
    StaffList
    | StaffDuty
    | StaffSign
    | StaffReply
    | StaffTransfer
    | StaffReturn
    | StaffExtend
    | StaffAsk
    | StaffAssist
    | StaffSend
    | StaffReject
    | StaffMerge
    | StaffSplit
    | StaffContact
    | StaffCorrect
    | StaffRetract
    | StaffApprove
    | StaffRefuse
    | StaffCallBack
    | StaffShow
    | StaffCommand
    | StaffBad
)
Act = (
    OpenInquiry
    | AddPart
    | EndDraft
    | Hint
    | Progress
    | Urge
    | Supplement
    | Withdraw
    | Rate
    | RatingReason
    | FullText
    | Objection
    | OptOut
    | OptIn
    | Human
    | Emergency
    | BindPhone
    | Confirm
    | StaffAct
    | CoolDown
    | Keep
    | Ignore
)

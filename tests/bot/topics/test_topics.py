"""Topics: found by the words they share, counted by citizens, the same whatever came first."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.topics.index import Post, TopicIndex, TopicRules, most_citizens
from bot.topics.ranking import topics
from bot.topics.terms import KnownWords, lead_of, pieces, telling, terms, wide_names, widened
from tests.kit.examples import examples

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
RULES = TopicRules(citizens=3)

MIXING_PLANT = [
    "云栖雅苑旁边修建了搅拌站,灰尘很大,孩子一直咳嗽",
    "请问云栖雅苑东门的搅拌站有没有环评?",
    "每天凌晨被吵醒,云栖雅苑北侧搅拌站通宵开工",
    "搅拌站离云栖雅苑只有五十米,水泥车进进出出",
    "云栖雅苑业主要求搬走搅拌站",
]
OTHERS = [
    "建设路的路灯坏了三天",
    "公交车不到站就走了",
    "楼上漏水物业不管",
    "社保卡怎么补办",
    "菜市场门口乱停车",
    "家里的水管没有水",
    "学校旁边有人卖烟",
    "垃圾没人清运很臭",
    "井盖丢了很危险",
    "公园的健身器材坏了",
]


def post(number, text, *, citizen=None, at=NOW, headline="", unit="", places=()):
    return Post(number, citizen or f"c{number}", text, headline, at, unit, tuple(places))


def index(posts=(), rules=RULES, wide=(), words=()):
    made = TopicIndex(rules, frozenset(wide), KnownWords(words))
    for each in posts:
        made.add(each)
    return made


def found(posts, *, rules=RULES, wide=(), now=NOW):
    return topics(index(posts, rules, wide), now)


def town(*, plant=5):
    posts = [post(number, text, at=NOW - number * HOUR) for number, text in enumerate(MIXING_PLANT[:plant])]
    return posts + [post(100 + number, text, at=NOW - number * HOUR) for number, text in enumerate(OTHERS)]


# --- what is one matter ---


def test_the_same_matter_in_different_words_is_one_topic_under_its_name():
    (topic,) = found(town())
    assert topic.key == "云栖雅苑"
    assert topic.members == (0, 1, 2, 3, 4)
    assert (topic.citizens, topic.size, topic.within) == (5, 5, "")
    assert (topic.first_at, topic.last_at) == (NOW - 4 * HOUR, NOW)


def test_messages_of_nothing_in_common_make_no_topic():
    assert found([post(number, text) for number, text in enumerate(OTHERS)]) == []


def test_one_prolific_sender_makes_no_topic():
    same = [post(number, text, citizen="same") for number, text in enumerate(MIXING_PLANT * 4)]
    assert found(same) == []


def test_topics_are_ranked_by_distinct_citizens_and_not_by_messages():
    loud = [
        post(200 + number, f"江畔书香又停电{chr(0x4E00 + number)}江畔书香变压器坏", citizen=f"loud{number % 3}")
        for number in range(30)
    ]
    first, second = found([*town(), *loud])
    assert (first.key, first.citizens, first.size) == ("云栖雅苑", 5, 5)
    assert (second.key, second.citizens, second.size) == ("江畔书香又停电", 3, 30)


def test_the_same_text_from_many_is_one_topic_and_from_one_none():
    text = "强烈要求停止在翠湖花园旁边建设垃圾中转站"
    (topic,) = found([post(number, text) for number in range(6)])
    assert topic.citizens == 6
    assert "翠湖花园" in text
    assert topic.key in text
    assert found([post(number, text, citizen="same") for number in range(6)]) == []


def test_traditional_and_full_width_writing_is_the_same_word():
    posts = [*town(plant=4), post(50, "雲栖雅苑的攪拌站太吵了"), post(51, "云 栖 雅 苑　搅拌站何时搬走")]
    assert found(posts)[0].members == (0, 1, 2, 3, 50, 51)


def test_a_polite_opening_is_no_topic():
    posts = [post(number, f"尊敬的各位领导您好,{text}") for number, text in enumerate(OTHERS)]
    assert found(posts) == []


def test_a_name_that_comes_up_all_at_once_is_a_topic_though_each_writes_of_it_in_other_words():
    says = ["没有热水", "路灯不亮", "垃圾成堆", "车位被占", "门禁失灵"]
    posts = [post(number, f"请问云栖雅苑{text}怎么办", at=NOW - 10 * number * HOUR) for number, text in enumerate(says)]
    before = [post(100 + number, text, at=NOW - timedelta(days=2 * number)) for number, text in enumerate(OTHERS)]
    assert found(posts) == []
    assert [topic.key for topic in found([*posts, *before])] == ["云栖雅苑"]
    slowly = [post(each.id, each.text, at=NOW - timedelta(days=5 * each.id)) for each in posts]
    assert found([*slowly, *before]) == []


ESTATES = ["云栖雅苑", "江畔书香", "翠湖", "南山里", "东湖湾", "星河", "晴川阁", "听松", "望江", "竹溪", "梅岭"]


def cut_off(count, *, days=0.0):
    return [
        post(200 + number, f"{estate}停电{number}小时没人管", at=NOW - timedelta(days=days * number))
        for number, estate in enumerate(ESTATES[:count])
    ]


def with_words(posts):
    before = [post(100 + number, text, at=NOW - timedelta(days=2 * number)) for number, text in enumerate(OTHERS)]
    return topics(index([*before, *posts], words=["停电", "路灯"]), NOW)


def test_a_units_own_word_is_a_topic_when_it_comes_from_everywhere_at_once():
    (topic,) = with_words(cut_off(11))
    assert (topic.key, topic.citizens, topic.size) == ("停电", 11, 11)


@pytest.mark.parametrize(("count", "days"), [(7, 0), (11, 2)])
def test_a_units_own_word_is_none_from_a_few_or_all_through_the_month(count, days):
    assert with_words(cut_off(count, days=days)) == []


def test_a_lead_that_ends_within_a_number_leads_with_nothing():
    long = "长" * 36
    made = index([post(number, f"{long}1234567890云栖雅苑", at=NOW) for number in range(4)])
    assert not [term for term in made._led if "1" in term]


def test_the_name_of_the_whole_area_is_no_topic():
    posts = [post(number, f"清河新区{text},清河新区没人管") for number, text in enumerate(OTHERS)]
    assert [topic.key[:4] for topic in found(posts)] == ["清河新区"]
    assert found(posts, wide=["清河新区"]) == []


def test_what_only_ends_many_names_is_no_topic():
    names = ["星河", "江畔", "翠湖", "云栖", "南山", "东湖"]
    posts = [
        post(number, f"{name}家园小区电梯坏了{number}次,{name}家园小区物业不修") for number, name in enumerate(names)
    ]
    assert "家园小区" not in {topic.key for topic in found(posts)}


def test_what_most_of_the_district_writes_about_is_a_topic_however_large():
    cut = [post(200 + number, f"河东片区停电,{OTHERS[number % 10]},河东片区何时来电") for number in range(40)]
    first, *_ = found([*town(), *cut])
    assert (first.key[:4], first.citizens) == ("河东片区", 40)


def test_what_the_headline_names_counts_and_a_word_deep_in_the_text_does_not():
    law = "依照噪声污染防治条例第三条应当处罚"
    posts = [
        post(number, f"{text},{OTHERS[number - 3]},{OTHERS[number - 5]},{OTHERS[number - 7]}拖了很久很久很久。{law}")
        for number, text in enumerate(OTHERS)
    ]
    assert [topic.key for topic in found(posts) if "噪声" in topic.key] == []
    titled = [
        post(number, each.text, headline=f"噪声污染防治条例落实问题{number}") for number, each in enumerate(posts)
    ]
    assert [topic.citizens for topic in found(titled) if "噪声" in topic.key] == [10]


def test_a_part_of_a_topic_with_a_name_of_its_own_is_a_narrower_topic():
    wide = [
        post(number, f"{text},购房补贴没有到账", headline=f"{text[:2]}购房补贴") for number, text in enumerate(OTHERS)
    ]
    narrow = [
        post(50 + number, f"青年人才购房补贴{text}", headline=f"青年人才购房补贴{text[:2]}")
        for number, text in enumerate(OTHERS[:6])
    ]
    whole, part = found([*wide, *narrow])
    assert (whole.key, whole.citizens, whole.within) == ("购房补贴", 16, "")
    assert (part.key, part.citizens, part.within) == ("青年人才购房补贴", 6, "购房补贴")
    assert set(part.members) < set(whole.members)


def test_numbers_alone_are_no_topic():
    posts = [post(number, f"2026年11月23日{text},电话199000000{number:02}") for number, text in enumerate(OTHERS)]
    assert found(posts) == []


# --- what is told of it ---


def test_the_place_and_the_unit_are_those_of_most_citizens():
    posts = [
        post(number, text, unit="D03" if number else "D09", places=["翠湖路"] if number < 3 else [])
        for number, text in enumerate(MIXING_PLANT)
    ]
    (topic,) = found(posts)
    assert (topic.place, topic.unit) == ("翠湖路", "D03")


def test_a_place_only_one_of_many_names_is_not_the_topics():
    posts = [post(number, text, places=["翠湖路"] if not number else []) for number, text in enumerate(MIXING_PLANT)]
    assert found(posts)[0].place == ""


def test_the_trend_is_this_weeks_citizens_against_last_weeks():
    ages = [1, 2, 3, 8, 20]
    posts = [post(number, text, at=NOW - timedelta(days=ages[number])) for number, text in enumerate(MIXING_PLANT)]
    trend = found(posts)[0].trend
    assert (trend.this_week, trend.last_week) == (3, 1)


def test_the_sample_is_a_member_that_has_the_words():
    (topic,) = found(town())
    assert topic.sample in topic.members
    assert topic.words[0] == "云栖雅苑"
    assert all(len(word) <= 12 for word in topic.words)


SPANS = [
    ("nobody", [], 0),
    ("five within three days", [("a", 0), ("b", 10), ("c", 20), ("d", 40), ("e", 71)], 5),
    ("one of them an hour late", [("a", 0), ("b", 10), ("c", 20), ("d", 40), ("e", 73)], 4),
    ("the same person again and again", [("a", hour) for hour in range(60)], 1),
    ("who wrote before and within counts within", [("a", 0), ("b", 100), ("a", 101), ("c", 102)], 3),
]


@pytest.mark.parametrize(("_", "line", "most"), SPANS, ids=[span[0] for span in SPANS])
def test_distinct_citizens_within_three_days(_, line, most):
    posts = [post(number, "x", citizen=who, at=NOW + hour * HOUR) for number, (who, hour) in enumerate(line)]
    random.Random(1).shuffle(posts)
    assert most_citizens(posts, timedelta(hours=72)) == most


# --- the window ---


def test_what_is_older_than_the_window_is_forgotten():
    made = index(town())
    assert topics(made, NOW)
    assert topics(made, NOW + timedelta(days=31)) == []
    assert not made.seen
    assert not made._where
    assert not made._led
    assert not made._candidates


def test_a_topic_ends_when_too_few_are_left_in_the_window():
    posts = [post(number, text, at=NOW - timedelta(days=10 * number)) for number, text in enumerate(MIXING_PLANT)]
    assert topics(index(posts), NOW)[0].members == (0, 1, 2, 3)
    assert topics(index(posts), NOW + timedelta(days=9)) != []
    assert topics(index(posts), NOW + timedelta(days=11)) == []


def test_of_more_messages_than_are_held_the_oldest_go():
    rules = TopicRules(citizens=3, most=4)
    made = index(town(), rules)
    assert sorted(topic.members for topic in topics(made, NOW)) == []
    assert sorted(made.seen) == [0, 1, 100, 101]
    again = index(reversed(town()), rules)
    topics(again, NOW)
    assert sorted(again.seen) == [0, 1, 100, 101]


def test_a_message_taken_back_no_longer_counts():
    made = index(town(plant=3))
    made.remove(1)
    made.remove(1)
    assert topics(made, NOW) == []


def test_a_message_heard_twice_counts_once_and_a_changed_one_is_replaced():
    made = index([*town(), *town()])
    assert topics(made, NOW) == topics(index(town()), NOW)
    made.add(post(0, OTHERS[0]))
    assert topics(made, NOW)[0].members == (1, 2, 3, 4)


# --- the order of arrival does not matter ---

NAMES = ["云栖雅苑", "江畔书香", "云栖雅苑北区", "青年人才补贴", "家园小区"]
MATTERS = ["搅拌站灰尘", "停车收费太高", "搅拌站噪音", "半夜施工", "电梯故障"]
TEXTS = st.lists(st.sampled_from([*NAMES, *MATTERS, "的", ",", "2026年11月", "a3区"]), min_size=1, max_size=5).map(
    "".join
)
POSTS = st.lists(
    st.builds(
        lambda who, text, headline, day, place: (who, text, headline, day, place),
        st.integers(0, 6),
        TEXTS,
        st.one_of(st.just(""), TEXTS),
        st.integers(0, 24),
        st.sampled_from(["", "翠湖路", "建设路"]),
    ),
    max_size=25,
)
SMALL = TopicRules(window=timedelta(days=10), citizens=2, word_citizens=3, history=timedelta(days=2))
KNOWN = ["停车", "噪音", "搅拌站"]


def drawn(number, values):
    who, text, headline, day, place = values
    return Post(
        number, f"c{who}", text, headline, NOW + timedelta(days=day), f"D{number % 3}", (place,) if place else ()
    )


@examples(150)
@given(POSTS, st.randoms(use_true_random=False), st.integers(0, 30))
def test_any_arrival_and_expiry_gives_what_a_rebuild_gives(values, shuffled, day):
    posts = [drawn(number, each) for number, each in enumerate(values)]
    line = list(posts)
    shuffled.shuffle(line)
    lived = index(rules=SMALL, wide=["a3区"], words=KNOWN)
    heard = NOW
    for each in line:
        lived.add(each)
        if shuffled.random() < 0.3:
            heard = max(heard, each.at)
            topics(lived, heard)
        if shuffled.random() < 0.2:
            lived.remove(shuffled.choice(line).id)
        if shuffled.random() < 0.2:
            lived.add(drawn(each.id, shuffled.choice(values)))
    now = max(heard, NOW + timedelta(days=day))
    kept = [seen.post for seen in lived.seen.values()]
    answer = topics(lived, now)
    for order in (sorted(kept, key=lambda each: each.id), sorted(kept, key=lambda each: -each.id)):
        assert (
            topics(index([each for each in order if each.at >= now - SMALL.window], SMALL, ["a3区"], KNOWN), now)
            == answer
        )


@examples(50)
@given(POSTS)
def test_every_topic_is_whole(values):
    posts = {number: drawn(number, each) for number, each in enumerate(values)}
    made = topics(index(posts.values(), SMALL), NOW + timedelta(days=9))
    keys = [topic.key for topic in made]
    assert len(keys) == len(set(keys))
    for topic in made:
        members = [posts[number] for number in topic.members]
        assert topic.size == len(members) >= topic.citizens == len({each.citizen for each in members}) >= SMALL.citizens
        assert all(topic.key in made_of(each) for each in members)
        assert topic.within == "" or topic.within in keys
    ranks = [topic.citizens for topic in made if not topic.within]
    assert ranks == sorted(ranks, reverse=True)


def made_of(each):
    return f"{pieces(each.headline, frozenset())} {pieces(each.text, frozenset())}"


# --- terms ---

CUTS = [
    ("particles and pronouns", "我们小区的电梯坏了", "小区 电梯坏"),
    ("spaces are no boundary, punctuation is", "云 栖雅苑,搅拌站", "云栖雅苑 搅拌站"),
    ("long numbers go, short ones stay", "58号楼12345678单元", "58号楼 单元"),
    ("addresses of the web go", "见https://example.com/x", "见"),
    ("nothing but punctuation", "。。。!!!", ""),
]


@pytest.mark.parametrize(("_", "text", "cut"), CUTS, ids=[cut[0] for cut in CUTS])
def test_a_text_is_cut_where_no_name_goes_on(_, text, cut):
    assert pieces(text, frozenset()) == cut


def test_the_areas_own_names_are_cut_out_the_longest_first():
    wide = wide_names(["A市", "A市A3区", " "])
    assert pieces("A市A3区云栖雅苑与A市政府", wide) == "云栖雅苑与 政府"


def test_terms_do_not_reach_over_a_boundary():
    assert terms("云栖雅苑 搅拌站") == {"云栖雅苑"}


def test_dates_and_amounts_do_not_tell():
    assert [telling(term) for term in ("2026", "026年", "58车贷", "3号线北")] == [False, False, True, True]


def test_a_term_is_widened_to_the_name_nearly_all_have():
    texts = ["晴川滨河苑车位", "请看晴川滨河苑", "晴川滨河苑车库", "晴川滨河苑"]
    assert widened("川滨河苑", texts, 0.85) == "晴川滨河苑"
    assert widened("川滨河苑", texts[:3:2], 0.85) == "晴川滨河苑车"


def test_a_name_that_repeats_itself_ends():
    assert len(widened("哈哈哈哈", ["哈" * 300, "哈" * 300], 0.85)) <= 41


def test_a_message_without_headline_leads_with_its_beginning():
    assert lead_of("  " + "长" * 100) == "长" * 40

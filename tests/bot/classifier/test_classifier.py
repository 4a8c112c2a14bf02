"""The learned router on a small town of invented matters."""

import json
import random
from dataclasses import replace

import numpy as np
import opencc
import pytest

from bot.classifier import model_file
from bot.classifier.confidence import NEVER, WANTED
from bot.classifier.model import Classifier, Example, Guess, TooFewExamples, evaluate, train
from bot.edge.errors import ModelUnreadable
from bot.text.reading import normalise

pytestmark = pytest.mark.heavy

TOPICS = {
    "lights": "路灯不亮 灯泡坏了 灯杆倾斜 夜里漆黑 照明故障 灯罩脱落",
    "water": "水管漏水 停水三天 水压太低 自来水发黄 水表不准 水费太高",
    "schools": "学区划分 入学名额 课后托管 校车路线 食堂饭菜 转学手续",
    "noise": "工地噪声 夜间施工 广场舞吵 音响扰民 打桩机响 装修电钻",
}
AROUND = (
    "请问",
    "你好",
    "麻烦",
    "尽快",
    "我家附近",
    "幸福路",
    "春晓小区",
    "已经很久",
    "希望处理",
    "谢谢",
    "邻居都说",
    "上个月",
)


def written(rng, label, *, words=2):
    chosen = rng.sample(TOPICS[label].split(), words)
    parts = [*rng.sample(AROUND, 4), *chosen]
    rng.shuffle(parts)
    return "，".join(parts) + "。"


def town(count, *, seed=7, headline=True):
    rng = random.Random(seed)
    return [
        Example(written(rng, label), label, rng.choice(TOPICS[label].split()) if headline else "")
        for n in range(count)
        if (label := list(TOPICS)[n % len(TOPICS)])
    ]


@pytest.fixture(scope="module")
def model():
    return train(town(160))


@pytest.fixture(scope="module")
def data(model):
    return model.to_bytes()


# --- what it learns ---


def test_it_learns_what_the_desk_decides(model):
    assert evaluate(model, town(80, seed=8))["macro_f1"] > 0.95


def test_it_reads_a_body_alone_and_a_headline_alone(model):
    fresh = town(80, seed=9)
    assert evaluate(model, [Example(one.text, one.label) for one in fresh])["accuracy"] > 0.95
    assert evaluate(model, [Example(one.headline, one.label) for one in fresh])["accuracy"] > 0.9


def test_a_text_alone_is_the_same_text_as_headline_or_body(model):
    assert model.guess([("水管漏水", "")]) == model.guess([("", "水管漏水")])


def test_traditional_and_simplified_text_get_the_same_guess(model):
    for text in ("路灯不亮，灯泡坏了", "学区划分和转学手续", "工地噪声太响"):
        traditional = opencc.OpenCC("s2t").convert(text)
        assert traditional != text
        assert model.guess([("", traditional)]) == model.guess([("", text)])


def test_the_same_examples_and_seed_give_the_same_bytes_and_another_seed_other_folds():
    few = town(40, headline=False)
    first, again = train(few, seed=3), train(few, seed=3)
    assert first.to_bytes() == again.to_bytes()
    assert train(few, seed=4).card["seed"] == 4


def test_a_guess_does_not_depend_on_the_batch_it_is_in(model):
    texts = [(one.headline, one.text) for one in town(30, seed=10)]
    together = model.guess(texts)
    for alone, beside in zip([model.guess([text])[0] for text in texts], together, strict=True):
        assert [g.label for g in alone] == [g.label for g in beside]
        assert [g.words for g in alone] == [g.words for g in beside]
        assert [g.confidence for g in alone] == pytest.approx([g.confidence for g in beside], abs=1e-5)


def test_guesses_are_ranked_and_their_confidences_are_probabilities(model):
    (found,) = model.guess([("", "路灯不亮，也停水三天")], top=10)
    assert [g.label for g in found if g.confidence > 0.02][:2] in (["lights", "water"], ["water", "lights"])
    assert sum(g.confidence for g in found) == pytest.approx(1, abs=1e-5)
    assert [g.confidence for g in found] == sorted((g.confidence for g in found), reverse=True)
    assert len(found) == 4
    assert len(model.guess([("", "路灯")], top=2)[0]) == 2


# --- the words that decided ---


def test_the_words_that_decided_stand_in_the_text(model):
    for one in town(40, seed=11):
        text = normalise(f"{one.headline} {one.text}")
        (found,) = model.guess([(one.headline, one.text)])
        assert found[0].words
        for guess in found:
            assert len(guess.words) <= 5
            assert all(word in text for word in guess.words)


def test_the_words_that_decided_are_the_matter_and_not_the_greeting(model):
    (found,) = model.guess([("", "你好，请问幸福路的水管漏水谁来修？谢谢")])
    assert found[0].label == "water"
    assert "水" in found[0].words[0]
    assert not any(word in {"你好", "请问", "谢谢"} for word in found[0].words)


def test_no_words_are_looked_for_where_nobody_reads_them(model):
    assert model.guess([("", "水管漏水")], explain=False)[0][0].words == ()


# --- odd texts ---


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        "😀🎉",
        "。。。！！！",
        "\u200b\u200e",
        "\ud800",
        "𠮷野家𪚥",
        "a" * 20_000,
        "水" * 20_000,
        "停水" * 15_000,
        "0" * 300,
        "\x00",
    ],
)
def test_any_text_gets_a_guess(model, text):
    for pair in ((text, ""), ("", text), (text, text)):
        (found,) = model.guess([pair])
        assert len(found) == 3
        assert all(0 <= guess.confidence <= 1 for guess in found)


def test_a_text_that_says_nothing_is_never_certain(model):
    for text in ("", "😀", "xyz qrs", "𠮷𪚥"):
        (found,) = model.guess([("", text)])
        assert found[0].confidence < model.thresholds["0.95"]
        assert found[0].words == ()


def test_no_text_gives_no_guess(model):
    assert model.guess([]) == []


# --- honest about few examples ---


def test_thirty_decisions_over_five_units_make_a_model_that_decides_nothing_by_itself():
    rng = random.Random(5)
    labels = [*TOPICS, "roads"]
    texts = TOPICS | {"roads": "路面塌陷 井盖松动 红绿灯坏 斑马线淡 路牌倒了 坑洼积水"}
    few = [
        Example("，".join([rng.choice(AROUND), *rng.sample(texts[label].split(), 2)]), label)
        for n in range(30)
        if (label := labels[n % 5])
    ]
    small = train(few)
    assert small.thresholds["0.98"] > 1
    assert small.thresholds["0.95"] > 1
    assert set(small.labels) == set(labels)
    assert small.guess([("", "井盖松动，坑洼积水")])[0][0].label == "roads"


def test_labels_drawn_at_random_never_reach_a_threshold():
    rng = random.Random(6)
    mixed = [replace(one, label=rng.choice(list(TOPICS))) for one in town(160)]
    lost = train(mixed)
    assert lost.thresholds == dict.fromkeys(WANTED, NEVER)
    assert lost.guess([("", mixed[0].text)])[0][0].confidence < 0.9


def test_a_label_with_too_few_examples_is_left_out_and_named():
    model = train([*town(24), Example("占道经营", "stalls"), Example("流动摊贩", "stalls")])
    assert "stalls" not in model.labels
    assert model.card["left_out"] == {"stalls": 2}


@pytest.mark.parametrize(
    ("examples", "what", "have", "need"),
    [
        ([], "labels", 0, 2),
        ([Example("路灯不亮", "lights")] * 40, "labels", 1, 2),
        (town(12), "examples", 12, 20),
    ],
)
def test_too_few_examples_say_what_is_missing(examples, what, have, need):
    with pytest.raises(TooFewExamples) as few:
        train(examples)
    assert (few.value.what, few.value.have, few.value.need) == (what, have, need)


def test_a_label_whose_texts_are_all_equal_does_not_stop_the_training():
    assert "same" in train([*town(40, headline=False), *[Example("同一句话", "same")] * 4]).labels


def test_examples_without_weight_count_for_nothing():
    wrong = [replace(one, label="noise" if one.label == "water" else "water", weight=0.0) for one in town(40, seed=12)]
    assert evaluate(train([*town(40), *wrong]), town(40, seed=13))["accuracy"] > 0.9


# --- the card and the comparison ---


def test_the_card_tells_what_was_learned_and_no_text(model):
    card = json.dumps(model.card, ensure_ascii=False)
    assert model.card["examples"] == 160
    assert model.card["labels"] == dict.fromkeys(TOPICS, 40)
    assert set(model.card["out_of_fold"]) == {"full", "body", "headline"}
    assert not any(word in card for topic in TOPICS.values() for word in topic.split())


def test_no_word_of_a_text_stands_in_a_stored_model(data):
    for topic in TOPICS.values():
        assert not any(word.encode() in data or word.encode("utf-16-le") in data for word in topic.split())


def test_a_label_the_model_does_not_know_counts_as_wrong(model):
    assert evaluate(model, [Example("路灯不亮", "lights"), Example("路灯不亮", "unheard")])["accuracy"] == 0.5
    assert evaluate(model, [])["examples"] == 0


# --- stored and read ---


def test_a_model_read_again_is_the_same(model, data):
    again = Classifier.from_bytes(data)
    texts = [(one.headline, one.text) for one in town(20, seed=14)]
    assert again.guess(texts) == model.guess(texts)
    assert (again.labels, again.thresholds, again.card) == (model.labels, model.thresholds, model.card)
    assert again.to_bytes() == data


def test_a_cut_or_flipped_model_is_refused_wherever_it_happens(data):
    rng = random.Random(1)
    for at in [*range(60), *rng.sample(range(60, len(data)), 40)]:
        flipped = data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
        for broken in (flipped, data[:at], data + b"\0"):
            with pytest.raises(ModelUnreadable):
                Classifier.from_bytes(broken)


@pytest.mark.parametrize(
    "harm",
    [
        lambda facts, parts: facts.pop("labels"),
        lambda facts, parts: facts.update(labels=["only"]),
        lambda facts, parts: facts.update(labels=[*facts["labels"], "more"]),
        lambda facts, parts: parts.update(reached=parts["reached"][:, :1]),
        lambda facts, parts: parts.update(reached=parts["reached"] - 1),
        lambda facts, parts: parts.update(reached=parts["reached"] * np.nan),
        lambda facts, parts: parts.update(offsets=parts["offsets"][0]),
        lambda facts, parts: facts.update(card=3),
        lambda facts, parts: parts.pop("keys"),
        lambda facts, parts: parts.update(keys=parts["keys"][::-1].copy()),
        lambda facts, parts: parts.update(keys=parts["keys"].view(np.float32)),
        lambda facts, parts: parts.update(often=parts["often"][:-1]),
        lambda facts, parts: parts.update(bias=np.full_like(parts["bias"], np.nan)),
        lambda facts, parts: parts.update(scale=np.full_like(parts["scale"], np.inf)),
        lambda facts, parts: parts.update(slopes=parts["slopes"][:2]),
    ],
)
def test_a_well_sealed_model_with_parts_that_do_not_fit_is_refused(data, harm):
    facts, parts = model_file.unpack(data)
    harm(facts, parts)
    with pytest.raises(ModelUnreadable) as refused:
        Classifier.from_bytes(model_file.pack(facts, parts))
    assert refused.value.why == "corrupt"


def test_a_sentence_of_whole_words_is_explained_by_whole_words(model):
    """The town's own words are of four characters; what is shown is one of them or a part between two words."""
    for label, words in TOPICS.items():
        for word in words.split():
            (found,) = model.guess([("", f"请问{word}，谢谢")])
            assert found[0].label == label
            assert any(shown in word for shown in found[0].words)
            assert all(len(shown) > 1 for shown in found[0].words)


def test_a_guess_is_a_value():
    assert Guess("lights", 0.5, ("路灯",)) == Guess("lights", 0.5, ("路灯",))

"""What the router reads of a text: its n-grams and their keys."""

import numpy as np

from bot.classifier.features import LONGEST, SPACES, Vocabulary, fold, grams, read


def test_an_n_gram_never_reaches_into_the_next_text_or_the_headline():
    found = grams([read("甲乙", "丙丁"), read("", "戊")])
    lengths = np.diff(found.starts)
    assert list(lengths) == [5, 2, 1, 0]
    expected = sum(max(length - size + 1, 0) for length in lengths for size in range(1, LONGEST + 1))
    assert len(found.key) == expected
    ends = found.start + found.size
    assert (ends <= found.starts[found.segment + 1]).all()
    assert (found.segment // SPACES < 2).all()


def test_a_word_has_another_key_in_the_headline_than_in_the_text():
    found = grams([read("路灯", "水管")])
    assert not set(found.key[found.segment == 0]) & set(found.key[found.segment == 1])


def test_digits_are_one_digit_and_the_folded_text_is_as_long():
    assert fold("3号楼,12层!") == "0号楼 00层 "


def test_a_vocabulary_finds_what_it_knows_and_nothing_else():
    keys = np.array([5, 1 << 31, (1 << 32) - 1], np.uint32)
    which, number = Vocabulary(keys).find(np.array([6, (1 << 32) - 1, 5, 0], np.uint32))
    assert list(which) == [1, 2]
    assert list(number) == [2, 0]
    assert len(Vocabulary(keys[:0]).find(keys)[0]) == 0

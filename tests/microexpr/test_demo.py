import pytest

from curves.values import AUActivation, Emotion, EmotionEstimate, Event, Side
from microexpr.demo import match_events, truth_table
from microexpr.sample import SampleEvent

CALM = EmotionEstimate(Emotion.OTHERS, dict.fromkeys(Emotion, 1 / 7))


def found(onset_s: float, offset_s: float, *aus: tuple[int, Side]) -> Event:
    judged = tuple(AUActivation(au, side, 0.1) for au, side in aus)
    return Event(onset_s, (onset_s + offset_s) / 2, offset_s, 0.9, CALM, judged)


def true(onset_s: float, offset_s: float, *aus: tuple[int, Side]) -> SampleEvent:
    return SampleEvent(onset_s, (onset_s + offset_s) / 2, offset_s, tuple((au, side, 0.2) for au, side in aus))


@pytest.mark.parametrize(
    ("judged", "good"),
    [
        ([(12, Side.LEFT)], True),
        ([(12, Side.BOTH), (6, Side.BOTH)], True),
        ([(12, Side.RIGHT)], False),
        ([(6, Side.LEFT)], False),
        ([], False),
    ],
)
def test_an_absent_au_or_one_on_the_other_side_is_a_failure(judged: list[tuple[int, Side]], good: bool) -> None:
    [match], extra = match_events([true(1.0, 1.4, (12, Side.LEFT))], [found(1.0, 1.4, *judged)])
    assert match.good is good
    assert not extra
    assert ("AU not found: AU12 left" in "\n".join(truth_table([match], extra))) is not good


def test_half_an_overlap_is_needed() -> None:
    [match], extra = match_events([true(1.0, 1.4)], [found(1.2, 1.6)])  # 0.2 of 0.6 s
    assert match.found is None
    assert not match.good
    assert len(extra) == 1
    text = "\n".join(truth_table([match], extra))
    assert "MISSED" in text
    assert "not in the sample" in text
    [match], _ = match_events([true(1.0, 1.4)], [found(1.1, 1.45)])
    assert match.good


def test_a_found_event_counts_once_and_the_best_overlap_wins() -> None:
    whole, near = found(1.0, 1.4), found(1.05, 1.4)
    matches, extra = match_events([true(1.05, 1.4), true(1.0, 1.4)], [whole, near])
    assert [match.found for match in matches] == [near, whole]
    assert not extra
    matches, _ = match_events([true(1.0, 1.4), true(1.0, 1.35)], [whole])
    assert [match.found for match in matches] == [whole, None]

"""The animation emotion of a take's events."""

from collections.abc import Sequence

from curves.values import BASIC_EMOTION, BasicEmotion, Event


def strongest_emotion(events: Sequence[Event]) -> BasicEmotion | None:
    """The animation emotion whose events weigh most, each by its spotting score times its strongest AU's intensity.

    None without events. Ties go to the earlier event.
    """
    weights: dict[BasicEmotion, float] = {}
    for event in events:
        strength = max((au.intensity for au in event.aus), default=0.0)
        emotion = BASIC_EMOTION[event.emotion.label]
        weights[emotion] = weights.get(emotion, 0.0) + event.score * strength
    return max(weights, key=weights.__getitem__) if weights else None

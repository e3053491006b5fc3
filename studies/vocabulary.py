"""The words of a study's tables, each with one spelling (SPEC 6; paper 004, section 4.2)."""

from curves.values import BasicEmotion

EMOTIONS: tuple[str, ...] = tuple(emotion.value for emotion in BasicEmotion if emotion is not BasicEmotion.NEUTRAL)
DIMENSIONS: tuple[str, ...] = ("clarity", "naturalness", "authenticity")
VIDEOS: tuple[str, ...] = ("A", "B")  # A: without the micro-expression, B: with it; differences are B - A
ORDERS: tuple[str, ...] = ("AB", "BA")
SCALE: tuple[int, int] = (1, 5)  # Likert

#: One row a rating; ``OPTIONAL_RATING_COLUMNS`` may be missing.
RATING_COLUMNS: tuple[str, ...] = (
    "participant_id",
    "age_band",
    "gender",
    "education",
    "emotion",
    "video",
    "dimension",
    "rating",
    "recognition_score",
)
OPTIONAL_RATING_COLUMNS: tuple[str, ...] = ("item",)
#: One row a participant.
SESSION_COLUMNS: tuple[str, ...] = ("participant_id", "order", "attention_check_passed")
OPTIONAL_SESSION_COLUMNS: tuple[str, ...] = ("duration_s",)
#: One row a vote: ``choice`` is the name in ``model_a``, the name in ``model_b``, or "tie".
VOTE_COLUMNS: tuple[str, ...] = ("set", "sample", "voter", "model_a", "model_b", "choice")
#: One row a score.
EXPERT_COLUMNS: tuple[str, ...] = ("method", "expert", "video", "category", "score")

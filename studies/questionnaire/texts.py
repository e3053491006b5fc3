"""Every word of the pages that is not in STUDY.toml anyway; its table ``[texts]`` replaces any of them."""

import re
from collections.abc import Mapping

from curves.errors import InputError

#: {name} is filled in when the page is made.
TEXTS: Mapping[str, str] = {
    "consent_heading": "Before you begin",
    "consent_agree": "I am 18 or older, I have read this, and I agree to take part.",
    "consent_start": "Begin",
    "consent_decline": "I do not agree",
    "declined_heading": "Nothing has been stored",
    "declined": "You did not agree, so there is nothing to do here. You can close this page.",
    "demographics_heading": "About you",
    "age_band": "How old are you?",
    "gender": "What is your gender?",
    "education": "What is your highest level of education?",
    "prefer_not": "Prefer not to say",
    "video_heading": "Pair {pair} of {pairs}: video {part} of 2",
    "video_hint": "Watch the video to its end. Then rate what you saw.",
    "video_open": "You have seen the whole video. You can watch it again, or go on when you have answered.",
    "video_error": "The video could not be loaded. Check your connection and reload this page; nothing is lost.",
    "video_alt": "Video of a virtual human's face. It has no sound.",
    "video_noscript": "The videos need JavaScript. Please switch it on for this page and reload.",
    "video_too_soon": "Please watch the whole video before you go on.",
    "play": "Play the video",
    "pause": "Pause",
    "play_again": "Play it again",
    "recognition_heading": "Pair {pair} of {pairs}: what you saw",
    "recognition_none": "None of these, or not sure",
    "attention_heading": "A short check",
    "next": "Next",
    "progress": "Step {step} of {steps}",
    "missing_heading": "Please answer every question",
    "error_title": "Error: {heading}",
    "missing": "Not answered yet:",
    "code": "Your code: {code}",
    "code_why": "Note it down. With this code you can have your answers deleted later.",
    "thanks_heading": "Thank you",
    "thanks": "All your answers are stored. You can close this page.",
    "another": "Another person takes part on this device",
    "withdraw_link": "Withdraw and delete my answers",
    "withdraw_heading": "Withdraw from the study",
    "withdraw": "All your answers are deleted at once, for good. You need not say why.",
    "withdraw_confirm": "Delete my answers",
    "withdraw_cancel": "Go back",
    "withdraw_code": "The code that you were given",
    "withdraw_unknown": "There are no answers under this code. Check it, or write to the contact below.",
    "withdraw_busy": "Nothing could be deleted just now. Please try again in a moment.",
    "withdrawn_heading": "Your answers are deleted",
    "withdrawn": "Nothing that you told us is left here. You can close this page.",
    "contact": "Questions? {contact}",
    "error_heading": "This did not work",
    "error_form": (
        "This page is no longer in use: somebody withdrew or began anew on this device, it was open for too long, or "
        "cookies are switched off. Nothing was changed. Go to the first page to see where you are."
    ),
    "error_missing": "There is no such page.",
    "error_busy": "The server is busy, and nothing was stored. Wait a moment, go back, and try again.",
    "error_full": "This study takes no more participants.",
    "error": "Something went wrong. Your earlier answers are stored; go to the first page to continue.",
    "error_back": "To the first page",
}  # fmt: skip

_PLACE = re.compile(r"\{(\w+)\}")


def texts_with(own: Mapping[str, str]) -> dict[str, str]:
    """The texts, some of them replaced. InputError: no such text, or a place like {pair} lost or invented."""
    for name, text in own.items():
        if name not in TEXTS:
            raise InputError(f"[texts] has the key '{name}', which is not known; known are {', '.join(TEXTS)}.")
        lost = set(_PLACE.findall(TEXTS[name])) ^ set(_PLACE.findall(text))
        if lost:
            raise InputError(f"[texts] {name} must have the same places in braces as: {TEXTS[name]!r}.")
    return {**TEXTS, **own}


def fill(text: str, **values: object) -> str:
    """``text`` with each {name} replaced, once: what is filled in is not looked at again."""
    return _PLACE.sub(lambda place: str(values.get(place[1], place[0])), text)

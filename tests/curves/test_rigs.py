"""Rigs: every AU goes to controls that exist, on the side that it came from, and gaps are named."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curves.errors import FormatError, InputError, MicroExprError
from curves.rigs import FACS_AUS, Rig, RigTarget, control_names, load_rig, rig_names
from curves.values import DEFAULT_AUS, MIDLINE_AUS, Side

SIDED = sorted(set(DEFAULT_AUS) - MIDLINE_AUS)
RIGS = rig_names()


def driven(rig: Rig, au: int, side: Side) -> set[str]:
    return {target.control for target in rig.targets.get((au, side), ())}


@pytest.mark.parametrize("name", RIGS)
def test_controls_exist_and_weights_are_in_range(name: str) -> None:
    rig = load_rig(name)
    known = rig.controls if name == "facs" else set(control_names(name))
    assert rig.name == name and rig.controls == known
    for (au, side), targets in rig.targets.items():
        assert au in FACS_AUS and side in (Side.LEFT, Side.RIGHT)
        assert all(target.control in known and 0 < target.weight <= 1 for target in targets)
        assert max(target.weight for target in targets) == 1 or au in (23, 25)  # only a part of what the control does


@pytest.mark.parametrize("name", RIGS)
@pytest.mark.parametrize("au", DEFAULT_AUS)
def test_every_default_au_is_shown_or_named(name: str, au: int) -> None:
    rig = load_rig(name)
    shown = all(driven(rig, au, side) for side in (Side.LEFT, Side.RIGHT))
    assert shown != any(f"AU{au} has no control" in note for note in rig.notes([au]))


def test_control_lists_are_whole() -> None:
    assert len(set(control_names("arkit"))) == len(control_names("arkit")) == 52
    assert len(set(control_names("metahuman"))) == len(control_names("metahuman")) == 251
    assert all(name.startswith("CTRL_expressions_") for name in control_names("metahuman"))
    with pytest.raises(ValueError, match="expected one of"):
        control_names("facs")


#: What says "left" in a control's name, and what says "right".
MARKS = {"facs": (r"_L$", r"_R$"), "arkit": (r"Left$", r"Right$"), "metahuman": (r"L$", r"R$")}


@pytest.mark.parametrize("name", RIGS)
@pytest.mark.parametrize("au", SIDED)
def test_left_moves_left_controls_and_right_is_its_mirror(name: str, au: int) -> None:
    rig = load_rig(name)
    left, right = MARKS[name]
    on_left, on_right = driven(rig, au, Side.LEFT), driven(rig, au, Side.RIGHT)
    if name == "arkit" and au == 1:  # ARKit has one control for both inner brows
        assert on_left == on_right == {"browInnerUp"}
        return
    assert all(re.search(left, control) for control in on_left)
    assert all(re.search(right, control) for control in on_right)
    assert {re.sub(left, "", control) for control in on_left} == {re.sub(right, "", control) for control in on_right}
    assert [t.weight for t in rig.targets[au, Side.LEFT]] == [t.weight for t in rig.targets[au, Side.RIGHT]]


@pytest.mark.parametrize("name", RIGS)
@pytest.mark.parametrize("au", sorted(MIDLINE_AUS))
def test_midline_aus_list_the_same_under_both_sides(name: str, au: int) -> None:
    rig = load_rig(name)
    assert rig.targets.get((au, Side.LEFT)) == rig.targets.get((au, Side.RIGHT))


@pytest.mark.parametrize(
    ("name", "au", "side", "control"),
    [
        ("facs", 1, Side.LEFT, "AU01_L"),
        ("facs", 17, Side.RIGHT, "AU17"),
        ("arkit", 12, Side.LEFT, "mouthSmileLeft"),
        ("arkit", 9, Side.RIGHT, "noseSneerRight"),
        ("arkit", 61, Side.LEFT, "eyeLookOutLeft"),
        ("metahuman", 4, Side.LEFT, "CTRL_expressions_browDownL"),
        ("metahuman", 38, Side.LEFT, "CTRL_expressions_noseNostrilDilateL"),
        ("metahuman", 20, Side.RIGHT, "CTRL_expressions_mouthStretchR"),
    ],
)
def test_known_assignments(name: str, au: int, side: Side, control: str) -> None:
    assert control in driven(load_rig(name), au, side)


def test_notes_name_what_arkit_cannot_show_or_tell_apart() -> None:
    arkit = load_rig("arkit")
    notes = "\n".join(arkit.notes(DEFAULT_AUS))
    assert "AU38 has no control" in notes and "AU25 and AU26 share jawOpen" in notes
    assert "AU1 drives browInnerUp from both sides" in notes
    assert len(arkit.notes(DEFAULT_AUS)) == 3
    assert arkit.notes([25]) == arkit.notes([26]) != ()
    assert arkit.notes([12]) == () and arkit.notes([]) == ()
    assert "AU25 and AU26 and AU27 share jawOpen" in arkit.notes([27])[0]


def test_notes_of_the_other_rigs() -> None:
    assert load_rig("facs").notes(DEFAULT_AUS) == ()
    assert [re.findall(r"AU\d+", note) for note in load_rig("metahuman").notes(DEFAULT_AUS)] == [["AU25"]]
    assert load_rig("metahuman").notes([12]) == ()


LOADED = [load_rig(name) for name in RIGS]


@given(aus=st.sets(st.integers(1, 70)))
def test_notes_are_only_about_what_was_asked(aus: set[int]) -> None:
    for rig in LOADED:
        for note in rig.notes(aus):
            assert aus & {int(number) for number in re.findall(r"AU(\d+)", note)}


OWN = """
name = "mine"
controls = ["smile_l", "smile_r", "jaw"]
limits = ["AU26 also moves the neck."]
[targets]
AU12 = { left = { smile_l = 0.5 }, right = { smile_r = 1, jaw = 0.25 } }
AU26 = { both = { jaw = 1.0 } }
AU6 = { left = { smile_l = 1.0 }, right = {} }
"""


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(OWN, encoding="utf-8")
    rig = load_rig(str(path))
    assert rig.name == "mine" and rig.aus == (6, 12, 26)
    assert rig.targets[12, Side.RIGHT] == (RigTarget("jaw", 0.25), RigTarget("smile_r", 1.0))
    assert rig.targets[26, Side.LEFT] == rig.targets[26, Side.RIGHT] == (RigTarget("jaw", 1.0),)
    assert rig.notes([26]) == ("AU26 also moves the neck.",)
    assert rig.notes([6, 9]) == (
        "AU6 has no control on the mine rig on the right: it moves nothing there.",
        "AU9 has no control on the mine rig: it moves nothing there.",
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("smile_l = 0.5", "smile_L = 0.5", r"targets\.AU12\.smile_L: is no control"),
        ("smile_l = 0.5", "smile_l = 0", r"targets\.AU12\.smile_l: weight"),
        ("smile_l = 0.5", "smile_l = 1.5", "weight"),
        ("smile_l = 0.5", "smile_l = nan", "weight"),
        ("smile_l = 0.5", "smile_l = true", "weight"),
        ("smile_l = 0.5", 'smile_l = "1"', "weight"),
        ("AU26 =", "AU99 =", r"targets\.AU99: is no Action Unit"),
        ("AU26 =", "Jaw =", r"targets\.Jaw: is no Action Unit"),
        ("AU26 =", "AU06 =", r"AU6 is given twice"),
        ("both =", "middle =", r"targets\.AU26\.middle: is no side"),
        ("both =", "left =", r"targets\.AU26: give left and right"),
        ("{ both = { jaw = 1.0 } }", "1.0", r"targets\.AU26: must be a table"),
        ("{ jaw = 1.0 } }", "1.0 }", r"targets\.AU26: a side must be a table"),
        ("[targets]", "[target]", "target: unknown key"),
        ('name = "mine"', "name = 1", "name: must be a text"),
        ('name = "mine"', 'base = "arkit"', "base: give either base"),
        ('controls = ["smile_l", "smile_r", "jaw"]', 'base = "metahuman"', r"smile_l: is no control"),
        ('controls = ["smile_l", "smile_r", "jaw"]', 'base = "maya"', "base: must be arkit or metahuman"),
        ('controls = ["smile_l", "smile_r", "jaw"]', "", "base: give either base"),
        ('"jaw"]', '"jaw", "Jaw"]', "controls: lists a name twice"),
        ('["smile_l", "smile_r", "jaw"]', "[]", "controls: must be a list of names"),
        ("AU26 also moves", "it also moves", "limits: .*names no AU"),
        ("[targets]", "[targets", "not valid TOML"),
    ],
)
def test_mistakes_are_one_sentence_with_file_and_key(old: str, new: str, message: str, tmp_path: Path) -> None:
    assert old in OWN
    path = tmp_path / "own.toml"
    path.write_text(OWN.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(FormatError, match=message) as refusal:
        load_rig(str(path))
    assert str(refusal.value).startswith(str(path)) and "\n" not in str(refusal.value)


def test_a_rig_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="facs, arkit, metahuman"):
        load_rig("arkti")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(MicroExprError, match="UTF-8"):
        load_rig(str(tmp_path / "binary.toml"))


@pytest.mark.parametrize(
    ("targets", "limits", "message"),
    [
        ({(1, Side.BOTH): (RigTarget("a", 1.0),)}, (), "under left and right"),
        ({(1, Side.LEFT): (RigTarget("b", 1.0),)}, (), "known control"),
        ({}, ("nothing works",), "name its AUs"),
    ],
)
def test_broken_rigs_are_contract_errors(
    targets: dict[tuple[int, Side], tuple[RigTarget, ...]], limits: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Rig("x", frozenset({"a"}), targets, limits)
    with pytest.raises(ValueError, match="weight of a"):
        RigTarget("a", 0.0)

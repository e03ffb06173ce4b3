"""report.html, a class on one page: who has which verdict, why, and nothing from outside."""

import base64
import csv
import hashlib
import io
import os
import re
import stat
import tracemalloc
import unicodedata
from xml.etree import ElementTree

import classes
import pytest
from running import PATIENCE
from test_grade import NO_LAB_ON_LAB, SOLUTION, STARTER, class_, grade, hand_in
from test_grade_formats import CAUSE, HINT, UNREAD, hostile, is_plain, made, only, program, spoilt

from lab import mistakes, see
from lab.grade import heatmap, page, pseudonyms, summary, told, verdict, xrays
from lab.verdict import MARKS

__all__ = ["class_"]  # a fixture
TAGS = set("html head meta title style body header h1 h2 h3 h4 p span b a main div table".split())
TAGS |= set("colgroup col thead tbody tfoot tr th td ul li section dl dt dd pre code svg".split())
TAGS |= {"rect", "script"}
ATTRIBUTES = set("class title id href scope colspan span tabindex lang charset name".split())
ATTRIBUTES |= {"content", "http-equiv", "data-sort", "width", "height", "rx", "aria-hidden"}


def html(people, **options):
    """Return the page of a class."""
    file = io.StringIO()
    page.write(iter(people.items() if isinstance(people, dict) else people), file, **options)
    file.getvalue().encode()  # what is in it can be written to a file
    return file.getvalue()


def read(text):
    """Return the elements of a page, which must be as strict as XML."""
    return ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>\n"))


def words(element):
    """Return all text in an element."""
    return " ".join("".join(element.itertext()).split())


def by_class(root, name):
    """Return the elements of a class."""
    return [element for element in root.iter() if name in element.get("class", "").split()]


def cells(root):
    """Return the mark of each cell by what its title says."""
    return {cell.get("title"): cell.text for cell in root.iterfind(".//tbody//td[@title]")}


def sections(root):
    """Return the section of each person, by name."""
    return {section.find("h2").text: section for section in root.iter("section")}


def failing(cause, step=1):
    """Return the results of a person whose program has one failing check, with a cause."""
    result = {**only("fail")[0], "cause": cause, "step": step, "of_step": step}
    return [{**result, "check": f"{step:02}.2"}]


# ---- The heat map


def test_every_person_and_check_is_there():
    """Each cell says in words whose verdict on what it is, and has a mark beside its colour."""
    found = cells(read(html({"ann": made(), "bob": only("pass")})))
    for result in made()[:6]:
        about = f"ann, {result['check']}: {result['verdict'].replace('_', ' ')}"
        assert found[about] == MARKS[result["verdict"]]
    assert found["bob, 02.1: pass"] == MARKS["pass"]
    assert found["bob, 02.2: not judged"] == heatmap.MISSING
    assert found["ann, all of step 3: not judged"] == heatmap.MISSING
    assert found["bob, all of step 2: pass"] == MARKS["pass"]
    assert found["ann, all of step 2: fail"] == MARKS["fail"]


def test_columns_are_steps_and_their_checks():
    """Above a column stands the number of a check, whose sentence is its title and in a list."""
    root = read(html({"ann": made()}))
    steps, numbers = root.iterfind(".//thead/tr")
    assert [head.text for head in steps.iter("th")] == ["step 2 · pid", "step 3 · mounts"]
    assert [head.get("colspan") for head in steps.iter("th")] == ["7", "1"]
    heads = [head.text for head in numbers.iter("th")]
    assert heads == ["person", "steps", "points", "all", *"123456", "all"]
    assert numbers[4].get("title") == "02.1 do as it is told"
    assert "02.6 do as it is told" in words(by_class(root, "titles")[0])


def test_who_got_furthest_comes_first():
    """People are sorted by the programs that pass, then by points, then by name."""
    people = {"dan": made(), "cid": made(), "bob": program(1, "pass"), "ann": []}
    people["abe"] = program(3, "pass", "pass", "fail")
    root = read(html(people))
    rows = [[words(cell) for cell in row[:3]] for row in root.iterfind(".//tbody/tr")]
    assert rows[:2] == [["bob", "1", "1"], ["abe", "0", "2"]]
    assert rows[2:] == [["cid", "0", "1"], ["dan", "0", "1"], ["ann", "0", "0"]]


def test_last_line_says_how_many_pass():
    """Of those who were judged: whoever has handed in nothing is not counted."""
    nothing = verdict.missing(1, "cid")
    people = {"ann": program(1, "pass"), "bob": program(1, "fail"), "cid": nothing}
    foot = read(html(people)).find(".//tfoot/tr")
    assert [words(cell) for cell in foot] == ["% that pass", "", "", "50", "50"]


def test_two_people_who_look_alike_are_two():
    """Names that are shown alike have sections of their own."""
    root = read(html({"ann\0": made(), "ann\1": made()}))
    assert len({section.get("id") for section in root.iter("section")}) == 2


def test_class_of_nobody_has_a_page():
    """Where nobody was judged the page says so."""
    assert "a class of 0" in words(read(html({})).find(".//h1"))


# ---- The causes


def test_causes_are_counted_by_the_people_who_fail():
    """A share is of those whose program of that step fails; there is a bar, and who they are."""
    causes = ["name-before-unshare"] * 11 + ["uts-shared"] * 6 + [None]
    people = {f"p{n:02}": failing(cause) for n, cause in enumerate(causes)}
    people.update(right=program(1, "pass"), wrong=failing(CAUSE, 2))
    root = read(html(people))
    found = {words(cause.find("h4")): cause for cause in by_class(root, "cause")}
    assert list(found) == [
        "61 % of step 1's failures are name-before-unshare (11 people)",
        "33 % of step 1's failures are uts-shared (6 people)",
        "6 % of step 1's failures have no known cause (1 person)",
        f"100 % of step 2's failures are {CAUSE} (1 person)",
    ]
    first = next(iter(found.values()))
    whole, part = (int(rect.get("width")) for rect in first.iter("rect"))
    assert round(100 * part / whole) == 61
    assert [link.text for link in first.iter("a")] == [f"p{n:02}" for n in range(11)]
    assert mistakes.read()["name-before-unshare"].sentence in words(first)
    assert "19 people: 18 fail, 1 pass" in words(by_class(root, "causes")[0])


def test_cause_of_the_step_itself_comes_first():
    """A mistake of step 1 that step 2's program still has is not step 2's, if that has its own."""
    both = [*failing("uts-shared"), *failing(CAUSE, 2)]
    both[0]["of_step"] = 2
    assert summary.of("ann", both).steps[2] == ("fail", CAUSE)
    assert summary.of("ann", both[:1]).steps[2] == ("fail", "uts-shared")


def test_people_without_a_verdict_are_no_failures():
    """Nothing handed in, and nothing that could be judged, are told apart and by name."""
    nothing = verdict.missing(1, "bob")
    unread = verdict.lost(b"", 1, "cid", "no zip")
    text = words(by_class(read(html({"bob": nothing, "cid": unread})), "causes")[0])
    assert "not handed in: bob" in text and "not judged: cid" in text and "%" not in text


# ---- A person


def test_person_reads_what_was_seen_and_how_to_go_on():
    """Of a failure there is all that a learner needs; of what passes only how many."""
    section = sections(read(html({"ann": made()})))["ann"]
    text = words(section)
    assert "1 of 6 points" in text and "Step 2 · pid: 1 of 6 checks pass" in text
    pairs = zip(section.iter("dt"), section.iter("dd"), strict=True)
    fields = [(name.text, words(value)) for name, value in pairs]
    assert fields[:7] == [
        ("expected", "process 1"),
        ("observed", "process 7"),
        ("see", "container.py:12 os.execvp(...)"),
        (None, "NSpid: 7"),
        ("likely", f"{mistakes.read()[CAUSE].sentence} [{CAUSE}]".replace("`", "")),
        ("hint 1", HINT.replace("`", "")),
        ("prove it", mistakes.read()[CAUSE].proof(2)),
    ]
    assert "02.3: after 02.2" in text
    assert ("not here", "no control groups") in fields and ("way out", "make vm") in fields
    assert "in the checker, not in the program: ZeroDivisionError" in text
    assert f"Step 3 · mounts: not judged {UNREAD['observed']}" in text


def test_checks_with_one_cause_are_told_together():
    """The sentence and the hint stand once below all that was seen."""
    results = [{**failing(CAUSE)[0], "check": f"01.{n}"} for n in (2, 3, 4)]
    section = sections(read(html({"ann": results})))["ann"]
    names = [dt.text for dt in section.iter("dt")]
    assert names.count("expected") == 3 and names.count("likely") == names.count("hint 1") == 1


def test_check_that_a_later_program_breaks_is_told():
    """What passes in its own step, and fails in the next, is told of that program."""
    results = [*program(1, "pass"), *program(2, "fail", "pass")]
    section = sections(read(html({"ann": results})))["ann"]
    assert "process 27" in words(section) and "Step 2 · pid: 1 of 1 checks pass" in words(section)
    marks = [words(head)[0] for head in section.iter("h3")]
    assert marks == [MARKS["pass"], MARKS["fail"]]


def test_same_failure_in_a_later_program_is_told_once():
    """A mistake that was never mended is named again by its number alone."""
    results = [*program(1, "fail"), *program(2, "fail", "blocked")]
    text = words(sections(read(html({"ann": results})))["ann"])
    assert text.count("expected") == 1 and "02.1: after 01.1" in text
    assert "✗ as before: 01.1" in text


def test_links_lead_somewhere():
    """Every link of the page leads to a place in it, and no place has the name of another."""
    root = read(html({"ann": made(), "bob": program(1, "fail"), "cid": only("pass")}))
    places = [element.get("id") for element in root.iter() if element.get("id")]
    links = {link.get("href") for link in root.iter("a")}
    assert links == {f"#{place}" for place in places} and len(places) == len(set(places)) == 4


# ---- Nothing from outside, and nothing that a program has printed


def test_page_needs_nothing_else():
    """There is no address in it; one style and one script are allowed, by what is in them."""
    text = html({"ann": made()})
    assert not re.search(r"https?:|//|url\(|@import|\ssrc=|\son\w+=|style=", text.replace("*/", ""))
    root = read(text)
    policy = root.find(".//meta[@http-equiv]").get("content")
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy
    for name in ("style", "script"):
        digest = hashlib.sha256(root.find(f".//{name}").text.encode()).digest()
        assert f"{name}-src 'sha256-{base64.b64encode(digest).decode()}'" in policy
        assert len(list(root.iter(name))) == 1


@hostile
def test_page_holds_any_text(text):
    """Whatever a program prints, or somebody is called, is text."""
    results = spoilt(text)
    results[1]["cause"] = text  # it never is a program's own text
    results[1]["xray"] = [text] * 3
    written = html({text: results, "bob": made()})
    assert is_plain(written) and len(written) < 400_000
    root = read(written)
    assert {element.tag for element in root.iter()} <= TAGS
    assert {name for element in root.iter() for name in element.attrib} <= ATTRIBUTES
    assert len(list(root.iter("script"))) == 1 and len(list(root.iter("section"))) == 2
    shown = " ".join(told.line(text, told.SHORT).split())
    assert shown in [words(head) for head in root.iterfind(".//section/h2")]


def test_memory_does_not_grow_with_the_class():
    """People are read one by one, once; what is kept of each is small."""

    def people(count):
        for number in range(count):
            result = made()[1]
            yield f"p{number:03}", [{**result, "evidence": ["x" * 10_000] * 5}] * 10

    class Nowhere(io.StringIO):
        def write(self, text):
            return len(text)

    peaks = []
    for count in (20, 200):
        tracemalloc.start()
        page.write(people(count), Nowhere())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 180 * 10_000


# ---- The X-ray


def test_xray_is_that_of_the_first_program_that_fails():
    """Only one is shown; with none for that program there is none."""
    first, second = failing(CAUSE, 2), failing(CAUSE, 3)
    first[0]["xray"], second[0]["xray"] = ["  12  os.fork()", "two"], ["three"]
    section = sections(read(html({"ann": [*second, *first]})))["ann"]
    assert [pre.text for pre in by_class(section, "xray")] == ["  12  os.fork()\ntwo"]
    assert "X-ray of the program of step 2" in words(section)
    del first[0]["xray"]
    assert not by_class(sections(read(html({"ann": [*first, *second]})))["ann"], "xray")


def test_xray_that_goes_wrong_costs_only_itself(monkeypatch):
    """Whatever is raised: the results are what they were."""
    results = only("pass", "fail")
    monkeypatch.setattr(see, "traced", lambda *_: 1 / 0)
    xrays.add(results, "container.py", 2)
    assert results[1]["verdict"] == "fail" and not any("xray" in result for result in results)


def test_program_that_passes_has_no_xray(monkeypatch):
    """Nobody needs it, and it would take time."""
    monkeypatch.setattr(see, "traced", None)
    results = only("pass", "cannot_check")
    xrays.add(results, "container.py", 2)
    assert not any("xray" in result for result in results)


def test_xray_from_a_machine_that_lies_is_text_and_short():
    """What a virtual machine says of it is cut to size, and nothing else than lines."""
    assert xrays.accepted({"xray": ["x" * 999, 7]}) == {"xray": ["x" * told.SHORT, "7"]}
    assert len(xrays.accepted({"xray": ["x"] * 999})["xray"]) == xrays.MOST + 1
    assert xrays.accepted({}) == xrays.accepted({"xray": []}) == {}


# ---- Pseudonyms

PEOPLE = ["Ann Lee", "ann", "Émile", "bo", "<b>"]


@pytest.fixture
def hidden(tmp_path):
    """Return the pseudonyms of PEOPLE."""
    made_ = pseudonyms.Pseudonyms(str(tmp_path))
    made_.write(PEOPLE)
    return made_


def test_pseudonyms_stay_and_cannot_be_guessed(tmp_path, hidden):
    """The next run calls everybody the same; another key, something else."""
    again = pseudonyms.Pseudonyms(str(tmp_path))
    names = [hidden.of(person) for person in PEOPLE]
    assert names == [again.of(person) for person in PEOPLE] and len(set(names)) == len(PEOPLE)
    assert all(re.fullmatch(r"learner-[0-9a-f]{8}", name) for name in names)
    os.remove(tmp_path / pseudonyms.KEY)
    assert not set(names) & {pseudonyms.Pseudonyms(str(tmp_path)).of(person) for person in PEOPLE}


def test_who_is_who_is_for_the_owner_alone(tmp_path, hidden):
    """The list and the key can be read by nobody else, also where there was another file."""
    (tmp_path / pseudonyms.LIST).chmod(0o644)
    hidden.write(PEOPLE)
    for name in (pseudonyms.LIST, pseudonyms.KEY):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    with open(tmp_path / pseudonyms.LIST, newline="", encoding="utf-8") as file:
        assert {row["learner"]: row["id"] for row in csv.DictReader(file)} == {
            person: hidden.of(person) for person in PEOPLE
        }


def test_names_are_hidden_wherever_they_are_printed(hidden):
    """In small letters or large, over two lines, in another form of Unicode, the longest first."""
    assert hidden.hide("/home/ANN\n  lee/x") == f"/home/{hidden.of('Ann Lee')}/x"
    assert hidden.hide("ann, bo, bob") == f"{hidden.of('ann')}, {hidden.of('bo')}, bob"
    assert hidden.hide(unicodedata.normalize("NFD", "émile_1")) == f"{hidden.of('Émile')}_1"
    assert hidden.hide("nothing of that kind") == "nothing of that kind"


def test_opaque_page_has_no_name(hidden):
    """Neither as a person's nor in what a program has printed, nor in the X-ray."""
    people = {}
    for person in PEOPLE:
        people[person] = [{**result, "learner": person} for result in made(person)]
        people[person][1].update(observed=f"it is {person}'s", see=f"x = {person!r}", xray=[person])
        people[person][1]["evidence"] = [f"/home/{person}/container.py", "ann lee"]
        people[person][-1]["observed"] = f"the zip {person}.zip cannot be read"
    text = html(people, call=hidden.of, hide=hidden.hide)
    shown = words(read(text)).casefold()
    for person in PEOPLE:
        assert not re.search(rf"\b{re.escape(person.casefold())}\b", shown)
        assert f"it is {hidden.of(person)}'s" in shown
    order = [section.find("h2").text for section in read(text).iter("section")]
    assert order == sorted(map(hidden.of, PEOPLE))  # nor does the order tell


def test_key_that_is_none_is_told_in_a_line(class_, tmp_path):
    """A key that was cut short would give everybody another name without a word."""
    (tmp_path / "out").mkdir()
    (tmp_path / f"out/{pseudonyms.KEY}").write_bytes(b"short")
    answer = grade(class_, tmp_path / "out", "2", "1", "lab", "yes")
    assert answer.status == 2 and "ids.key is no key: remove it" in answer.errors


# ---- make grade


@NO_LAB_ON_LAB
def test_grade_writes_the_page_with_and_without_names(tmp_path):
    """Whoever fails has an X-ray; asked for, a second run has pseudonyms, and judges nothing."""
    class_, out = tmp_path / "class", tmp_path / "out"
    hand_in(class_, "alice", SOLUTION)
    hand_in(class_, "robert", STARTER.replace('"container"', '"robert-box"'))
    answer = grade(class_, out, "2", "1", timeout=10 * PATIENCE)
    assert answer.status == 0 and "report.html" in answer.output, answer.errors
    found = sections(read((out / page.NAME).read_text()))
    assert not by_class(found["alice"], "xray") and by_class(found["robert"], "xray")
    again = grade(class_, out, "2", "1", "lab", "yes")
    assert again.status == 0 and " pass" not in again.errors
    text = (out / page.NAME).read_text().lower()
    assert "learner-" in text and not re.search("alice|robert", text)
    assert "alice" in (out / pseudonyms.LIST).read_text()


@NO_LAB_ON_LAB
def test_page_of_real_verdicts_agrees_with_them():
    """Each verdict of a class of thirty is in its cell, and whoever fails has an X-ray."""
    people = dict(classes.people(30))
    root = read(html(people))
    found, by_name = cells(root), sections(root)
    assert list(by_name) == sorted(people)
    for person, results in people.items():
        for result in told.once(results):
            if not told.is_unread(result):
                about = f"{person}, {result['check']}: {result['verdict'].replace('_', ' ')}"
                assert found[about] == MARKS[result["verdict"]]
        fails = any(r["verdict"] == "fail" and not told.is_unread(r) for r in results)
        assert bool(by_class(by_name[person], "xray")) == fails, person

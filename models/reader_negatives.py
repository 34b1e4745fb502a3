"""Makes questions that a passage does not answer from ones that it does, by rule. Needs nothing but Python.

In : a question, its passage, and the questions of the training set (for words to put in).
Out: a question changed in one place, so that it asks for something else than the passage says: negated, an antonym, or
     another number, name or noun. Some come out unchanged in meaning or ungrammatical: they are noise that training
     has to bear. It draws only from the `random.Random` that it is given.
"""
from __future__ import annotations

import collections
import random
import re
from typing import Optional

SUFFIX_LENGTH = 2  # words that end alike are mostly of one part of speech
SHORTEST_NOUN = 4
SHARE_OF_PASSAGE_WORDS = 0.5  # of the words put in for nouns; the others come from other questions
AUXILIARIES = "is are was were did does do has have had can could will would should".split()
CONTRACTED = {"can": "can't", "will": "won't"}
NEGATIONS = ("n't", "n't", "not", "never")
STOP_WORDS = frozenset(
    "about above after again also although among another because been before being between both called could does "
    "during each from have having into itself many more most much name named only other over same should some such "
    "than that their them then there these they this those through under until very were what when where which while "
    "whom whose will with within without would your type kind used known made".split()
)
ANTONYMS = [
    pair.split("/")
    for pair in (
        "first/last largest/smallest biggest/smallest highest/lowest longest/shortest oldest/newest earliest/latest "
        "most/least more/fewer more/less best/worst better/worse larger/smaller bigger/smaller higher/lower "
        "longer/shorter older/younger earlier/later before/after above/below over/under inside/outside "
        "within/outside with/without increase/decrease increased/decreased increasing/decreasing rise/fall "
        "rose/fell gain/lose gained/lost win/lose won/lost begin/end began/ended beginning/end start/finish "
        "started/stopped start/end starting/ending open/close opened/closed allow/forbid allowed/banned "
        "allowed/prohibited permit/prohibit accept/reject accepted/rejected approved/rejected support/oppose "
        "supported/opposed agree/disagree agreed/disagreed join/leave joined/left enter/leave entered/left "
        "arrive/depart arrived/departed create/destroy created/destroyed built/demolished founded/dissolved "
        "founded/abolished established/abolished formed/disbanded buy/sell bought/sold purchased/sold borrow/lend "
        "import/export imported/exported imports/exports strong/weak stronger/weaker strongest/weakest rich/poor "
        "wealthy/poor high/low large/small big/small long/short old/new ancient/modern early/late young/old "
        "fast/slow hot/cold warm/cold wet/dry hard/soft heavy/light dark/light deep/shallow wide/narrow full/empty "
        "public/private male/female men/women man/woman king/queen father/mother son/daughter brother/sister "
        "husband/wife boy/girl boys/girls north/south east/west northern/southern eastern/western "
        "northeast/southwest northwest/southeast upper/lower top/bottom left/right front/back major/minor "
        "main/minor majority/minority maximum/minimum major/least primary/secondary common/rare popular/unpopular "
        "famous/unknown known/unknown successful/unsuccessful possible/impossible legal/illegal formal/informal "
        "direct/indirect official/unofficial dependent/independent natural/artificial positive/negative "
        "active/passive temporary/permanent internal/external domestic/foreign rural/urban native/foreign "
        "military/civilian included/excluded include/exclude visible/invisible same/different similar/different "
        "similarity/difference advantage/disadvantage advantages/disadvantages benefit/harm cause/prevent "
        "caused/prevented help/hinder helped/hindered improve/worsen improved/worsened raised/lowered raise/lower "
        "attack/defend attacked/defended victory/defeat defeated/lost success/failure succeeded/failed born/died "
        "birth/death life/death live/die lived/died friend/enemy ally/enemy allies/enemies peace/war love/hate "
        "liked/disliked remember/forget found/lost discovered/lost hired/fired appointed/dismissed elected/ousted "
        "married/divorced released/withdrawn released/captured published/banned added/removed add/remove "
        "connected/separated united/divided separate/unite always/never often/rarely usually/rarely "
        "frequently/rarely still/never everyone/nobody all/none many/few much/little presence/absence "
        "present/absent since/until during/before during/after predecessor/successor preceded/followed "
        "ascending/descending beginning/ending hero/villain teacher/student"
    ).split()
]

NUMBER = re.compile(r"\b\d[\d,.]*\d\b|\b\d\b")
NAME = re.compile(r"\b[A-Z][\w'’-]*(?:(?: (?:of|the|de|von|van))* [A-Z][\w'’-]*)*")
WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*")

class NegativeMaker:
    """Changes questions.

    `questions`: those of the training set, whose nouns are put in for others; `shares`: how often each rule (the name
    of a method below) is drawn.
    """

    def __init__(self, questions: list[str], shares: dict[str, int], rng: random.Random) -> None:
        self.rng = rng
        self.antonyms = collections.defaultdict(list)
        for one, other in ANTONYMS:
            self.antonyms[one].append(other)
            self.antonyms[other].append(one)
        self.nouns = collections.defaultdict(list)
        for question in questions:
            for noun in nouns(question):
                self.nouns[noun[-SUFFIX_LENGTH:]].append(noun)
        self.rules = list(shares)
        self.shares = list(shares.values())

    def make(self, question: str, passage: str) -> Optional[str]:
        """The question changed by one rule; None if the rule that was drawn does not apply."""
        rule = self.rng.choices(self.rules, self.shares)[0]
        return getattr(self, rule)(question, passage)

    def negated(self, question: str, passage: str) -> Optional[str]:
        """A negation at the first auxiliary, or `never` after the question word where there is none."""
        words = question.split()
        negation = self.rng.choice(NEGATIONS)
        for position, word in enumerate(words):
            lower = word.lower()
            if lower not in AUXILIARIES:
                continue
            if negation == "n't":
                words[position] = CONTRACTED.get(lower, word + "n't")
            elif position + 2 < len(words):
                words.insert(position + (2 if negation == "never" else 1), negation)
            return " ".join(words)
        if len(words) > 2 and words[0].lower() in ("who", "what", "which"):
            words.insert(1 if words[0].lower() == "who" else 2, "never")
            return " ".join(words)
        return None

    def with_antonym(self, question: str, passage: str) -> Optional[str]:
        """One word replaced with its opposite."""
        found = [match for match in WORD.finditer(question) if match.group().lower() in self.antonyms]
        if not found:
            return None
        match = self.rng.choice(found)
        opposite = self.rng.choice(self.antonyms[match.group().lower()])
        return put(question, match, opposite.capitalize() if match.group()[0].isupper() else opposite)

    def with_other_number(self, question: str, passage: str) -> Optional[str]:
        """One number replaced with another of the passage that has as many digits, or with one near it."""
        found = list(NUMBER.finditer(question))
        if not found:
            return None
        match = self.rng.choice(found)
        number = match.group()
        alike = {other for other in NUMBER.findall(passage) if len(other) == len(number)} - {number}
        if alike:
            return put(question, match, self.rng.choice(sorted(alike)))
        position = self.rng.randrange(len(number))
        if not number[position].isdigit():
            return None
        digit = str((int(number[position]) + self.rng.randrange(1, 10)) % 10)
        return put(question, match, number[:position] + digit + number[position + 1 :])

    def with_other_name(self, question: str, passage: str) -> Optional[str]:
        """One name that the passage has too replaced with another name of the passage, not in the question."""
        found = [match for match in NAME.finditer(question) if match.start() > 0 and match.group() in passage]
        starts_of_sentences = {match.start() for match in re.finditer(r"(?:^|(?<=[.!?] ))[A-Z]", passage)}
        others = sorted(
            {
                match.group()
                for match in NAME.finditer(passage)
                if match.group() not in question and match.start() not in starts_of_sentences
            }
        )
        if not found or not others:
            return None
        match = self.rng.choice(found)
        alike = [other for other in others if len(other.split()) == len(match.group().split())]
        return put(question, match, self.rng.choice(alike or others))

    def with_other_noun(self, question: str, passage: str) -> Optional[str]:
        """One noun (or what looks like one) replaced with another that ends like it."""
        found = [match for match in WORD.finditer(question) if is_noun(match.group()) and match.start() > 0]
        if not found:
            return None
        match = self.rng.choice(found)
        suffix = match.group()[-SUFFIX_LENGTH:]
        others = self.nouns[suffix]
        if self.rng.random() < SHARE_OF_PASSAGE_WORDS:
            others = [noun for noun in nouns(passage) if noun.endswith(suffix)] or others
        if not others:
            return None
        other = self.rng.choice(others)
        return None if other in question else put(question, match, other)


def nouns(text: str) -> list[str]:
    """The words of a text that can pass for nouns."""
    return [word for word in WORD.findall(text) if is_noun(word)]


def is_noun(word: str) -> bool:
    """Lower case, long enough, and no function word."""
    return word.islower() and len(word) >= SHORTEST_NOUN and word not in STOP_WORDS


def put(text: str, match: re.Match, replacement: str) -> str:
    """The text with the matched part replaced."""
    return text[: match.start()] + replacement + text[match.end() :]

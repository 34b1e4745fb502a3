//! Text → index terms, the same for documents and for queries.
//!
//! The text is folded ([`fold`]), then cut by script: words of letters and digits at their borders ([`compound`]),
//! ideographs by a dictionary and into pairs ([`han`]), Thai by a dictionary, kana, Hangul and other scripts without
//! spaces or with particles into pairs. Dates and quantities give one term more, whatever way they are written.

use charabia::segmenter::{Segmenter, ThaiSegmenter};
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

use super::compound;
pub(super) use super::compound::joins;
use super::{dates, fold, han, is_han, units};

/// Version of the terms that this module makes. An index of another version does not match them and is made anew:
/// count it up with every change of what a text's terms are.
pub const VERSION: u32 = 2;
/// Longest term kept, in bytes; what is longer (base64, hashes of files) is cut, not indexed whole.
const MAX_TERM_BYTES: usize = 64;

/// An index term and the place in its text, counted in words (of scripts without spaces: in characters).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    pub text: String,
    pub position: usize,
    /// Positions that it covers, at least 1: a compound, a word of several ideographs.
    pub span: usize,
    pub kind: Kind,
}

/// Where a term comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A word of letters and digits. It stands at its position whatever is around it.
    Word,
    /// Two neighbours of a script without spaces, likewise.
    Pair,
    /// Two neighbours that the dictionary cut as a word.
    WordPair,
    /// A word that a dictionary cut: in another sentence it may be cut otherwise.
    Cut,
    /// Another form of what is there already: a compound as a whole, a date, a quantity, the stem of another language.
    Form,
}

/// What a pair across the border of two words counts for, and a character that is cut by itself, beside a word's 1:
/// each stands in several terms of a query. nDCG@10 of BM25 with 1 / .7 / .5 on qa-zh-paragraphs .9944 / .9952 / .9950, on
/// qa-zh-tw-paragraphs .9710 / .9733 / .9732, on pieces of 2 to 4 characters out of them .886 / .888 / .884.
const PART_WEIGHT: f32 = 0.7;

impl Term {
    /// What the term counts for in a query.
    pub fn weight(&self) -> f32 {
        match self.kind {
            Kind::Pair => PART_WEIGHT,
            Kind::Cut if self.span == 1 => PART_WEIGHT,
            _ => 1.0,
        }
    }
}

/// The terms of a text, by their positions. The language, where it is known, adds that language's stems.
pub fn analyze(text: &str, language: Option<&str>) -> Vec<Term> {
    let folded = fold::characters(text);
    let mut out = Terms { terms: Vec::with_capacity(folded.len() / 4 + 1), position: 0, language };
    let mut rest = &*folded;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let class = Class::of(first);
        let end = match class {
            Class::Gap => first.len_utf8(),
            Class::Word => word_end(rest),
            Class::Segmented => {
                let script = Script::of(first);
                rest.find(|c| Script::of(c) != script && !is_mark(c)).unwrap_or(rest.len())
            }
        };
        let (run, tail) = rest.split_at(end);
        match (class, Script::of(first)) {
            (Class::Gap, _) => {}
            (Class::Word, _) => push_word(run, tail, rest, before, &mut out),
            (Class::Segmented, Script::Han) => han::push(run, &mut out),
            (Class::Segmented, Script::Thai) => push_thai(run, &mut out),
            (Class::Segmented, _) => push_pairs(run, &mut out),
        }
        before = run.chars().next_back().unwrap_or(' ');
        rest = tail;
    }
    out.terms
}

/// The words of [`analyze`] alone, in a language that is not known.
pub fn terms(text: &str) -> Vec<String> {
    terms_in(text, None)
}

/// The words of [`analyze`] alone.
pub fn terms_in(text: &str, language: Option<&str>) -> Vec<String> {
    analyze(text, language).into_iter().map(|term| term.text).collect()
}

/// The same without neighbours that belong to two words: for comparing texts by what they say, not for finding them.
pub fn words_in(text: &str, language: Option<&str>) -> Vec<String> {
    analyze(text, language).into_iter().filter(|term| term.kind != Kind::Pair).map(|term| term.text).collect()
}

/// The terms that a text has, at these distances from one another, wherever it has `phrase`: words of letters, and the
/// pairs of scripts without spaces. A single compound is its whole, which finds it in every spelling. Empty for a single
/// character of such a script, for which the index cannot tell.
pub fn phrase(phrase: &str) -> Vec<(usize, String)> {
    let terms = analyze(phrase, None);
    let end = terms.iter().map(|term| term.position + term.span).max().unwrap_or_default();
    if let Some(whole) = terms.iter().find(|term| term.kind == Kind::Form && term.span > 1 && term.span == end) {
        return vec![(0, whole.text.clone())];
    }
    let certain = terms.into_iter().filter(|term| matches!(term.kind, Kind::Word | Kind::Pair | Kind::WordPair));
    certain.map(|term| (term.position, term.text)).collect()
}

/// Terms as they are collected.
pub struct Terms<'a> {
    terms: Vec<Term>,
    position: usize,
    pub language: Option<&'a str>,
}

impl Terms<'_> {
    /// Adds a term `offset` positions after the current one, unless it is there.
    pub fn push(&mut self, kind: Kind, mut text: String, offset: usize, span: usize) {
        if text.is_empty() {
            return;
        }
        if text.len() > MAX_TERM_BYTES {
            let end = (0..=MAX_TERM_BYTES).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
            text.truncate(end);
        }
        let position = self.position + offset;
        let here = self.terms.iter_mut().rev().take_while(|term| term.position == position);
        match here.into_iter().find(|term| term.text == text) {
            Some(same) if kind == Kind::Pair && same.kind == Kind::Cut => same.kind = Kind::WordPair,
            // What is surely there counts for more than what depends on what follows.
            Some(same) if kind == Kind::Word => (same.kind, same.span) = (kind, span),
            Some(_) => {}
            None => self.terms.push(Term { text, position, span, kind }),
        }
    }

    pub fn advance(&mut self, positions: usize) {
        self.position += positions;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// White space, punctuation, symbols.
    Gap,
    /// Letters and digits of scripts that put spaces between words.
    Word,
    /// Scripts that do not, or that hang particles on their words.
    Segmented,
}

impl Class {
    pub(super) fn of(c: char) -> Class {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' => Class::Word,
            '\0'..='\x7f' => Class::Gap,
            _ if Script::of(c) != Script::Other => Class::Segmented,
            _ if c.is_alphanumeric() => Class::Word,
            _ => Class::Gap,
        }
    }
}

/// How a run of a script without spaces is cut.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Han,
    Thai,
    /// No dictionary here knows its words: every two neighbours are a term.
    Kana,
    Hangul,
    /// Lao, Burmese, Khmer.
    SouthEast,
    Other,
}

impl Script {
    fn of(c: char) -> Script {
        match c {
            '\0'..='\u{dff}' => Script::Other,
            '\u{e00}'..='\u{e7f}' => Script::Thai,
            '\u{e80}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17d3}' => Script::SouthEast,
            '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{30fc}' => Script::Kana,
            '\u{ac00}'..='\u{d7a3}' => Script::Hangul,
            _ if is_han(c) => Script::Han,
            _ => Script::Other,
        }
    }
}

/// End of the compound that `text` starts with: words held together by single joiners.
fn word_end(text: &str) -> usize {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if Class::of(c) == Class::Word || is_mark(c) {
            continue;
        }
        let joined = joins(c) && chars.peek().is_some_and(|&(_, next)| Class::of(next) == Class::Word);
        // A comma joins digits only: `1,200` but not `red,green`.
        let comma_in_words =
            c == ',' && !(ends_in_digit(&text[..at]) && chars.peek().is_some_and(|(_, n)| n.is_ascii_digit()));
        if !joined || comma_in_words {
            return at;
        }
    }
    text.len()
}

pub(super) fn is_mark(c: char) -> bool {
    !c.is_ascii() && is_combining_mark(c)
}

fn ends_in_digit(text: &str) -> bool {
    text.ends_with(|c: char| c.is_ascii_digit())
}

/// A compound with what stands around it: `before` it, `tail` after it; `rest` is both.
fn push_word(run: &str, tail: &str, rest: &str, before: char, out: &mut Terms<'_>) {
    if let Some(date) = dates::at(rest) {
        out.push(Kind::Form, date, 0, 1);
    }
    if let Some(quantity) = units::at(rest) {
        out.push(Kind::Form, quantity, 0, 1);
    }
    // `C++`, `C#`, `.NET`, `.gitignore`: names with a sign.
    let name = match () {
        _ if tail.starts_with("++") => Some(format!("{}++", fold::lower(run))),
        _ if tail.starts_with('#') && run.len() == 1 => Some(format!("{}#", fold::lower(run))),
        _ if before == '.' && run.starts_with(|c: char| c.is_ascii_alphabetic()) => {
            Some(format!(".{}", fold::lower(run)))
        }
        _ => None,
    };
    if let Some(name) = name {
        out.push(Kind::Form, name, 0, 1);
    }
    compound::push(run, out);
}

fn push_thai(run: &str, out: &mut Terms<'_>) {
    for word in ThaiSegmenter.segment_str(run) {
        let characters = word.chars().count();
        out.push(Kind::Cut, word.to_owned(), 0, characters);
        out.advance(characters);
    }
}

/// Every two neighbouring characters, with their marks; a character that stands alone.
fn push_pairs(run: &str, out: &mut Terms<'_>) {
    let bounds: Vec<usize> = run.grapheme_indices(true).map(|(at, _)| at).chain([run.len()]).collect();
    let last = bounds.len() - 1;
    for at in 0..last.saturating_sub(1).max(1) {
        let to = (at + 2).min(last);
        out.push(Kind::Pair, run[bounds[at]..bounds[to]].to_owned(), at, to - at);
    }
    out.advance(last);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{analyze, phrase, terms, terms_in};

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(terms(text).join(" "), expected, "{text}");
    }

    /// Whether each of the texts is found by each of the others' terms, all of them but those that only it has.
    #[track_caller]
    fn meet(one: &str, other: &str) {
        let (left, right) = (terms(one), terms(other));
        assert!(left.iter().any(|term| term.chars().count() > 1 && right.contains(term)), "{left:?} {right:?}");
    }

    #[test]
    fn cuts_folds_and_stems() {
        check("Running shoes", "run shoe");
        check("ERR-4012", "err4012 err 4012");
        check("ＥＲＲ－４０１２", "err4012 err 4012");
        check("err4012", "err4012");
        check("v2.3.1", "2.3.1 v2 2 3 1");
        check("2.3.1", "2.3.1 2 3 1");
        check("1,200 EUR", "1200 eur");
        check("the employee’s well\u{2011}known rights", "the employe wellknown well known right");
        check("ops@example.com", "ops@example.com op exampl com");
        check("max_retries=5", "maxretries max retri 5");
        check("Café CAFE\u{301} cafe", "cafe cafe cafe");
        check("naïve co\u{ad}operate ﬁle 300\u{212a}", "naiv cooper file 300k");
        check("", "");
        check("—…!?", "");
    }

    #[test]
    fn names_of_programmers_are_kept() {
        check("getUserById()", "getuserbyid get user by id");
        check("a HashMap", "a hashmap hash map");
        check("HTTPServer", "httpserver http server");
        check("iPhone mRNA McKay", "iphon mrna mckay");
        check("C++, C# and .NET", "c++ c c# c and .net net");
        check("node.js", "node.js node js");
        check("R&D, U.S.A.", "r&d r d usa u s a");
        check("TCP/IP", "tcp ip");
        meet("e-mail", "email");
        meet("log-in", "login");
        meet("hash_map", "HashMap");
        meet("Ｑ３", "Q3");
    }

    #[test]
    fn dates_and_quantities_have_one_spelling() {
        check("15 GB", "15gb 15 gb");
        check("15GB", "15gb");
        check("31 Jan 2026", "20260131 31 202601 jan 2026");
        let dates = [
            "2026-01-31",
            "31 Jan 2026",
            "January 31st, 2026",
            "2026年1月31日",
            "2026/1/31",
            "31.01.2026",
            "２０２６年１月３１日",
        ];
        for date in dates {
            assert!(terms(date).contains(&"20260131".to_owned()), "{date}");
        }
        for quantity in ["5km", "5 km", "5 kilometres", "5公里", "5公里的路", "５ｋｍ", "5㎞"] {
            assert!(terms(quantity).contains(&"5km".to_owned()), "{quantity}");
        }
        assert!(!terms("3/4/2026").iter().any(|term| term.starts_with("20260")));
    }

    #[test]
    fn chinese_is_cut_into_words_and_pairs() {
        check("软件工程师", "软件 件工 工程 程师 师");
        // Names are in no dictionary, and are cut by what stands beside them.
        for text in ["李晓明确认了", "由李晓明负责", "李晓明"] {
            let found = terms(text);
            assert!(["李晓", "晓明"].iter().all(|pair| found.contains(&(*pair).to_owned())), "{text}: {found:?}");
        }
    }

    #[test]
    fn parts_of_words_count_for_less() {
        let weights: Vec<String> =
            analyze("软件工程师", None).iter().map(|term| format!("{}{}", term.text, term.weight())).collect();
        assert_eq!(weights.join(" "), "软件1 件工0.7 工程1 程师0.7 师0.7");
    }

    #[test]
    fn both_chinese_scripts_are_one() {
        for (traditional, simplified) in [
            ("員工每年享有帶薪年假", "员工每年享有带薪年假"),
            ("後臺開發與網絡機房", "后台开发与网络机房"),
            ("頭髮、發展、乾淨、幹部、干涉", "头发、发展、干净、干部、干涉"),
            ("裡面、公里、麵條、面試", "里面、公里、面条、面试"),
            ("皇后、以後、複雜、回覆", "皇后、以后、复杂、回复"),
        ] {
            assert_eq!(terms(traditional), terms(simplified), "{traditional}");
        }
        // Words that only one script writes so, and that the dictionary cuts in that one alone: their pairs meet.
        for word in ["看著", "瞭解", "週末", "藉由", "回覆", "顯著"] {
            let pair = phrase(word).remove(0).1;
            assert_eq!(pair.chars().count(), 2, "{word}");
            assert!(terms(&pair).contains(&pair), "{word}: {pair}");
        }
    }

    #[test]
    fn words_of_taiwan_find_those_of_the_mainland() {
        for (there, here) in
            [("計程車", "出租车"), ("軟體", "软件"), ("資訊安全", "信息安全"), ("滑鼠", "鼠标"), ("印表機", "打印机")]
        {
            let (there, here) = (terms(there), terms(here));
            let words: Vec<_> = there.iter().filter(|term| here.contains(term)).collect();
            assert!(!words.is_empty(), "{there:?} {here:?}");
        }
        // Inside of other words it is no word.
        assert!(!terms("投資訊息").contains(&"信息".to_owned()));
    }

    #[test]
    fn other_scripts_are_cut() {
        check("データ", "デー ータ");
        check("ﾃﾞｰﾀ", "デー ータ");
        meet("有給休暇は何日ありますか", "休暇");
        meet("연차 휴가는 며칠입니까", "휴가");
        meet("ภาษาไทยง่ายนิดเดียว", "ง่าย");
        meet("ຂໍຂອບໃຈ", "ຂອບໃຈ");
        meet("отпуска сотрудников", "отпуск");
        meet("शिक्षा की नीति", "नीति");
        meet("מדיניות החופשה", "מדיניות");
        meet("سياسة الإجازات", "الاجازات");
        meet("nghỉ phép năm", "nghi phep");
    }

    #[test]
    fn a_known_language_adds_its_stems() {
        assert_eq!(terms_in("Häuser", Some("de")), ["hauser", "haus"]);
        assert_eq!(terms_in("Haus", Some("de")), ["haus"]);
        assert_eq!(terms_in("Häuser", Some("en")), ["hauser"]);
        assert_eq!(terms_in("nghỉ", Some("vi")), ["nghi", "nghỉ"]);
        // An English word in a German text is still found in English.
        assert!(terms_in("Server policies", Some("de")).contains(&"polici".to_owned()));
    }

    #[test]
    fn a_phrase_is_what_surely_stands_side_by_side() {
        let shown =
            |text: &str| phrase(text).iter().map(|(at, term)| format!("{at}{term}")).collect::<Vec<_>>().join(" ");
        assert_eq!(shown("annual leave"), "0annual 1leav");
        assert_eq!(shown("带薪年假"), "0带薪 1薪年 2年假");
        assert_eq!(shown("ERR-4012"), "0err4012");
        assert_eq!(shown("假"), "");
        assert_eq!(shown("VPN连接"), "0vpn 1连接");
    }

    #[test]
    fn long_garbage_is_bounded() {
        let found = terms(&"x9".repeat(10_000));
        assert!(found.iter().all(|term| term.len() <= 64));
    }

    proptest! {
        #[test]
        fn terms_come_in_order_and_phrases_stand_in_their_texts(
            before in "[a-z年假 ]{0,8}",
            inside in "[a-c]{1,5} [年假有薪]{2,6} [a-c]{1,3}",
            after in "[ 年假a-z0-9.\u{300}カ한-]{0,8}",
        ) {
            let text = format!("{before} {inside} {after}");
            let found = analyze(&text, None);
            prop_assert!(found.windows(2).all(|pair| pair[0].position <= pair[1].position));
            let wanted = phrase(&inside);
            let stands = (0..found.len()).any(|from| {
                let at = |offset: usize, term: &str| {
                    found.iter().any(|t| t.position == found[from].position + offset && t.text == term)
                };
                wanted.iter().all(|(offset, term)| at(*offset, term))
            });
            prop_assert!(stands, "{wanted:?} in {found:?}");
        }

        #[test]
        fn any_text_can_be_cut(text in "\\PC{0,80}") {
            prop_assert!(analyze(&text, Some("de")).iter().all(|term| term.text.len() <= 64 && term.span > 0));
        }
    }
}

//! What a text says, by tables of words. Texts are folded and in lower case.

/// Whether the words stand in the text, not inside of longer ones. Between ideographs there are no borders.
pub fn says(text: &str, words: &str) -> bool {
    find(text, words).is_some()
}

/// Where the words stand first.
pub fn find(text: &str, words: &str) -> Option<usize> {
    let in_word = |c: char| c.is_ascii_alphanumeric();
    text.match_indices(words).map(|(at, _)| at).find(|&at| {
        let before = text[..at].chars().next_back();
        let after = text[at + words.len()..].chars().next();
        let cut = |inside: Option<char>, outside: Option<char>| {
            !(inside.is_some_and(in_word) && outside.is_some_and(in_word))
        };
        cut(words.chars().next(), before) && cut(words.chars().next_back(), after)
    })
}

/// Years that the text names: four digits by themselves, 1980 to 2099.
pub fn years(text: &str) -> impl Iterator<Item = i16> + '_ {
    let joins = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '/');
    text.split(move |c: char| !joins(c)).filter_map(|word| {
        let word = word.trim_end_matches(['.', '-', '/']);
        let digits = word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| word.parse().ok()).flatten().filter(|year| (1980..2100).contains(year))
    })
}

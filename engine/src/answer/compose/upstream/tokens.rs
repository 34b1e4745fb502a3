//! How many tokens a text is, when its tokenizer is not at hand: an estimate from its characters that rather says too many.
//!
//! OpenAI's rule of thumb is 4 characters of English a token; 3.5 letters or spaces are counted. Everything else counts a token
//! a character: ideographs, digits (some tokenizers take each by itself), signs, accented letters, other scripts.

/// Tokens are summed in sevenths: two of them are a letter's share at 3.5 letters a token.
const WHOLE: usize = 7;
const LETTER: usize = 2;

/// Estimate for one text.
pub fn estimate(text: &str) -> usize {
    let sevenths: usize = text.chars().map(share).sum();
    sevenths.div_ceil(WHOLE)
}

fn share(c: char) -> usize {
    if c.is_ascii_alphabetic() || c == ' ' { LETTER } else { WHOLE }
}

#[cfg(test)]
mod tests {
    use super::estimate;

    #[test]
    fn letters_share_a_token_and_the_rest_does_not() {
        assert_eq!(estimate(""), 0);
        assert_eq!(estimate("leave of absence"), 5, "16 letters and spaces");
        assert_eq!(estimate("员工每年享有十五天带薪年假。"), 14);
        assert_eq!(estimate("ERR-4012"), 6, "3 letters, 5 others");
    }
}

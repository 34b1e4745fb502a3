//! Bytes → groups, control words, escaped bytes and text.

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Token<'a> {
    Open,
    Close,
    /// A control word and its number.
    Word(&'a str, Option<i32>),
    /// A control symbol: `\~`, `\*`, `\\`.
    Symbol(u8),
    /// `\'xx`.
    Hex(u8),
    /// Plain text, without line breaks.
    Text(&'a [u8]),
}

pub(super) struct Tokens<'a> {
    rest: &'a [u8],
}

impl<'a> Tokens<'a> {
    pub fn new(bytes: &'a [u8]) -> Tokens<'a> {
        Tokens { rest: bytes }
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    fn take_while(&mut self, accept: impl Fn(u8) -> bool) -> &'a [u8] {
        let length = self.rest.iter().position(|byte| !accept(*byte)).unwrap_or(self.rest.len());
        self.take(length)
    }

    /// What follows a backslash.
    fn control(&mut self) -> Option<Token<'a>> {
        if !self.rest.first()?.is_ascii_alphabetic() {
            return Some(match self.take(1).first()? {
                b'\'' => Token::Hex(self.hex()),
                b'\n' | b'\r' => Token::Word("par", None),
                symbol => Token::Symbol(*symbol),
            });
        }
        let word = str::from_utf8(self.take_while(|byte| byte.is_ascii_alphabetic())).ok()?;
        let negative = self.rest.first() == Some(&b'-') && self.rest.get(1).is_some_and(u8::is_ascii_digit);
        self.take(usize::from(negative));
        let digits = str::from_utf8(self.take_while(|byte| byte.is_ascii_digit())).ok()?;
        let number = digits.parse::<i32>().ok().map(|number| if negative { -number } else { number });
        self.take(usize::from(self.rest.first() == Some(&b' ')));
        if word == "bin" {
            // Raw bytes, in which braces mean nothing.
            self.take(number.and_then(|length| usize::try_from(length).ok()).unwrap_or(0));
        }
        Some(Token::Word(word, number))
    }

    fn hex(&mut self) -> u8 {
        let digits = self.rest.get(..2).and_then(|digits| str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                self.take(2);
                byte
            }
            None => b' ',
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.take_while(|byte| matches!(byte, b'\r' | b'\n' | 0));
        match self.rest.first()? {
            b'{' => self.take(1).first().map(|_| Token::Open),
            b'}' => self.take(1).first().map(|_| Token::Close),
            b'\\' => {
                self.take(1);
                self.control()
            }
            _ => Some(Token::Text(self.take_while(|byte| !matches!(byte, b'{' | b'}' | b'\\' | b'\r' | b'\n' | 0)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_symbols_and_binary_data() {
        let tokens: Vec<_> = Tokens::new(b"{\\b0 x\\u-20y\\'d6\\\\\r\n\\bin3 {}}\\~\\").collect();
        assert_eq!(
            tokens,
            [
                Token::Open,
                Token::Word("b", Some(0)),
                Token::Text(b"x"),
                Token::Word("u", Some(-20)),
                Token::Text(b"y"),
                Token::Hex(0xd6),
                Token::Symbol(b'\\'),
                Token::Word("bin", Some(3)),
                Token::Symbol(b'~'),
            ]
        );
    }
}

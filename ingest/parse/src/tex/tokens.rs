//! LaTeX source → commands, groups and text. An argument is read as a piece of source of its own.

/// A place in the source.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub rest: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Token<'a> {
    /// `\name`, without its star; a command of one sign has that as its name.
    Command(&'a str),
    Open,
    Close,
    /// `%` to the end of the line.
    Comment(&'a str),
    /// `$` or `$$` to the next one.
    Math(&'a str),
    Text(&'a str),
}

/// Characters that mean something.
const SPECIAL: &[char] = &['\\', '{', '}', '%', '$', '~', '&'];

impl<'a> Cursor<'a> {
    pub fn next(&mut self) -> Option<Token<'a>> {
        let first = self.rest.chars().next()?;
        Some(match first {
            '\\' => {
                self.advance(1);
                Token::Command(self.command())
            }
            '{' => self.single(Token::Open),
            '}' => self.single(Token::Close),
            '%' => {
                let end = self.rest.find('\n').map_or(self.rest.len(), |end| end + 1);
                // The white space of the next line goes, an empty line stays.
                let comment = self.advance(end);
                let blank = self.rest.len() - self.rest.trim_start_matches([' ', '\t']).len();
                self.advance(blank);
                Token::Comment(comment[1..].trim())
            }
            '$' => {
                let mark = if self.rest.starts_with("$$") { "$$" } else { "$" };
                self.advance(mark.len());
                let end = self.rest.find(mark).or_else(|| self.rest.find("\n\n")).unwrap_or(self.rest.len());
                let math = self.advance(end);
                if self.rest.starts_with(mark) {
                    self.advance(mark.len());
                }
                Token::Math(math)
            }
            '~' => self.single(Token::Text("\u{a0}")),
            '&' => self.single(Token::Command("&tab")),
            _ => {
                let end = self.rest.find(SPECIAL).unwrap_or(self.rest.len());
                Token::Text(self.advance(end))
            }
        })
    }

    fn single(&mut self, token: Token<'a>) -> Token<'a> {
        self.advance(1);
        token
    }

    pub fn advance(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn command(&mut self) -> &'a str {
        let letters = self.rest.find(|c: char| !c.is_ascii_alphabetic() && c != '@').unwrap_or(self.rest.len());
        if letters == 0 {
            let sign = self.rest.chars().next().map_or(0, char::len_utf8);
            return self.advance(sign);
        }
        let name = self.advance(letters);
        let star = usize::from(self.rest.starts_with('*'));
        self.advance(star);
        // Blanks after a name only end it; an empty line ends the paragraph.
        let blank = self.rest.len() - self.rest.trim_start_matches([' ', '\t']).len();
        self.advance(blank);
        if self.rest.starts_with('\n') && !self.rest[1..].trim_start_matches([' ', '\t']).starts_with('\n') {
            self.advance(1);
        }
        name
    }

    /// `[…]`, if one comes next.
    pub fn option(&mut self) -> Option<&'a str> {
        let rest = self.rest.trim_start_matches([' ', '\t']).strip_prefix('[')?;
        let end = closing(rest, '[', ']', MAX_OPTION_BYTES)?;
        self.rest = &rest[end + 1..];
        Some(&rest[..end])
    }

    /// `{…}`, or the next character or command.
    pub fn argument(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        if let Some(rest) = self.rest.strip_prefix('{') {
            let end = closing(rest, '{', '}', MAX_ARGUMENT_BYTES).unwrap_or(rest.len());
            self.rest = rest.get(end + 1..).unwrap_or_default();
            return &rest[..end];
        }
        let before = self.rest;
        if self.rest.starts_with('\\') {
            self.advance(1);
            self.command();
        } else if !self.rest.starts_with('}') {
            let length = self.rest.chars().next().map_or(0, char::len_utf8);
            self.advance(length);
        }
        &before[..before.len() - self.rest.len()]
    }

    /// All up to `\end{name}`, which goes.
    pub fn until_end(&mut self, name: &str) -> &'a str {
        let end = format!("\\end{{{name}}}");
        let at = self.rest.find(&end).unwrap_or(self.rest.len());
        let content = self.advance(at);
        self.advance(end.len());
        content
    }
}

/// Bytes that an argument may have.
const MAX_ARGUMENT_BYTES: usize = 100_000;
const MAX_OPTION_BYTES: usize = 1_000;

/// Where the bracket that is open is closed.
fn closing(text: &str, open: char, close: char, max_bytes: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut escaped = false;
    for (at, character) in text.char_indices().take_while(|(at, _)| *at < max_bytes) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == close && depth == 0 => return Some(at),
            c if c == close => depth -= 1,
            c if c == open => depth += 1,
            _ => {}
        }
    }
    None
}

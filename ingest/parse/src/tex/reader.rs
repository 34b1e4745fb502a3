//! Tokens → blocks.

use std::collections::HashMap;

use taproot_schemas::document::NoteKind;
use unicode_normalization::UnicodeNormalization;

use super::super::grid::Grid;
use super::super::text::{BuiltText, TextBuilder};
use super::super::{BlockKind, ParseError};
use super::tokens::{Cursor, Token};

/// Arguments in arguments, and macros in macros.
const MAX_DEPTH: usize = 12;
/// Macros that are put in, in all.
const MAX_EXPANSIONS: usize = 10_000;
const MAX_MACRO_BYTES: usize = 1_000;

/// Sections and their levels; in an article `\section` is the outermost.
const SECTIONS: &[(&str, u8)] = &[
    ("part", 1),
    ("chapter", 1),
    ("section", 1),
    ("subsection", 2),
    ("subsubsection", 3),
    ("paragraph", 4),
    ("subparagraph", 5),
];

/// Commands whose arguments are not text: how many they have, without options.
#[rustfmt::skip]
const WITHOUT_TEXT: &[(&str, usize)] = &[
    ("label", 1), ("includegraphics", 1), ("input", 1), ("include", 1), ("usepackage", 1), ("documentclass", 1),
    ("bibliography", 1), ("bibliographystyle", 1), ("vspace", 1), ("hspace", 1), ("setlength", 2), ("addtolength", 2),
    ("setcounter", 2), ("color", 1), ("definecolor", 3), ("pagestyle", 1), ("thispagestyle", 1), ("hypersetup", 1),
    ("geometry", 1), ("graphicspath", 1), ("index", 1), ("thanks", 1), ("cline", 1), ("cmidrule", 1), ("fontsize", 2),
    ("renewcommand", 2), ("providecommand", 2), ("newenvironment", 3), ("renewenvironment", 3), ("newtheorem", 2),
    ("DeclareMathOperator", 2), ("linespread", 1), ("captionsetup", 1), ("lstset", 1), ("phantom", 1), ("hypertarget", 1),
    ("rule", 2), ("addcontentsline", 3), ("bibitem", 1), ("vskip", 0), ("useunder", 3), ("setlist", 1), ("rowcolor", 1),
    ("cellcolor", 1), ("resizebox", 2), ("scalebox", 1), ("raisebox", 1), ("parbox", 1), ("multirow", 2),
];

/// Commands that refer to something: the name of it is shown.
const REFERENCES: &[&str] =
    &["cite", "citep", "citet", "citealp", "citeauthor", "parencite", "textcite", "autocite", "footcite"];
/// Commands that refer to a place in the document, which the reader of the text does not see.
const PLACES: &[&str] = &["ref", "eqref", "pageref", "autoref", "cref", "Cref", "nameref", "vref"];

/// Commands that stand for characters.
#[rustfmt::skip]
const CHARACTERS: &[(&str, &str)] = &[
    ("%", "%"), ("&", "&"), ("$", "$"), ("#", "#"), ("_", "_"), ("{", "{"), ("}", "}"), (" ", " "), ("\n", " "),
    (",", " "), (";", " "), (":", " "), ("quad", " "), ("qquad", " "), ("ldots", "…"), ("dots", "…"), ("textellipsis", "…"),
    ("textbackslash", "\\"), ("textasciitilde", "~"), ("textasciicircum", "^"), ("textasciigrave", "`"), ("S", "§"),
    ("P", "¶"), ("copyright", "©"), ("textregistered", "®"), ("texttrademark", "™"), ("textdegree", "°"), ("euro", "€"),
    ("texteuro", "€"), ("pounds", "£"), ("textbar", "|"), ("textless", "<"), ("textgreater", ">"), ("textbullet", "•"),
    ("textendash", "–"), ("textemdash", "—"), ("o", "ø"), ("O", "Ø"), ("ae", "æ"), ("AE", "Æ"), ("oe", "œ"), ("OE", "Œ"),
    ("ss", "ß"), ("aa", "å"), ("AA", "Å"), ("l", "ł"), ("L", "Ł"), ("i", "i"), ("j", "j"), ("TeX", "TeX"),
    ("LaTeX", "LaTeX"), ("newline", "\n"), ("slash", "/"), ("par", "\n\n"), ("textquotedblleft", "“"),
    ("textquotedblright", "”"),
];

/// Accents, as combining characters.
#[rustfmt::skip]
const ACCENTS: &[(&str, char)] = &[
    ("'", '\u{301}'), ("`", '\u{300}'), ("^", '\u{302}'), ("\"", '\u{308}'), ("~", '\u{303}'), ("=", '\u{304}'),
    (".", '\u{307}'), ("c", '\u{327}'), ("v", '\u{30c}'), ("u", '\u{306}'), ("H", '\u{30b}'), ("k", '\u{328}'),
    ("r", '\u{30a}'),
];

const VERBATIM: &[&str] = &["verbatim", "lstlisting", "minted", "alltt", "Verbatim"];
const MATH: &[&str] = &[
    "equation",
    "equation*",
    "align",
    "align*",
    "gather",
    "gather*",
    "multline",
    "multline*",
    "eqnarray",
    "eqnarray*",
    "displaymath",
    "math",
];
const PICTURES: &[&str] = &["tikzpicture", "pgfpicture", "picture", "comment", "filecontents", "filecontents*"];
/// Tables, and how many arguments say how they look.
const TABLES: &[(&str, usize)] =
    &[("tabular", 1), ("tabular*", 2), ("tabularx", 2), ("longtable", 1), ("array", 1), ("tabulary", 2)];
/// Environments with an argument that is not text.
const WITH_ARGUMENT: &[(&str, usize)] =
    &[("minipage", 1), ("wrapfigure", 2), ("thebibliography", 1), ("multicols", 1), ("adjustbox", 1)];

pub(super) struct Reader<'a> {
    builder: TextBuilder,
    pub title: Option<String>,
    pub author: Option<String>,
    /// Of the block at hand.
    text: String,
    kind: BlockKind,
    macros: HashMap<&'a str, &'a str>,
    expansions: usize,
    /// Tables that are open, one in the other.
    tables: usize,
    grid: Grid,
    /// Open lists: the number of the last item, none for bullets.
    lists: Vec<Option<u32>>,
}

impl<'a> Reader<'a> {
    pub fn new(builder: TextBuilder) -> Reader<'a> {
        Reader {
            builder,
            title: None,
            author: None,
            text: String::new(),
            kind: BlockKind::Paragraph,
            macros: HashMap::new(),
            expansions: 0,
            tables: 0,
            grid: Grid::default(),
            lists: Vec::new(),
        }
    }

    /// Reads a document: before `\begin{document}` only definitions count.
    pub fn read(&mut self, source: &'a str) {
        const BEGIN: &str = "\\begin{document}";
        let (preamble, body) = match source.find(BEGIN) {
            Some(at) => (&source[..at], &source[at + BEGIN.len()..]),
            None => ("", source),
        };
        let body = body.find("\\end{document}").map_or(body, |end| &body[..end]);
        self.piece(preamble, 0);
        self.text.clear();
        self.piece(body, 0);
        self.flush();
    }

    pub fn finish(self) -> Result<BuiltText, ParseError> {
        self.builder.finish()
    }

    fn piece(&mut self, source: &'a str, depth: usize) {
        let mut cursor = Cursor { rest: source };
        while let Some(token) = cursor.next() {
            if self.builder.is_full() {
                return;
            }
            match token {
                Token::Text(text) => self.push_text(text),
                Token::Math(math) if math.contains('\n') && self.text.trim().is_empty() => self.push(math),
                Token::Math(math) => self.text.extend(["$", math, "$"]),
                Token::Comment(comment) => {
                    let says_something = comment.chars().any(char::is_alphanumeric);
                    self.builder.note(NoteKind::HiddenText, u32::from(says_something));
                }
                Token::Command(name) => self.command(name, &mut cursor, depth),
                Token::Open | Token::Close => {}
            }
        }
    }

    /// An empty line ends a paragraph, but not a cell.
    fn push_text(&mut self, text: &str) {
        let text = text.replace("---", "—").replace("--", "–").replace("``", "“").replace("''", "”");
        let mut after_break = false;
        for line in text.split_inclusive('\n') {
            if line.trim().is_empty() && after_break && self.tables == 0 {
                self.flush();
            } else {
                self.text.push_str(line);
            }
            after_break = line.ends_with('\n');
        }
    }

    /// Appends without a look at what it means.
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn command(&mut self, name: &'a str, cursor: &mut Cursor<'a>, depth: usize) {
        if let Some((_, level)) = SECTIONS.iter().find(|(section, _)| *section == name) {
            cursor.option();
            let title = self.aside(cursor.argument(), depth);
            self.flush();
            return self.builder.push_heading(*level, &title);
        }
        if let Some((_, accent)) = ACCENTS.iter().find(|(sign, _)| *sign == name) {
            let letters = self.aside(cursor.argument(), depth);
            let mut letters = letters.chars();
            let accented = letters.next().map(|first| [first, *accent].into_iter().nfc().collect::<String>());
            return self.push(&format!("{}{}", accented.unwrap_or_default(), letters.as_str()));
        }
        if let Some((_, character)) = CHARACTERS.iter().find(|(known, _)| *known == name) {
            return self.push_text(character);
        }
        if let Some((_, arguments)) = WITHOUT_TEXT.iter().find(|(known, _)| *known == name) {
            return skip(cursor, *arguments);
        }
        if REFERENCES.contains(&name) {
            while cursor.option().is_some() {}
            let keys = cursor.argument();
            return self.text.extend(["[", keys, "]"]);
        }
        if PLACES.contains(&name) {
            cursor.argument();
            return;
        }
        match name {
            "begin" => self.begin(cursor.argument(), cursor, depth),
            "end" => self.end(cursor.argument()),
            "item" => self.item(cursor.option(), depth),
            "caption" => {
                cursor.option();
                let caption = self.aside(cursor.argument(), depth);
                self.builder.push(BlockKind::Paragraph, &caption);
            }
            "title" => self.title = Some(self.aside(cursor.argument(), depth)),
            "author" => self.author = Some(self.aside(cursor.argument(), depth)),
            "and" => {
                self.text.truncate(self.text.trim_end().len());
                self.push(", ");
            }
            "date" => {
                cursor.argument();
            }
            "footnote" => {
                let note = self.aside(cursor.argument(), depth);
                self.text.extend([" (", note.trim(), ")"]);
            }
            "href" => {
                let address = cursor.argument();
                let text = self.aside(cursor.argument(), depth);
                self.builder.push_link(&text, address);
                self.push(&text);
            }
            "url" => {
                let address = cursor.argument();
                self.builder.push_link("", address);
                self.push(address);
            }
            "textcolor" | "colorbox" => {
                cursor.argument();
            }
            "multicolumn" => skip(cursor, 2),
            "newcommand" | "def" => self.define(name, cursor),
            "verb" => self.verb(cursor),
            "[" | "(" => self.math(if name == "[" { "\\]" } else { "\\)" }, cursor),
            "&tab" if self.tables > 0 => self.grid.end_cell(&std::mem::take(&mut self.text)),
            "&tab" => self.push("&"),
            "\\" | "tabularnewline" if self.tables > 0 => {
                cursor.option();
                self.end_row();
            }
            "\\" => {
                cursor.option();
                self.push("\n");
            }
            _ => self.expand(name, depth),
        }
    }

    fn expand(&mut self, name: &str, depth: usize) {
        if let Some(content) = self.macros.get(name).copied().filter(|_| depth < MAX_DEPTH)
            && self.expansions < MAX_EXPANSIONS
        {
            self.expansions += 1;
            self.piece(content, depth + 1);
        }
    }

    /// `\newcommand{\name}{…}` and `\def\name{…}`; macros with arguments leave their arguments as text.
    fn define(&mut self, how: &str, cursor: &mut Cursor<'a>) {
        let name = cursor.argument().trim().trim_start_matches('\\');
        let has_arguments = if how == "def" { !cursor.rest.starts_with('{') } else { cursor.option().is_some() };
        if how == "def" && has_arguments {
            let start = cursor.rest.find('{').unwrap_or(cursor.rest.len());
            cursor.advance(start);
        }
        cursor.option();
        let content = cursor.argument();
        if !has_arguments && content.len() <= MAX_MACRO_BYTES {
            self.macros.insert(name, content);
        }
    }

    /// The text of an argument.
    fn aside(&mut self, source: &'a str, depth: usize) -> String {
        if depth >= MAX_DEPTH {
            return source.to_owned();
        }
        let outer = std::mem::take(&mut self.text);
        let tables = std::mem::replace(&mut self.tables, 0);
        // An empty line in an argument must not end the block around it.
        for part in source.split("\n\n") {
            self.piece(part, depth + 1);
            self.text.push(' ');
        }
        self.tables = tables;
        std::mem::replace(&mut self.text, outer).trim().to_owned()
    }

    fn begin(&mut self, name: &'a str, cursor: &mut Cursor<'a>, depth: usize) {
        if let Some((_, arguments)) = TABLES.iter().find(|(table, _)| *table == name) {
            cursor.option();
            skip(cursor, *arguments);
            if self.tables == 0 {
                self.flush();
            }
            self.tables += 1;
            return;
        }
        if let Some((_, arguments)) = WITH_ARGUMENT.iter().find(|(known, _)| *known == name) {
            return skip(cursor, *arguments);
        }
        if PICTURES.contains(&name) {
            cursor.until_end(name);
            return;
        }
        if VERBATIM.contains(&name) {
            self.flush();
            cursor.option();
            if name == "minted" {
                cursor.argument();
            }
            self.builder.push(BlockKind::Code, cursor.until_end(name));
            return;
        }
        if MATH.contains(&name) {
            let math = cursor.until_end(name);
            return self.push(math);
        }
        cursor.option();
        self.flush();
        match name {
            "itemize" | "description" => self.lists.push(None),
            "enumerate" => self.lists.push(Some(0)),
            "abstract" if depth == 0 => self.builder.push_heading(1, "Abstract"),
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        if TABLES.iter().any(|(table, _)| *table == name) && self.tables > 0 {
            self.tables -= 1;
            if self.tables == 0 {
                if !self.text.trim().is_empty() {
                    self.end_row();
                }
                self.text.clear();
                self.grid.flush(&mut self.builder);
            }
            return;
        }
        self.flush();
        if matches!(name, "itemize" | "enumerate" | "description") {
            self.lists.pop();
        }
    }

    fn item(&mut self, label: Option<&'a str>, depth: usize) {
        self.flush();
        self.kind = BlockKind::ListItem;
        if let Some(label) = label {
            let label = self.aside(label, depth);
            self.text.extend([label.as_str(), " "]);
        } else if let Some(Some(number)) = self.lists.last_mut() {
            *number = number.saturating_add(1);
            self.text = format!("{number}. ");
        }
    }

    fn end_row(&mut self) {
        let text = std::mem::take(&mut self.text);
        self.grid.end_cell(&text);
        self.grid.end_row(|_| false);
    }

    fn verb(&mut self, cursor: &mut Cursor<'a>) {
        let Some(mark) = cursor.rest.chars().next() else { return };
        cursor.advance(mark.len_utf8());
        let end = cursor.rest.find([mark, '\n']).unwrap_or(cursor.rest.len());
        let text = cursor.advance(end);
        cursor.advance(mark.len_utf8());
        self.push(text);
    }

    fn math(&mut self, end: &str, cursor: &mut Cursor<'a>) {
        let at = cursor.rest.find(end).unwrap_or(cursor.rest.len());
        let math = cursor.advance(at);
        cursor.advance(end.len());
        self.push(math);
    }

    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        if self.builder.push(self.kind, &text).is_some() {
            self.kind = BlockKind::Paragraph;
        }
    }
}

fn skip(cursor: &mut Cursor<'_>, arguments: usize) {
    while cursor.option().is_some() {}
    for _ in 0..arguments {
        cursor.argument();
        while cursor.option().is_some() {}
    }
}

//! A mail as all formats of mails have it → a document, and the documents that it holds.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{Display, Formatter};
use std::ops::ControlFlow;

use serde_json::Value;

use super::super::nested::{self, Member, Names};
use super::super::text::{BuiltText, TextBuilder, normalized, writes_without_spaces};
use super::super::{BlockKind, ParseError, Parsed, ParsedDocument, Sink, Source, html, plain, rtf};

/// A picture in the text of a mail that is smaller than this says nothing.
pub(super) const MIN_PICTURE_BYTES: usize = 5 * 1024;

/// Recipients that are named in the text; the metadata has all of them.
const MAX_NAMED: usize = 20;

#[derive(Default)]
pub(super) struct Mail<'a> {
    pub subject: String,
    pub from: Vec<Person>,
    pub to: Vec<Person>,
    pub cc: Vec<Person>,
    /// ISO 8601.
    pub date: Option<String>,
    /// Without its angle brackets.
    pub message_id: Option<String>,
    pub language: Option<String>,
    pub keywords: Option<String>,
    /// What its calendar invitations say, a line each.
    pub invitation: Vec<String>,
    pub body: Vec<Body>,
    pub attachments: Vec<Attachment<'a>>,
}

pub(super) enum Body {
    Plain(String),
    Html(String),
    Rtf(Vec<u8>),
}

pub(super) struct Attachment<'a> {
    /// A file name, which need not be clean; none when it has none.
    pub name: Option<String>,
    /// By what the mail says.
    pub media_type: String,
    /// It stands in the text of the mail.
    pub is_inline: bool,
    pub content: Content<'a>,
}

impl Attachment<'_> {
    /// A picture in the text. Outlook gives files, too, what makes them stand in the text.
    fn is_picture(&self) -> bool {
        self.is_inline && self.media_type.starts_with("image/")
    }
}

/// How to get at an attachment; it is not held before its turn.
pub(super) enum Content<'a> {
    File(Box<dyn FnOnce() -> Result<Cow<'a, [u8]>, ParseError> + 'a>),
    /// A mail that is no run of bytes.
    Mail(Box<dyn FnOnce() -> Result<Mail<'a>, ParseError> + 'a>),
}

/// Shown as `Name <address>`, or what there is of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Person {
    name: Option<String>,
    pub address: Option<String>,
}

impl Person {
    /// None when there is nothing of it.
    pub fn new(name: Option<&str>, address: Option<&str>) -> Option<Person> {
        let told = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let (name, address) = (name.and_then(told), address.and_then(told));
        // Programs repeat an address as the name.
        let name = name.filter(|name| address.as_ref().is_none_or(|address| name != address));
        (name.is_some() || address.is_some()).then_some(Person { name, address })
    }

    /// Reads `Name <address>`, or either of them.
    pub fn written(text: &str) -> Option<Person> {
        match text.split_once('<') {
            Some((name, address)) => {
                Person::new(Some(name.trim().trim_matches('"')), Some(address.trim().trim_end_matches('>')))
            }
            None if text.contains('@') => Person::new(None, Some(text)),
            None => Person::new(Some(text), None),
        }
    }
}

impl Display for Person {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match (&self.name, &self.address) {
            (Some(name), Some(address)) if !name.contains(address.as_str()) => write!(f, "{name} <{address}>"),
            (name, address) => f.write_str(name.as_ref().or(address.as_ref()).map_or("", String::as_str)),
        }
    }
}

/// Hands out the document of a mail, then what is attached to it.
///
/// # Errors
/// The mail itself is no document. What is wrong with attachments is handed out.
pub(super) fn hand_out(mail: Mail<'_>, source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let (files, attachments) = named(mail.attachments);
    let mail = Mail { attachments: Vec::new(), ..mail };
    let document = document(mail, &files, source)?;
    if sink(Parsed::Document(document)).is_break() {
        return Ok(());
    }
    for (path, attachment) in attachments {
        let flow = hand_in(&path, attachment, source, sink);
        // Without a budget no attachment can be read; the mail is, and so are the mails after it.
        let flow = flow.unwrap_or_else(|error| sink(nested::failed(format!("!/{path}"), &error)));
        if flow.is_break() {
            break;
        }
    }
    Ok(())
}

/// Gives each attachment a path of its own, and lists the paths of those that somebody named.
fn named(attachments: Vec<Attachment<'_>>) -> (Vec<String>, Vec<(String, Attachment<'_>)>) {
    let mut names = Names::default();
    let mut files = Vec::new();
    let named = attachments.into_iter().enumerate().map(|(index, attachment)| {
        let path = match &attachment.name {
            Some(name) => names.unique(name),
            None => names.unique(&format!("part {}{}", index + 1, extension(&attachment.media_type))),
        };
        if attachment.name.is_some() && !attachment.is_picture() {
            files.push(path.clone());
        }
        (path, attachment)
    });
    let named = named.collect();
    (files, named)
}

/// What the name of a nameless part ends with, where its content alone does not tell what it is.
fn extension(media_type: &str) -> &'static str {
    match media_type {
        "text/html" => ".html",
        "text/csv" => ".csv",
        "text/markdown" => ".md",
        "message/rfc822" | "message/global" => ".eml",
        media_type if media_type.starts_with("text/") || media_type.starts_with("message/") => ".txt",
        _ => "",
    }
}

fn hand_in(
    path: &str,
    attachment: Attachment<'_>,
    source: &Source<'_>,
    sink: &mut Sink<'_>,
) -> Result<ControlFlow<()>, ParseError> {
    let is_picture = attachment.is_picture();
    match attachment.content {
        Content::File(read) => match read() {
            Ok(bytes) => {
                if is_picture && bytes.len() < MIN_PICTURE_BYTES {
                    return Ok(ControlFlow::Continue(()));
                }
                nested::parse(source, &Member { path, bytes: &bytes, part_of: Some("") }, sink)
            }
            Err(error) => Ok(sink(nested::failed(format!("!/{path}"), &error))),
        },
        Content::Mail(read) => {
            let member = Member { path, bytes: &[], part_of: Some("") };
            nested::open(source, &member, sink, |source, sink| hand_out(read()?, source, sink))
        }
    }
}

fn document(mail: Mail<'_>, files: &[String], source: &Source<'_>) -> Result<ParsedDocument, ParseError> {
    let mut builder = TextBuilder::new(source.limits.max_document_chars);
    builder.push_heading(1, &mail.subject);
    let date = mail.date.as_deref().map(readable).into_iter().collect();
    let shown = |people: &[Person]| people.iter().map(Person::to_string).collect::<Vec<_>>();
    let lines = [
        ("From", shown(&mail.from)),
        ("To", shown(&mail.to)),
        ("Cc", shown(&mail.cc)),
        ("Date", date),
        ("Attachments", files.to_vec()),
    ];
    for (label, values) in lines {
        if !values.is_empty() {
            let more = if values.len() > MAX_NAMED { ", …" } else { "" };
            let named = values.iter().take(MAX_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
            builder.push(BlockKind::ListItem, &format!("{label}: {named}{more}"));
        }
    }
    for line in &mail.invitation {
        builder.push(BlockKind::ListItem, line);
    }
    for body in mail.body {
        push(&mut builder, body);
    }
    let built = builder.finish()?;
    let subject = Some(normalized(&mail.subject)).filter(|subject| !subject.is_empty());
    let author = mail.from.first().map(|person| person.name.as_ref().or(person.address.as_ref()));
    let texts = [
        ("subject", subject.clone()),
        ("author", author.flatten().cloned()),
        ("date", mail.date),
        ("message_id", mail.message_id),
        ("language", mail.language),
        ("keywords", mail.keywords),
    ];
    let texts = texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), Value::from(text?))));
    // Each address and each name is a value of its own, so that one can filter by either.
    let people =
        [("from", mail.from), ("to", mail.to), ("cc", mail.cc)].into_iter().filter(|(_, people)| !people.is_empty());
    let people = people.map(|(key, people)| {
        let values = people.into_iter().flat_map(|person| [person.address, person.name]).flatten();
        (key.to_owned(), values.map(Value::from).collect())
    });
    let metadata: BTreeMap<String, Value> = texts.chain(people).collect();
    Ok(ParsedDocument { title: subject, metadata, ..built.into_document(source.media_type) })
}

/// `2024-05-03T14:02:00+08:00` → `2024-05-03 14:02 +08:00`
fn readable(date: &str) -> String {
    let zone = date.get(19..).unwrap_or_default();
    let zone = if zone == "Z" { "UTC" } else { zone };
    match (date.get(..10), date.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute} {zone}"),
        _ => date.to_owned(),
    }
}

fn push(builder: &mut TextBuilder, body: Body) {
    match body {
        Body::Plain(text) => plain::push_paragraphs(builder, &paragraphs(&text)),
        Body::Html(page) => html::push_fragment(builder, &page),
        Body::Rtf(bytes) => drop(rtf::push(builder, &bytes)),
    }
}

/// Lines of a plain body in which a line break ends a paragraph are wider than this: no program wrapped them.
const UNWRAPPED_COLUMNS: usize = 100;
/// In a wrapped body, a line that is narrower than this and ends with a mark was not wrapped: a greeting, an address.
const SHORT_COLUMNS: usize = 55;

/// A plain body with an empty line wherever a paragraph ends. A paragraph that is quoted gets one mark at its start,
/// instead of one for each of its lines, and ends where the depth of quoting changes.
fn paragraphs(text: &str) -> String {
    let is_wrapped = text.lines().all(|line| columns(line) <= UNWRAPPED_COLUMNS);
    let mut paragraphs = String::with_capacity(text.len());
    let mut depth = 0;
    let mut goes_on = false;
    for line in text.lines() {
        let content = line.trim_start_matches(['>', ' ']);
        let marks = line[..line.len() - content.len()].matches('>').count();
        let content = if marks == 0 { line } else { content };
        if marks != depth || content.trim().is_empty() {
            paragraphs.push('\n');
            goes_on = false;
        }
        depth = marks;
        if marks > 0 && !goes_on && !content.trim().is_empty() {
            paragraphs.extend(std::iter::repeat_n('>', marks.min(9)));
            paragraphs.push(' ');
        }
        paragraphs.push_str(content);
        paragraphs.push('\n');
        goes_on = is_wrapped && !is_short(content);
        if !goes_on {
            paragraphs.push('\n');
        }
    }
    paragraphs
}

fn is_short(line: &str) -> bool {
    let ends = line.trim_end().ends_with(['.', ',', ':', ';', '!', '?', '。', '，', '：', '；', '！', '？']);
    ends && columns(line) < SHORT_COLUMNS
}

/// Chinese characters are two columns wide.
fn columns(line: &str) -> usize {
    line.chars().map(|character| 1 + usize::from(writes_without_spaces(character))).sum()
}

/// Of a body in two forms the one that says more: the plain one, unless it is much shorter or the other has tables.
pub(super) fn better(plain: String, page: String, source: &Source<'_>) -> Body {
    let mut builder = TextBuilder::new(source.limits.max_document_chars);
    html::push_fragment(&mut builder, &page);
    let Ok(built) = builder.finish() else { return Body::Plain(plain) };
    let letters = |text: &str| text.chars().filter(|character| !character.is_whitespace()).count();
    if has_table(&built) || letters(&plain) * 2 < letters(&built.text) { Body::Html(page) } else { Body::Plain(plain) }
}

fn has_table(built: &BuiltText) -> bool {
    built.blocks.windows(2).any(|pair| pair.iter().all(|block| matches!(block.kind, BlockKind::TableRow { .. })))
}

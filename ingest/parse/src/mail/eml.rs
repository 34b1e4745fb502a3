//! A mail as it travels: headers and a tree of MIME parts.

use mail_parser::{Address, HeaderName, HeaderValue, MimeHeaders};

use super::super::plain::refuse_too_long;
use super::super::{ParseError, Sink, Source};
use super::calendar;
use super::message::{self, Attachment, Body, Content, Mail, Person};
use super::mime::Part;
use super::words::{decode_header, decode_text};

/// Parts in parts; mails attached to mails count anew.
const MAX_DEPTH: usize = 50;
/// Parts of one mail.
const MAX_PARTS: u32 = 10_000;

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    message::hand_out(read(source.bytes, source)?, source, sink)
}

/// Reads a mail. `source` is the file that it lies in.
///
/// # Errors
/// Encrypted, without any header, or with more parts than a mail has.
pub(super) fn read<'a>(bytes: &'a [u8], source: &Source<'_>) -> Result<Mail<'a>, ParseError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let root = Part::read(bytes, "text/plain");
    if root.headers().is_none_or(|headers| headers.headers().is_empty()) {
        return Err(ParseError::corrupt("it has no mail headers"));
    }
    let mut mail = Mail::default();
    let mut walk = Walk { source, mail: &mut mail, parts: 0, encrypted: false, charset: None };
    let body = walk.part(&root, 0)?;
    let (encrypted, charset) = (walk.encrypted, walk.charset);
    if encrypted && body.is_empty() {
        return Err(ParseError::Encrypted);
    }
    mail.body = body;
    describe(&root, charset.as_deref(), &mut mail);
    Ok(mail)
}

/// What the headers say. `charset` is that of the first text.
fn describe(root: &Part<'_>, charset: Option<&str>, mail: &mut Mail<'_>) {
    let Some(headers) = root.headers() else { return };
    let text = |name: HeaderName<'static>| root.raw_header(&name).map(|value| decode_header(value, charset));
    let people = |name: HeaderName<'static>, address: Option<&Address<'_>>| {
        let people = address.map(people).unwrap_or_default();
        // The library decodes word by word and takes all else for UTF-8.
        if people.iter().any(|person| person.to_string().contains(char::REPLACEMENT_CHARACTER)) {
            return text(name).iter().flat_map(|value| value.split(',')).filter_map(Person::written).collect();
        }
        people
    };
    mail.subject = text(HeaderName::Subject).unwrap_or_default();
    mail.from = people(HeaderName::From, headers.from().or(headers.sender()));
    mail.to = people(HeaderName::To, headers.to());
    mail.cc = people(HeaderName::Cc, headers.cc());
    mail.date = headers.date().filter(|date| date.is_valid()).map(|date| date.to_rfc3339());
    mail.message_id = headers.message_id().map(|id| id.trim().to_owned()).filter(|id| !id.is_empty());
    mail.language = match headers.content_language() {
        HeaderValue::Text(language) => Some(language.to_string()),
        HeaderValue::TextList(languages) => languages.first().map(|language| language.to_string()),
        _ => None,
    };
    mail.keywords = text(HeaderName::Keywords).map(|words| words.trim().to_owned()).filter(|words| !words.is_empty());
}

pub(super) fn people(address: &Address<'_>) -> Vec<Person> {
    address.iter().filter_map(|person| Person::new(person.name(), person.address())).collect()
}

/// On the way through the parts of a mail.
struct Walk<'w, 'a> {
    source: &'w Source<'w>,
    mail: &'w mut Mail<'a>,
    parts: u32,
    encrypted: bool,
    charset: Option<String>,
}

impl<'a> Walk<'_, 'a> {
    /// The text of a part; what is attached goes to the mail.
    fn part(&mut self, part: &Part<'a>, depth: usize) -> Result<Vec<Body>, ParseError> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            return Err(ParseError::TooManyParts { limit: MAX_PARTS });
        }
        let (kind, subtype) = part.media_type.split_once('/').unwrap_or((&part.media_type, ""));
        match (kind, subtype) {
            ("multipart", "encrypted") => self.encrypted = true,
            ("multipart", subtype) => return self.multipart(part, subtype, depth),
            ("text", "calendar") => {
                let calendar = decode_text(&part.content(), part.parameter("charset").or(Some("utf-8")));
                // Invitations are sent in the text and once more as a file.
                if self.mail.invitation.is_empty() {
                    self.mail.invitation = calendar::lines(&calendar);
                }
            }
            ("text", "plain" | "html") if !part.is_attachment && part.parameter("name").is_none() => {
                return Ok(self.text(part, subtype)?.into_iter().collect());
            }
            ("message", "delivery-status" | "disposition-notification") => {
                return Ok(self.text(part, "plain")?.into_iter().collect());
            }
            ("application", "pkcs7-signature" | "x-pkcs7-signature" | "pgp-signature" | "pgp-keys") => {}
            ("application", "pkcs7-mime" | "x-pkcs7-mime")
                if part.parameter("smime-type").is_none_or(|kind| !kind.eq_ignore_ascii_case("signed-data")) =>
            {
                self.encrypted = true;
            }
            _ => self.attach(part),
        }
        Ok(Vec::new())
    }

    fn multipart(&mut self, part: &Part<'a>, subtype: &str, depth: usize) -> Result<Vec<Body>, ParseError> {
        if depth >= MAX_DEPTH {
            return Err(ParseError::corrupt(format!("its parts lie in each other more than {MAX_DEPTH} deep")));
        }
        let assumed = if subtype == "digest" { "message/rfc822" } else { "text/plain" };
        let pieces = part.parts();
        // Without its boundary there is nothing to tell the parts by; the text is there all the same.
        if pieces.is_empty() {
            return Ok(self.text(part, "plain")?.into_iter().collect());
        }
        let mut body = Vec::new();
        for piece in pieces {
            body.extend(self.part(&Part::read(piece, assumed), depth + 1)?);
        }
        Ok(if subtype == "alternative" { self.alternative(body) } else { body })
    }

    fn alternative(&self, bodies: Vec<Body>) -> Vec<Body> {
        let (mut plain, mut page) = (String::new(), String::new());
        for body in bodies {
            match body {
                Body::Plain(text) => plain.extend([text.as_str(), "\n\n"]),
                Body::Html(text) => page.push_str(&text),
                Body::Rtf(_) => {}
            }
        }
        vec![match (plain.trim().is_empty(), page.is_empty()) {
            (_, true) => Body::Plain(plain),
            (true, false) => Body::Html(page),
            (false, false) => message::better(plain, page, self.source),
        }]
    }

    fn text(&mut self, part: &Part<'a>, subtype: &str) -> Result<Option<Body>, ParseError> {
        let charset = part.parameter("charset");
        if self.charset.is_none() {
            self.charset = charset.map(str::to_owned);
        }
        let content = part.content();
        if subtype == "plain" {
            refuse_too_long(&content, self.source.limits.max_document_chars)?;
        }
        let text = decode_text(&content, charset);
        if text.trim_start().starts_with("-----BEGIN PGP MESSAGE-----") {
            self.encrypted = true;
            return Ok(None);
        }
        Ok(match subtype {
            _ if text.trim().is_empty() => None,
            "html" => Some(Body::Html(text)),
            _ => Some(Body::Plain(text)),
        })
    }

    fn attach(&mut self, part: &Part<'a>) {
        let is_mail = matches!(part.media_type.as_str(), "message/rfc822" | "message/global");
        let content = part.content_reader();
        let name = part.name().or_else(|| {
            let inner = is_mail.then(|| part.content())?;
            let inner = Part::read(&inner, "text/plain");
            let subject = decode_header(inner.raw_header(&HeaderName::Subject)?, None);
            let subject = subject.trim().replace(['/', '\\'], "-");
            (!subject.is_empty()).then(|| format!("{subject}.eml"))
        });
        self.mail.attachments.push(Attachment {
            name,
            media_type: part.media_type.clone(),
            is_inline: part.is_inline && !part.is_attachment,
            content: Content::File(Box::new(move || Ok(content()))),
        });
    }
}

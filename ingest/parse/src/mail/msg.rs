//! Outlook's messages: an OLE container of properties (MS-OXMSG, MS-OXPROPS).
//!
//! Texts are UTF-16 or in a code page, which the message names, wrongly at times. The body is there in up to three
//! forms: plain, HTML, and RTF, which is compressed (MS-OXRTFCP) and read when there is no other.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use encoding_rs::{Encoding, UTF_8, UTF_16LE, WINDOWS_1252};
use jiff::Timestamp;
use mail_parser::MessageParser;

use super::super::encoding::{code_page, decode, guess};
use super::super::ole::{Container, Entry};
use super::super::{ParseError, Sink, Source};
use super::eml;
use super::message::{self, Attachment, Body, Content, Mail, Person};

mod compressed_rtf;

/// Identifiers of properties (MS-OXPROPS, section 2).
mod id {
    pub const MESSAGE_CLASS: u16 = 0x001a;
    pub const SUBJECT: u16 = 0x0037;
    pub const CLIENT_SUBMIT_TIME: u16 = 0x0039;
    pub const SENT_REPRESENTING_NAME: u16 = 0x0042;
    pub const SENT_REPRESENTING_ADDRESS: u16 = 0x0065;
    pub const TRANSPORT_HEADERS: u16 = 0x007d;
    pub const RECIPIENT_TYPE: u16 = 0x0c15;
    pub const SENDER_NAME: u16 = 0x0c1a;
    pub const SENDER_ADDRESS: u16 = 0x0c1f;
    pub const DISPLAY_CC: u16 = 0x0e03;
    pub const DISPLAY_TO: u16 = 0x0e04;
    pub const DELIVERY_TIME: u16 = 0x0e06;
    pub const BODY: u16 = 0x1000;
    pub const RTF: u16 = 0x1009;
    pub const HTML: u16 = 0x1013;
    pub const MESSAGE_ID: u16 = 0x1035;
    pub const DISPLAY_NAME: u16 = 0x3001;
    pub const EMAIL_ADDRESS: u16 = 0x3003;
    pub const ATTACH_DATA: u16 = 0x3701;
    pub const ATTACH_SHORT_NAME: u16 = 0x3704;
    pub const ATTACH_METHOD: u16 = 0x3705;
    pub const ATTACH_NAME: u16 = 0x3707;
    pub const ATTACH_MEDIA_TYPE: u16 = 0x370e;
    pub const ATTACH_CONTENT_ID: u16 = 0x3712;
    pub const SMTP_ADDRESS: u16 = 0x39fe;
    pub const INTERNET_CODE_PAGE: u16 = 0x3fde;
    pub const MESSAGE_CODE_PAGE: u16 = 0x3ffd;
    pub const SENDER_SMTP_ADDRESS: u16 = 0x5d01;
    pub const SENT_REPRESENTING_SMTP_ADDRESS: u16 = 0x5d02;
}

/// Types of properties (MS-OXCDATA, section 2.11.1).
const STRING: u16 = 0x001f;
const STRING_8: u16 = 0x001e;
const BINARY: u16 = 0x0102;
const OBJECT: u16 = 0x000d;

/// Values of the attach method (MS-OXCMSG, section 2.2.2.9).
const BY_REFERENCE: [u32; 4] = [2, 3, 4, 7];

/// Recipients and attachments that are looked at.
const MAX_ENTRIES: usize = 10_000;

/// Bytes before the properties themselves (MS-OXMSG, section 2.4.1).
#[derive(Clone, Copy)]
enum Header {
    Message = 32,
    EmbeddedMessage = 24,
    Entry = 8,
}

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let container = RefCell::new(Container::open(source.bytes, source.limits.max_expanded_bytes)?);
    let mail = read(&container, Path::new("/"), Header::Message, source)?;
    message::hand_out(mail, source, sink)
}

type Shared<'a> = RefCell<Container<'a>>;

fn read<'a>(
    container: &'a Shared<'a>,
    storage: &Path,
    header: Header,
    source: &'a Source<'a>,
) -> Result<Mail<'a>, ParseError> {
    let mut message = Properties::open(container, storage, header, None)?;
    let class = message.text(id::MESSAGE_CLASS).unwrap_or_default().to_ascii_lowercase();
    let is_signed = class.ends_with(".multipartsigned");
    if class.starts_with("ipm.note.smime") && !is_signed {
        return Err(ParseError::Encrypted);
    }
    message.encoding = message.stated_encoding();
    let headers = message.text(id::TRANSPORT_HEADERS).unwrap_or_default();
    let headers = MessageParser::new().parse_headers(headers.as_bytes());
    let mut mail = Mail {
        subject: message.text(id::SUBJECT).unwrap_or_default(),
        from: sender(&message).into_iter().collect(),
        date: message.time(id::CLIENT_SUBMIT_TIME).or_else(|| message.time(id::DELIVERY_TIME)),
        message_id: message.text(id::MESSAGE_ID).map(|id| id.trim().trim_matches(['<', '>']).to_owned()),
        ..Mail::default()
    };
    if let Some(headers) = &headers {
        let date = || headers.date().filter(|date| date.is_valid()).map(|date| date.to_rfc3339());
        mail.date = mail.date.or_else(date);
        mail.message_id = mail.message_id.or_else(|| headers.message_id().map(str::to_owned));
        if mail.from.iter().all(|from| from.address.is_none()) {
            let from = headers.from().map(eml::people).unwrap_or_default();
            mail.from = if from.is_empty() { mail.from } else { from };
        }
    }
    mail.body = body(&message, source)?;
    let entries = container.borrow().entries(storage);
    for entry in entries.iter().filter(|entry| entry.is_storage).take(MAX_ENTRIES) {
        read_entry(&message, entry, source, &mut mail);
    }
    // What is signed, text and files, is one attachment in the form of a mail (MS-OXOSMIME).
    if let (true, [signed]) = (is_signed, mail.attachments.as_mut_slice()) {
        signed.name = Some("signed.eml".to_owned());
    }
    for (people, displayed) in [(&mut mail.to, id::DISPLAY_TO), (&mut mail.cc, id::DISPLAY_CC)] {
        if people.is_empty() {
            let displayed = message.text(displayed).unwrap_or_default();
            people.extend(displayed.split(';').filter_map(Person::written));
        }
    }
    Ok(mail)
}

fn sender(message: &Properties<'_>) -> Option<Person> {
    let name = message.text(id::SENT_REPRESENTING_NAME).or_else(|| message.text(id::SENDER_NAME));
    let addresses = [
        id::SENT_REPRESENTING_SMTP_ADDRESS,
        id::SENDER_SMTP_ADDRESS,
        id::SENT_REPRESENTING_ADDRESS,
        id::SENDER_ADDRESS,
    ];
    person(name, addresses.iter().filter_map(|id| message.text(*id)))
}

/// Inside of a company addresses can be those of a directory, which say nothing.
fn person(name: Option<String>, mut addresses: impl Iterator<Item = String>) -> Option<Person> {
    Person::new(name.as_deref(), addresses.find(|address| address.contains('@')).as_deref())
}

fn body(message: &Properties<'_>, source: &Source<'_>) -> Result<Vec<Body>, ParseError> {
    let plain = message.text(id::BODY).filter(|text| !text.trim().is_empty());
    let page = match message.stream(id::HTML, BINARY)? {
        Some(bytes) => match decode(&bytes, message.label(id::INTERNET_CODE_PAGE)) {
            Err(_) if plain.is_some() => None,
            page => Some(page?),
        },
        None => message.text(id::HTML),
    };
    let page = page.filter(|page| !page.trim().is_empty());
    Ok(match (plain, page) {
        (Some(plain), Some(page)) => vec![message::better(plain, page, source)],
        (Some(plain), None) => vec![Body::Plain(plain)],
        (None, Some(page)) => vec![Body::Html(page)],
        (None, None) => {
            let rtf = message.stream(id::RTF, BINARY)?;
            let limit = source.limits.max_expanded_bytes;
            rtf.map(|rtf| compressed_rtf::expand(&rtf, limit).map(Body::Rtf)).transpose()?.into_iter().collect()
        }
    })
}

/// A recipient or an attachment.
fn read_entry<'a>(message: &Properties<'a>, entry: &Entry, source: &'a Source<'a>, mail: &mut Mail<'a>) {
    let is = |kind: &str| entry.name.get(..kind.len()).is_some_and(|start| start.eq_ignore_ascii_case(kind));
    let storage = message.storage.join(&entry.name);
    let open = || Properties::open(message.container, &storage, Header::Entry, message.encoding);
    if is("__recip_version1.0_#") {
        let Ok(recipient) = open() else { return };
        let addresses = [id::SMTP_ADDRESS, id::EMAIL_ADDRESS];
        let name = recipient.text(id::DISPLAY_NAME);
        let person = person(name, addresses.iter().filter_map(|id| recipient.text(*id)));
        match recipient.number(id::RECIPIENT_TYPE).map(|kind| kind & 0xf) {
            Some(2) => mail.cc.extend(person),
            // A blind copy is nobody's business.
            Some(3) => {}
            _ => mail.to.extend(person),
        }
    } else if is("__attach_version1.0_#") {
        match open() {
            Ok(attachment) => mail.attachments.push(attached(attachment, source)),
            Err(error) => mail.attachments.push(Attachment {
                name: None,
                media_type: String::new(),
                is_inline: false,
                content: Content::File(Box::new(move || Err(error))),
            }),
        }
    }
}

fn attached<'a>(attachment: Properties<'a>, source: &'a Source<'a>) -> Attachment<'a> {
    let names = [id::ATTACH_NAME, id::ATTACH_SHORT_NAME, id::DISPLAY_NAME];
    let name = names.iter().find_map(|id| attachment.text(*id)).filter(|name| !name.trim().is_empty());
    let embedded = attachment.storage.join(stream_name(id::ATTACH_DATA, OBJECT));
    let entries = attachment.container.borrow().entries(&embedded);
    let is_mail = entries.iter().any(|entry| entry.name.eq_ignore_ascii_case(PROPERTIES));
    let media_type = attachment.text(id::ATTACH_MEDIA_TYPE).unwrap_or_default().to_ascii_lowercase();
    let is_inline = attachment.text(id::ATTACH_CONTENT_ID).is_some();
    let name = if is_mail { name.map(|name| name.trim_end_matches(".msg").to_owned() + ".msg") } else { name };
    let container = attachment.container;
    let content = if is_mail {
        Content::Mail(Box::new(move || read(container, &embedded, Header::EmbeddedMessage, source)))
    } else {
        let is_object = !entries.is_empty();
        Content::File(Box::new(move || match attachment.stream(id::ATTACH_DATA, BINARY)? {
            Some(bytes) => Ok(bytes.into()),
            None if is_object => Err(ParseError::Unsupported("an object of another program is not read".to_owned())),
            None if attachment.number(id::ATTACH_METHOD).is_some_and(|method| BY_REFERENCE.contains(&method)) => {
                Err(ParseError::Unsupported("the mail only links to the attachment".to_owned()))
            }
            None => Err(ParseError::Empty),
        }))
    };
    Attachment { name, media_type, is_inline, content }
}

const PROPERTIES: &str = "__properties_version1.0";

/// The stream of a property of variable length (MS-OXMSG, section 2.1.3).
fn stream_name(id: u16, kind: u16) -> String {
    format!("__substg1.0_{id:04X}{kind:04X}")
}

/// The properties of a message, a recipient or an attachment.
struct Properties<'a> {
    container: &'a Shared<'a>,
    storage: PathBuf,
    /// Values of fixed length, by the identifiers of their properties.
    fixed: HashMap<u16, [u8; 8]>,
    /// Of texts that are not in Unicode.
    encoding: Option<&'static Encoding>,
}

impl<'a> Properties<'a> {
    fn open(
        container: &'a Shared<'a>,
        storage: &Path,
        header: Header,
        encoding: Option<&'static Encoding>,
    ) -> Result<Properties<'a>, ParseError> {
        let stream = container.borrow_mut().stream(storage.join(PROPERTIES))?.unwrap_or_default();
        let (entries, _) = stream.get(header as usize..).unwrap_or_default().as_chunks::<16>();
        let fixed = entries.iter().map(|entry| {
            let [_, _, low, high, _, _, _, _, value @ ..] = *entry;
            (u16::from_le_bytes([low, high]), value)
        });
        Ok(Properties { container, storage: storage.to_owned(), fixed: fixed.collect(), encoding })
    }

    fn stream(&self, id: u16, kind: u16) -> Result<Option<Vec<u8>>, ParseError> {
        self.container.borrow_mut().stream(self.storage.join(stream_name(id, kind)))
    }

    /// A text; none when it is not there or cannot be read.
    fn text(&self, id: u16) -> Option<String> {
        if let Ok(Some(bytes)) = self.stream(id, STRING) {
            let text = UTF_16LE.decode_without_bom_handling(&bytes).0;
            return Some(text.trim_end_matches('\0').to_owned());
        }
        let bytes = self.stream(id, STRING_8).ok()??;
        let text = match (std::str::from_utf8(&bytes), self.encoding) {
            (Ok(text), _) => text.to_owned(),
            (Err(_), Some(encoding)) => encoding.decode_without_bom_handling(&bytes).0.into_owned(),
            (Err(_), None) => guess(&bytes).decode_without_bom_handling(&bytes).0.into_owned(),
        };
        Some(text.trim_end_matches('\0').to_owned())
    }

    fn number(&self, id: u16) -> Option<u32> {
        let [a, b, c, d, ..] = *self.fixed.get(&id)?;
        Some(u32::from_le_bytes([a, b, c, d]))
    }

    /// A moment, counted in tenths of microseconds from 1601 on (MS-DTYP, section 2.3.3).
    fn time(&self, id: u16) -> Option<String> {
        const FROM_1601_TO_1970_S: i64 = 11_644_473_600;
        let ticks = i64::from_le_bytes(*self.fixed.get(&id)?);
        let second = ticks.checked_div(10_000_000)?.checked_sub(FROM_1601_TO_1970_S)?;
        (ticks > 0).then(|| Timestamp::from_second(second).ok()).flatten().map(|time| time.to_string())
    }

    fn label(&self, id: u16) -> Option<&'static [u8]> {
        Some(code_page(self.number(id)?)?.name().as_bytes())
    }

    /// The code page of the message, or a guess by all its texts together. Western is what programs write that have
    /// not looked.
    fn stated_encoding(&self) -> Option<&'static Encoding> {
        let mut sample = Vec::new();
        for id in [id::SUBJECT, id::BODY, id::SENDER_NAME, id::DISPLAY_TO] {
            sample.extend(self.stream(id, STRING_8).ok().flatten().unwrap_or_default());
        }
        let stated = [id::MESSAGE_CODE_PAGE, id::INTERNET_CODE_PAGE].iter().find_map(|id| code_page(self.number(*id)?));
        stated
            .filter(|encoding| ![WINDOWS_1252, UTF_8].contains(encoding))
            .filter(|encoding| !encoding.decode_without_bom_handling(&sample).1)
            .or_else(|| Some(guess(&sample)))
    }
}

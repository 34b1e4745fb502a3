//! Why a file, or one line of it, is not a document.

use taproot_schemas::job::FileErrorCode;

/// What is wrong with a file, in words for the person who owns it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    #[error("the file holds no text")]
    Empty,
    #[error("the file holds pictures and no text; OCR can read them, but it is not installed or switched off")]
    NeedsOcr,
    #[error("the file is encrypted; save it without a password")]
    Encrypted,
    #[error("the file is damaged: {0}")]
    Corrupt(String),
    #[error("{0}")]
    Unsupported(String),
    #[error("the text is longer than {limit_chars} characters")]
    TooLong { limit_chars: usize },
    #[error("{what} expands to more than {limit_bytes} bytes")]
    TooLarge { what: String, limit_bytes: u64 },
    #[error("it holds more than {limit} files")]
    TooManyParts { limit: u32 },
    #[error("it lies in more than {limit} archives or mails, one in the other")]
    TooDeep { limit: u32 },
    /// Of all that a file holds nothing could be read; why the worst of it could not.
    #[error("nothing in the file could be read: {reason}")]
    NothingRead { code: FileErrorCode, reason: String },
}

impl ParseError {
    pub fn corrupt(why: impl ToString) -> ParseError {
        ParseError::Corrupt(why.to_string())
    }

    pub fn code(&self) -> FileErrorCode {
        match self {
            ParseError::Empty | ParseError::NeedsOcr => FileErrorCode::Empty,
            ParseError::Encrypted => FileErrorCode::Encrypted,
            ParseError::Corrupt(_) => FileErrorCode::Corrupt,
            ParseError::Unsupported(_) => FileErrorCode::UnsupportedFormat,
            ParseError::TooLong { .. }
            | ParseError::TooLarge { .. }
            | ParseError::TooManyParts { .. }
            | ParseError::TooDeep { .. } => FileErrorCode::TooLarge,
            ParseError::NothingRead { code, .. } => *code,
        }
    }
}

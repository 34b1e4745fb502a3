//! Where results and messages go.
//!
//! Results go to standard output, and a reader that goes away (`| head -1`) is no failure of the program. Messages
//! go to standard error, where nobody may be listening.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::error::{Error, Result};

#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
}

/// How text that a person reads is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Terminal,
    Plain,
}

impl Output {
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether JSON was asked for.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// The result: as JSON if that was asked for, else as `human` writes it.
    pub fn result<T: Serialize>(&self, value: &T, human: impl FnOnce(&T) -> String) -> Result<()> {
        if self.json {
            let text = serde_json::to_string_pretty(value).map_err(|error| Error::Output(error.into()))?;
            return self.text(&(text + "\n"));
        }
        self.text(&human(value))
    }

    /// One JSON value on a line of its own.
    pub fn json_line<T: Serialize>(&self, value: &T) -> Result<()> {
        let text = serde_json::to_string(value).map_err(|error| Error::Output(error.into()))?;
        self.text(&(text + "\n"))
    }

    pub fn text(&self, text: &str) -> Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Error::Output)
    }

    /// A message for whoever sits at the terminal.
    pub fn tell(&self, message: &str) {
        let _ = writeln!(io::stderr(), "{message}");
    }

    /// How results are shown.
    pub fn style(&self) -> Style {
        if io::stdout().is_terminal() { Style::Terminal } else { Style::Plain }
    }

    /// Whether somebody watches the messages.
    pub fn is_watched(&self) -> bool {
        io::stderr().is_terminal()
    }
}

/// Where something stands in a document: `path, p. 3 · Heading › Below`.
pub fn place(uri: &str, page: Option<u32>, heading: Option<&str>) -> String {
    let mut place = uri.to_string();
    if let Some(page) = page {
        place.push_str(&format!(", p. {page}"));
    }
    if let Some(heading) = heading {
        place.push_str(&format!(" · {heading}"));
    }
    place
}

//! The process environment, read once.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::error::{Error, Result};

/// Names and values of the environment. Variables that are not UTF-8 are nothing that this program asks for.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: Vec<(String, String)>,
}

impl Environment {
    pub fn of_this_process() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { variables }
    }

    #[cfg(test)]
    pub fn of(variables: &[(&str, &str)]) -> Self {
        Self { variables: variables.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect() }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A variable that is set to something.
    pub fn value(&self, wanted: &str) -> Option<&str> {
        self.iter().find_map(|(name, value)| (name == wanted && !value.is_empty()).then_some(value))
    }

    /// The folders of programs.
    pub fn path(&self) -> OsString {
        self.iter().find_map(|(name, value)| (name == "PATH").then(|| value.into())).unwrap_or_default()
    }

    /// What to log, in the words of `tracing_subscriber::EnvFilter`.
    pub fn log_filter(&self) -> Option<&str> {
        self.iter().find_map(|(name, value)| (name == "RUST_LOG").then_some(value))
    }
}

/// Where this program lies.
pub fn this_program() -> Result<PathBuf> {
    std::env::current_exe().map_err(|source| Error::UnreadablePath { path: PathBuf::from("/proc/self/exe"), source })
}

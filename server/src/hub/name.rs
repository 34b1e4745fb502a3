//! Names: of a repository, of its files, and of a model here. What could lead anywhere else is refused.

use std::str::FromStr;

use super::{HubError, Result};

/// As the hub has it for owners and repositories.
const MAX_NAME: usize = 96;
const MAX_REVISION: usize = 128;
const MAX_PATH: usize = 512;
const DEFAULT_REVISION: &str = "main";
/// The folder of the runtime library.
const RESERVED: &str = "runtime";

/// `hf:OWNER/NAME[@REVISION]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelName {
    pub owner: String,
    pub name: String,
    /// A branch, a tag or a commit.
    pub revision: String,
}

impl ModelName {
    pub fn repository(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

impl FromStr for ModelName {
    type Err = HubError;

    fn from_str(text: &str) -> Result<ModelName> {
        let bad = || HubError::BadName { name: text.to_owned() };
        let written = text.strip_prefix("hf:").ok_or_else(bad)?;
        let (repository, revision) = written.split_once('@').unwrap_or((written, DEFAULT_REVISION));
        let (owner, name) = repository.split_once('/').ok_or_else(bad)?;
        if !is_name(owner) || !is_name(name) || !is_revision(revision) {
            return Err(bad());
        }
        Ok(ModelName { owner: owner.into(), name: name.into(), revision: revision.into() })
    }
}

fn is_name(name: &str) -> bool {
    let allowed = |sign: char| sign.is_ascii_alphanumeric() || "._-".contains(sign);
    (1..=MAX_NAME).contains(&name.len())
        && name.chars().all(allowed)
        && !name.contains("..")
        && !name.starts_with(['.', '-'])
        && !name.ends_with('.')
}

fn is_revision(revision: &str) -> bool {
    let allowed = |sign: char| sign.is_ascii_alphanumeric() || "._-/".contains(sign);
    (1..=MAX_REVISION).contains(&revision.len())
        && revision.chars().all(allowed)
        && revision.split('/').all(|part| !part.is_empty() && !part.starts_with('.'))
        && !revision.contains("..")
}

/// A file of a repository, as its list or a graph names it.
pub fn check_path(path: &str) -> Result<()> {
    let is_part = |part: &str| {
        !matches!(part, "" | "." | "..") && !part.chars().any(|sign| sign.is_control() || "\\:*?\"<>|".contains(sign))
    };
    match path.len() <= MAX_PATH && path.split('/').all(is_part) {
        true => Ok(()),
        false => Err(HubError::BadPath { path: path.chars().take(MAX_PATH).collect() }),
    }
}

/// What a model is called here is also its folder.
pub fn check_local(name: &str) -> Result<()> {
    let allowed = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || "._-".contains(sign);
    match is_name(name) && name.chars().all(allowed) && name != RESERVED {
        true => Ok(()),
        false => Err(HubError::BadLocalName { name: name.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_have_a_revision() {
        let plain: ModelName = "hf:intfloat/multilingual-e5-small".parse().expect("a name");
        assert_eq!((plain.repository().as_str(), plain.revision.as_str()), ("intfloat/multilingual-e5-small", "main"));
        let pinned: ModelName = "hf:BAAI/bge-m3@refs/pr/12".parse().expect("a name");
        assert_eq!(pinned.revision, "refs/pr/12");
    }

    #[test]
    fn names_lead_nowhere_else() {
        for name in [
            "BAAI/bge-m3",
            "hf:bge-m3",
            "hf:a/b/c",
            "hf:../b",
            "hf:a/..",
            "hf:a/b@",
            "hf:a/b@../main",
            "hf:a/b@/x",
            "hf:/b",
            "hf:a/b?x=1",
            "hf:a/b#c",
            "hf:a%2f/b",
            "hf:a/b@x y",
            "hf:-a/b",
            "hf:a/模型",
        ] {
            assert!(name.parse::<ModelName>().is_err(), "{name}");
        }
        for path in ["../x", "/etc/passwd", "a/../b", "a//b", "a\\b", "c:/x", "a/\u{0}", "", ".", "a/.."] {
            assert!(check_path(path).is_err(), "{path:?}");
        }
        for path in
            ["onnx/model.onnx", "model.onnx_data", "Constant_7_attr__value", "1_Pooling/config.json", "模型/a.json"]
        {
            check_path(path).expect(path);
        }
        for name in ["runtime", "A", ".a", "a/b", "", "a..b", "a."] {
            assert!(check_local(name).is_err(), "{name:?}");
        }
        check_local("bge-m3_int8.v2").expect("a name");
    }
}

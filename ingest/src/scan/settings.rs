//! `.taproot.toml`: what a folder says of the files in it and below. The nearest folder that says something wins, key by
//! key; what no folder says is as the request has it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use taproot_engine::store::Labels;
use taproot_engine::{Access, Error, Result, check_name};

/// Name of the file; it is hidden, so it is no document.
const FILE: &str = ".taproot.toml";
/// A larger one is no settings file.
const MAX_BYTES: u64 = 64 << 10;

/// What can be said of the files of a folder; what is absent is inherited.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FolderSettings {
    /// Groups that may read the documents; empty means everybody.
    pub allow: Option<Vec<String>>,
    /// Groups that may not, whatever other groups a caller belongs to.
    pub deny: Option<Vec<String>>,
    pub collection: Option<String>,
    /// Language of the documents (`en`, `zh`), where it is not to be guessed.
    pub language: Option<String>,
    pub tags: Option<Vec<String>>,
}

impl FolderSettings {
    pub fn labels(&self) -> Labels {
        let list = |list: &Option<Vec<String>>| list.clone().unwrap_or_default();
        Labels {
            collection: self.collection.clone().unwrap_or_default(),
            access: Access { allow: list(&self.allow), deny: list(&self.deny) },
            tags: list(&self.tags),
        }
    }

    /// These settings inside of a folder with those.
    fn inside(self, outer: &FolderSettings) -> FolderSettings {
        FolderSettings {
            allow: self.allow.or_else(|| outer.allow.clone()),
            deny: self.deny.or_else(|| outer.deny.clone()),
            collection: self.collection.or_else(|| outer.collection.clone()),
            language: self.language.or_else(|| outer.language.clone()),
            tags: self.tags.or_else(|| outer.tags.clone()),
        }
    }

    fn check(&self) -> Result<(), String> {
        let lists = [&self.allow, &self.deny, &self.tags];
        let names = lists.into_iter().flatten().flatten().chain(&self.collection);
        names.map(String::as_str).try_for_each(check_name)?;
        match &self.language {
            Some(tag) if !(2..=8).contains(&tag.len()) || !tag.bytes().all(|b| b.is_ascii_lowercase()) => {
                Err(format!("{tag:?} is no language like en or zh"))
            }
            _ => Ok(()),
        }
    }
}

/// The settings of the folders below a root.
pub struct Inherited {
    root: PathBuf,
    outermost: FolderSettings,
    known: HashMap<PathBuf, FolderSettings>,
}

impl Inherited {
    /// Folders above the root have their say too: whoever ingests a part of a closed folder does not open it.
    pub fn new(root: &Path, outermost: FolderSettings) -> Result<Inherited> {
        let above: Vec<&Path> = root.ancestors().skip(1).collect();
        let inside = |outer: FolderSettings, folder: &&Path| Ok(read(&folder.join(FILE))?.inside(&outer));
        let outermost = above.iter().rev().try_fold(outermost, inside)?;
        Ok(Inherited { root: root.to_owned(), outermost, known: HashMap::new() })
    }

    /// What holds in a folder.
    pub fn of(&mut self, folder: &Path) -> Result<FolderSettings> {
        if let Some(known) = self.known.get(folder) {
            return Ok(known.clone());
        }
        let outer = match folder.parent() {
            Some(parent) if folder != self.root && folder.starts_with(&self.root) => self.of(parent)?,
            _ => self.outermost.clone(),
        };
        let settings = read(&folder.join(FILE))?.inside(&outer);
        self.known.insert(folder.to_owned(), settings.clone());
        Ok(settings)
    }
}

/// The settings of one file; nothing where there is none.
fn read(path: &Path) -> Result<FolderSettings> {
    let wrong = |detail: String| Error::InvalidRequest {
        what: "settings of a folder",
        detail: format!("{}: {detail}; nothing was ingested", path.display()),
    };
    // Not through a link: one that leads nowhere is no absence of settings, and none leads out of the folder.
    let metadata = match std::fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(FolderSettings::default()),
        Err(error) => return Err(wrong(error.to_string())),
    };
    if !metadata.is_file() || metadata.len() > MAX_BYTES {
        return Err(wrong("it is no settings file".to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let settings: FolderSettings = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    settings.check().map_err(wrong)?;
    Ok(settings)
}

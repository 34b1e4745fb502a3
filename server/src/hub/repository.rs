//! What a repository holds: `GET /api/models/OWNER/NAME/revision/REVISION?blobs=true`.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use serde::Deserialize;

use super::client::{Client, reason};
use super::name::{ModelName, check_path};
use super::{HubError, Result};

/// Of the hub's answer; repositories with thousands of files stay well below.
const MAX_ANSWER_BYTES: usize = 16 << 20;

pub struct Repository {
    /// `OWNER/NAME`
    pub name: String,
    /// What the revision is at this moment: everything is fetched from it.
    pub commit: String,
    pub files: BTreeMap<String, Listed>,
    /// SPDX expression as far as the model card has one.
    pub license: Option<String>,
    pub languages: Vec<String>,
    pub tags: Vec<String>,
}

/// What the list says of a file.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    pub bytes: Option<u64>,
    pub sha256: Option<String>,
}

#[derive(Deserialize)]
struct Info {
    sha: String,
    #[serde(default)]
    siblings: Vec<Sibling>,
    #[serde(rename = "cardData", default)]
    card: Option<Card>,
    #[serde(default)]
    tags: Vec<String>,
    pipeline_tag: Option<String>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    sha256: Option<String>,
}

#[derive(Deserialize)]
struct Card {
    license: Option<serde_json::Value>,
    language: Option<serde_json::Value>,
}

impl Repository {
    pub async fn of(client: &Client, model: &ModelName) -> Result<Repository> {
        let name = model.repository();
        let mut url = client.url(["api", "models", &model.owner, &model.name, "revision", &model.revision]);
        url.set_query(Some("blobs=true"));
        let what = format!("{name} at {}", model.revision);
        let answer = client.get(url, &what, None).await?;
        let odd = |detail: String| HubError::Protocol { host: client.host(), what: what.clone(), detail };
        let mut body = Vec::new();
        let mut stream = answer.response.bytes_stream();
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(|error| HubError::Unreachable { host: client.host(), reason: reason(error) })?;
            if body.len() + piece.len() > MAX_ANSWER_BYTES {
                return Err(HubError::TooLarge { what, limit_mib: (MAX_ANSWER_BYTES >> 20) as u64 });
            }
            body.extend_from_slice(&piece);
        }
        let info: Info = serde_json::from_slice(&body).map_err(|error| odd(error.to_string()))?;
        if info.sha.len() != 40 || !info.sha.bytes().all(|sign| sign.is_ascii_hexdigit()) {
            return Err(odd("its commit is none".into()));
        }
        let listed = |sibling: Sibling| {
            let sha256 = sibling.lfs.and_then(|lfs| lfs.sha256).map(|sum| sum.to_ascii_lowercase());
            (sibling.rfilename, Listed { bytes: sibling.size, sha256 })
        };
        let (license, language) = info.card.map_or((None, None), |card| (card.license, card.language));
        Ok(Repository {
            name,
            commit: info.sha.to_ascii_lowercase(),
            files: info.siblings.into_iter().map(listed).collect(),
            license: license.and_then(|license| texts(license).into_iter().next()).map(|license| spdx(&license)),
            languages: language.map(texts).unwrap_or_default(),
            tags: info.tags.into_iter().chain(info.pipeline_tag).collect(),
        })
    }

    /// The ONNX file to take: the one asked for, else the first of the usual, else the only one.
    pub fn onnx(&self, asked: Option<&str>, usual: &[&str]) -> Result<String> {
        if let Some(asked) = asked {
            check_path(asked)?;
            return match self.files.contains_key(asked) {
                true => Ok(asked.to_owned()),
                false => Err(HubError::Lacks { repository: self.name.clone(), what: asked.to_owned() }),
            };
        }
        let files: Vec<String> = self.files.keys().filter(|path| path.ends_with(".onnx")).cloned().collect();
        if let Some(found) = usual.iter().find(|path| self.files.contains_key(**path)) {
            return Ok((*found).to_owned());
        }
        match files.as_slice() {
            [] => Err(HubError::Lacks { repository: self.name.clone(), what: "ONNX file".into() }),
            [only] => check_path(only).map(|()| only.clone()),
            _ => Err(HubError::WhichFile { repository: self.name.clone(), files }),
        }
    }

    /// A file of this name at the top, else in the ONNX file's folder.
    pub fn beside(&self, onnx: &str, name: &str) -> Option<String> {
        [name.to_owned(), in_folder_of(onnx, name)].into_iter().find(|path| self.files.contains_key(path))
    }

    /// The files that a graph names for its weights, from the repository's top.
    pub fn data(&self, onnx: &str, named: &[String]) -> Result<Vec<String>> {
        let place = |location: &String| {
            check_path(location)?;
            let path = in_folder_of(onnx, location);
            match self.files.contains_key(&path) {
                true => Ok(path),
                false => {
                    Err(HubError::Lacks { repository: self.name.clone(), what: format!("{path}, which {onnx} needs") })
                }
            }
        };
        named.iter().map(place).collect()
    }

    /// Bytes of these files, as far as the hub says.
    pub fn bytes_of<'p>(&self, paths: impl IntoIterator<Item = &'p str>) -> u64 {
        paths.into_iter().filter_map(|path| self.files.get(path)?.bytes).fold(0, u64::saturating_add)
    }
}

fn in_folder_of(path: &str, name: &str) -> String {
    path.rsplit_once('/').map_or_else(|| name.to_owned(), |(folder, _)| format!("{folder}/{name}"))
}

/// One text or several.
fn texts(value: serde_json::Value) -> Vec<String> {
    match value {
        serde_json::Value::String(text) => vec![text],
        serde_json::Value::Array(texts) => {
            texts.into_iter().filter_map(|text| Some(text.as_str()?.to_owned())).collect()
        }
        _ => Vec::new(),
    }
}

/// The hub writes licences in lower case; those that embedders have, as SPDX does.
fn spdx(license: &str) -> String {
    const KNOWN: [&str; 10] = [
        "MIT",
        "Apache-2.0",
        "BSD-3-Clause",
        "CC-BY-4.0",
        "CC-BY-SA-4.0",
        "CC-BY-NC-4.0",
        "CC-BY-NC-SA-4.0",
        "CC-BY-3.0",
        "CC0-1.0",
        "OpenRAIL",
    ];
    let known = KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(license));
    known.map_or_else(|| format!("LicenseRef-{license}"), str::to_owned)
}

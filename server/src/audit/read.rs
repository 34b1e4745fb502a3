//! Reading the audit: pages of the newest first, and all of it as a stream.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use taproot_schemas::audit::{AuditList, AuditRecord};

use super::{numbers, path};

/// Which records are asked for; what is absent asks for nothing.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// Id or name of who did it.
    pub actor: Option<String>,
    /// The action, or how it begins up to a point: `document` for `document.read`.
    pub action: Option<String>,
    /// RFC 3339; the first is part of it, the second not.
    pub since: Option<String>,
    pub until: Option<String>,
}

impl AuditQuery {
    fn asks_for(&self, record: &AuditRecord) -> bool {
        let is_actor = |wanted: &String| record.actor.id.as_ref() == Some(wanted) || record.actor.name == *wanted;
        let is_action = |wanted: &String| {
            record.action.strip_prefix(wanted.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.actor.as_ref().is_none_or(is_actor)
            && self.action.as_ref().is_none_or(is_action)
            && self.since.as_ref().is_none_or(|since| record.time >= *since)
            && self.until.as_ref().is_none_or(|until| record.time < *until)
    }
}

/// The newest first, `limit` after `cursor`. Reads file by file: memory holds one file's matches at a time.
pub fn list(folder: &Path, query: &AuditQuery, limit: usize, cursor: Option<&str>) -> io::Result<AuditList> {
    let mut records = Vec::new();
    for number in numbers(folder)?.into_iter().rev() {
        let mut of_file = Vec::new();
        for record in records_of(folder, number)? {
            let record = record?;
            if cursor.is_none_or(|cursor| record.id.as_str() < cursor) && query.asks_for(&record) {
                of_file.push(record);
            }
        }
        // Requests that overlap end in another order than they began.
        of_file.sort_by(|one, other| other.id.cmp(&one.id));
        records.extend(of_file);
        if records.len() > limit {
            break;
        }
    }
    let more = records.len() > limit;
    records.truncate(limit);
    let next_cursor = records.last().filter(|_| more).map(|last| last.id.clone());
    Ok(AuditList { records, next_cursor })
}

/// Gives every record that is asked for to `each`, the oldest first, as its line, until `each` says false.
pub fn export(folder: &Path, query: &AuditQuery, mut each: impl FnMut(Vec<u8>) -> bool) -> io::Result<()> {
    for number in numbers(folder)? {
        for record in records_of(folder, number)? {
            let record = record?;
            if query.asks_for(&record) {
                let mut line = serde_json::to_vec(&record)?;
                line.push(b'\n');
                if !each(line) {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// A line that was cut by a power failure is left out. A file that went meanwhile has none.
fn records_of(folder: &Path, number: u64) -> io::Result<Box<dyn Iterator<Item = io::Result<AuditRecord>>>> {
    match File::open(path(folder, number)) {
        Ok(file) => Ok(Box::new(BufReader::new(file).lines().filter_map(|line| match line {
            Ok(line) => serde_json::from_str(&line).ok().map(Ok),
            Err(error) => Some(Err(error)),
        }))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Box::new(std::iter::empty())),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use taproot_schemas::account::CallerKind;
    use taproot_schemas::audit::Actor;

    use super::*;
    use crate::audit::Audit;
    use crate::config::AuditConfig;

    fn record(number: usize, action: &str) -> AuditRecord {
        AuditRecord {
            id: format!("{number:04}"),
            time: format!("2026-01-01T00:{number:02}:00Z"),
            request_id: "r".into(),
            actor: Actor { kind: CallerKind::Key, id: Some(format!("key{}", number % 2)), name: "n".into() },
            address: None,
            action: action.into(),
            objects: vec![],
            status: 200,
            question: None,
            refused: None,
        }
    }

    #[test]
    fn pages_go_through_all_files_and_old_files_go() {
        let dir = tempfile::tempdir().unwrap();
        let audit = Audit::start(dir.path(), AuditConfig { max_file_bytes: 700, files: 4 }).unwrap();
        for number in 0..20 {
            audit.write(&record(number, if number % 3 == 0 { "document.read" } else { "ask" }));
        }
        audit.flush();
        assert_eq!(numbers(audit.folder()).unwrap().len(), 4);
        let query = |actor: Option<&str>, action: Option<&str>| AuditQuery {
            actor: actor.map(str::to_owned),
            action: action.map(str::to_owned),
            ..AuditQuery::default()
        };
        let ids = |query: &AuditQuery, limit, cursor: Option<&str>| {
            let page = list(audit.folder(), query, limit, cursor).unwrap();
            (page.records.into_iter().map(|record| record.id).collect::<Vec<_>>(), page.next_cursor)
        };
        let all = ids(&query(None, None), 100, None).0;
        assert!(all.len() < 20 && all[0] == "0019" && all.is_sorted_by(|one, other| one > other), "{all:?}");
        let (first, cursor) = ids(&query(None, None), 5, None);
        let (second, _) = ids(&query(None, None), 100, cursor.as_deref());
        assert_eq!([first, second].concat(), all);
        assert!(
            ids(&query(Some("key1"), Some("document")), 100, None)
                .0
                .iter()
                .all(|id| ["0015", "0009"].contains(&id.as_str()))
        );
        assert!(ids(&query(None, Some("docu")), 100, None).0.is_empty());
        let mut exported = Vec::new();
        export(audit.folder(), &query(None, None), |line| {
            exported.push(line);
            true
        })
        .unwrap();
        assert_eq!(exported.len(), all.len());

        // What follows goes on where it ended.
        audit.close();
        let audit = Audit::start(dir.path(), AuditConfig { max_file_bytes: 700, files: 4 }).unwrap();
        audit.write(&record(20, "ask"));
        audit.flush();
        assert_eq!(ids(&query(None, None), 1, None).0, ["0020"]);
    }
}

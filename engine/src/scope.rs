//! Who is asking: what a caller may see.

use serde::{Deserialize, Serialize};

/// The documents that a caller may see. Every read of the engine takes one; both legs of a search filter by it
/// before they rank, and the catalog checks it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessScope {
    /// The caller's groups; `None` sees every document whatever groups it asks for.
    pub groups: Option<Vec<String>>,
    /// The only collections that there are for the caller; `None` for all.
    pub collections: Option<Vec<String>>,
}

impl AccessScope {
    /// The owner of the data: sees everything.
    pub fn owner() -> Self {
        Self { groups: None, collections: None }
    }

    /// A caller that belongs to these groups, and sees besides what is open to everybody.
    pub fn groups(groups: Vec<String>) -> Self {
        Self { groups: Some(groups), collections: None }
    }

    /// The same, of these collections only.
    pub fn within(self, collections: Option<Vec<String>>) -> Self {
        Self { collections, ..self }
    }

    /// Whether a document of this collection may be seen.
    pub fn sees(&self, collection: &str, access: &Access) -> bool {
        if self.collections.as_ref().is_some_and(|all| all.iter().all(|one| one != collection)) {
            return false;
        }
        let Some(groups) = &self.groups else { return true };
        let in_any = |list: &[String]| list.iter().any(|group| groups.contains(group));
        (access.allow.is_empty() || in_any(&access.allow)) && !in_any(&access.deny)
    }
}

/// Who may read a document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// Groups that may; empty means everybody.
    pub allow: Vec<String>,
    /// Groups that may not, whatever other groups a caller belongs to.
    pub deny: Vec<String>,
}

/// Characters of the name of a group or collection.
const MAX_NAME_CHARS: usize = 100;

/// Names of groups, collections and tags stand in lists, queries and headers: they are plain. Whether this can be the name of a group or a collection; what is wrong when not.
pub fn check_name(name: &str) -> Result<(), String> {
    let plain = !name.is_empty()
        && name.chars().count() <= MAX_NAME_CHARS
        && !name.contains(|c: char| c.is_control() || "\"\\,*".contains(c));
    if plain { Ok(()) } else { Err(format!("{name:?} is empty, too long, or has one of \" \\ , * in it")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_let_in_and_kept_out() {
        let check = |allow: &[&str], deny: &[&str], groups: &[&str], expected: bool| {
            let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
            let access = Access { allow: list(allow), deny: list(deny) };
            let scope = AccessScope::groups(list(groups));
            assert_eq!(scope.sees("a", &access), expected, "{access:?} {groups:?}");
            assert_eq!(scope.clone().within(Some(list(&["b", "a"]))).sees("a", &access), expected);
            assert!(!scope.within(Some(list(&["b"]))).sees("a", &access));
            assert!(AccessScope::owner().sees("a", &access));
            assert!(!AccessScope::owner().within(Some(Vec::new())).sees("a", &access));
        };
        check(&[], &[], &[], true);
        check(&["hr"], &[], &[], false);
        check(&["hr"], &[], &["it", "hr"], true);
        check(&[], &["guests"], &[], true);
        check(&[], &["guests"], &["guests"], false);
        check(&["hr"], &["interns"], &["hr", "interns"], false);
    }
}

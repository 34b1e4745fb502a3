//! Who is asking: what a caller may see.

use serde::{Deserialize, Serialize};

/// The documents that a caller may see. Every read of the engine takes one; both legs of a search filter by it
/// before they rank, and the catalog checks it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessScope {
    /// The caller's groups; `None` sees every document whatever groups it asks for.
    pub groups: Option<Vec<String>>,
}

impl AccessScope {
    /// The owner of the data: sees everything.
    pub fn owner() -> Self {
        Self { groups: None }
    }

    /// A caller that belongs to these groups, and sees besides what is open to everybody.
    pub fn groups(groups: Vec<String>) -> Self {
        Self { groups: Some(groups) }
    }

    /// Whether a document may be seen.
    pub fn sees(&self, access: &Access) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_let_in_and_kept_out() {
        let check = |allow: &[&str], deny: &[&str], groups: &[&str], expected: bool| {
            let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
            let access = Access { allow: list(allow), deny: list(deny) };
            assert_eq!(AccessScope::groups(list(groups)).sees(&access), expected, "{access:?} {groups:?}");
            assert!(AccessScope::owner().sees(&access));
        };
        check(&[], &[], &[], true);
        check(&["hr"], &[], &[], false);
        check(&["hr"], &[], &["it", "hr"], true);
        check(&[], &["guests"], &[], true);
        check(&[], &["guests"], &["guests"], false);
        check(&["hr"], &["interns"], &["hr", "interns"], false);
    }
}

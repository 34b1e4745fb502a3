//! Who is asking: what a caller may see.

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

    /// Whether a document that asks for `allow` (empty: open to everybody) may be seen.
    pub fn sees(&self, allow: &[String]) -> bool {
        match &self.groups {
            None => true,
            Some(groups) => allow.is_empty() || allow.iter().any(|group| groups.contains(group)),
        }
    }
}

//! Who is asking: whose conversations are its own. What it may see is its [`crate::AccessScope`].

/// The one whom a conversation belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asker {
    /// Somebody who is known by this key, which is not empty and stays the same: may list what belongs to it.
    Known(String),
    /// Nobody knows who. The id of a conversation is the key to it, and there is no list.
    Anonymous,
}

impl Asker {
    /// The owner of the data.
    pub fn owner() -> Self {
        Self::Known("owner".into())
    }
}

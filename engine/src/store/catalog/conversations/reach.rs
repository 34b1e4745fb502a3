//! What an asker could see when it asked: who may be shown its question.
//!
//! Questions are other people's words. Whoever is held to collections (a tenant's editor) is shown only what was asked by
//! those who are held to the same or fewer; whoever is held to groups, only what was asked by those who have no other. So
//! questions of different collections are never of one topic.

use serde::{Deserialize, Serialize};

use crate::store::catalog::bad_json;
use crate::{AccessScope, Result};

/// As it is stored; `None` is all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    groups: Option<Vec<String>>,
    collections: Option<Vec<String>>,
}

impl Reach {
    pub fn of(scope: &AccessScope) -> Reach {
        let sorted = |names: &Option<Vec<String>>| {
            let mut names = names.clone()?;
            names.sort();
            names.dedup();
            Some(names)
        };
        Reach { groups: sorted(&scope.groups), collections: sorted(&scope.collections) }
    }

    /// Of questions of which nobody noted it: only those are shown them who see everything.
    pub(super) fn unknown() -> Reach {
        Reach { groups: None, collections: None }
    }

    /// Whether what was asked with this reach may be shown to one who has that scope.
    pub fn is_within(&self, scope: &AccessScope) -> bool {
        let within = |own: &Option<Vec<String>>, theirs: &Option<Vec<String>>| match (own, theirs) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(own), Some(theirs)) => own.iter().all(|name| theirs.contains(name)),
        };
        within(&self.groups, &scope.groups) && within(&self.collections, &scope.collections)
    }

    pub(super) fn column(&self) -> Result<String> {
        serde_json::to_string(self).map_err(bad_json)
    }

    /// What questions have to have in common to be of one topic.
    pub(super) fn realm(&self) -> Result<String> {
        serde_json::to_string(&self.collections).map_err(bad_json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_shown_what_was_asked_with_more() {
        let list = |names: &str| names.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let scope = |groups: &str, collections: &str| AccessScope {
            groups: (groups != "*").then(|| list(groups)),
            collections: (collections != "*").then(|| list(collections)),
        };
        for (asker, reader, expected) in [
            (("*", "*"), ("*", "*"), true),
            (("hr", "a"), ("*", "*"), true),
            (("", "a"), ("hr", "a b"), true),
            (("hr it", "*"), ("it hr staff", "*"), true),
            (("*", "a"), ("hr", "a"), false),
            (("hr", "*"), ("it", "*"), false),
            (("hr", "b"), ("hr", "a"), false),
            (("hr", "*"), ("hr", "a"), false),
        ] {
            let reach = Reach::of(&scope(asker.0, asker.1));
            assert_eq!(reach.is_within(&scope(reader.0, reader.1)), expected, "{asker:?} {reader:?}");
        }
        let same = (Reach::of(&scope("b a", "x y")), Reach::of(&scope("a b", "y x")));
        assert_eq!(same.0.column().ok(), same.1.column().ok());
    }
}

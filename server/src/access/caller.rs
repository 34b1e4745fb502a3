//! Who is calling, what it may see and what it may do.
//!
//! Architecture invariant: handlers decide nothing by headers or addresses; they ask the [`Caller`].

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use taproot_engine::{AccessScope, Asker};
use taproot_schemas::account::{CallerKind, Key, Role, User};
use taproot_schemas::audit::Actor;
use taproot_schemas::error::ErrorCode;

use super::Trail;
use crate::http::error::{ApiError, Result};

/// Hits that one search may ask for.
const MAX_HITS: usize = 100;
/// Hits for the owner's batches, which need whole rankings.
const MAX_HITS_OWNER: usize = 1_000;
/// In the collections of the settings: all.
const ALL: &str = "*";

#[derive(Debug, Clone)]
pub struct Caller {
    /// What it may see.
    pub scope: AccessScope,
    /// Whose conversations are its own.
    pub asker: Asker,
    /// What it may do; `None` for whoever has to sign in first.
    pub role: Option<Role>,
    pub kind: CallerKind,
    /// Of the key or the person.
    pub id: Option<String>,
    /// For people to read.
    pub name: String,
    /// Whether it showed the owner's token.
    pub has_token: bool,
    /// Whether it acts for the one whose conversations are its own: pages of other ports of this machine do not.
    acts_for_itself: bool,
    /// When what it came with ends.
    pub expires_at: Option<String>,
    /// Where it calls from, as far as that is known: what is not bound to a key is counted by it.
    pub address: Option<IpAddr>,
    /// Where what it does is noted.
    pub trail: Trail,
}

impl Caller {
    /// The owner of the data, at this machine.
    pub fn owner(has_token: bool) -> Self {
        Self {
            scope: AccessScope::owner(),
            asker: Asker::owner(),
            role: Some(Role::Admin),
            kind: CallerKind::Owner,
            id: None,
            name: "owner".into(),
            has_token,
            acts_for_itself: true,
            expires_at: None,
            address: None,
            trail: Trail::default(),
        }
    }

    /// A page of another port of the owner's machine: it reads like its user, but changes nothing in the user's name.
    pub fn page_of_the_owner() -> Self {
        Self { role: Some(Role::Reader), acts_for_itself: false, ..Self::owner(false) }
    }

    /// Whoever does not say who it is: a reader of the collections that are open to the public, if there are any.
    pub fn anonymous(public: &[String]) -> Self {
        let collections = (public != [ALL]).then(|| public.to_vec());
        Self {
            scope: AccessScope::groups(Vec::new()).within(collections),
            asker: Asker::Anonymous,
            role: (!public.is_empty()).then_some(Role::Reader),
            kind: CallerKind::Anonymous,
            name: "anonymous".into(),
            ..Self::owner(false)
        }
    }

    pub fn with_key(key: Key) -> Self {
        let groups = key.groups.map_or_else(AccessScope::owner, AccessScope::groups);
        Self {
            scope: groups.within(key.collections),
            asker: Asker::Known(format!("key:{}", key.id)),
            role: Some(key.role),
            kind: CallerKind::Key,
            id: Some(key.id),
            name: key.name,
            expires_at: key.expires_at,
            ..Self::owner(false)
        }
    }

    /// A person whom an administrator keeps out, or whose groups give no role, is let in nowhere.
    pub fn person(user: User) -> Self {
        let role = user.role.filter(|_| !user.blocked);
        Self {
            scope: AccessScope::groups(user.groups),
            asker: Asker::Known(format!("user:{}", user.id)),
            role,
            kind: CallerKind::User,
            name: user.name.or(user.email).unwrap_or_else(|| user.id.clone()),
            id: Some(user.id),
            ..Self::owner(false)
        }
    }

    /// Somebody in front of a widget.
    pub fn widget(key: Key, scope: AccessScope, user: Option<String>, expires_at: String) -> Self {
        let asker = match &user {
            Some(user) => Asker::Known(format!("widget:{}:{user}", key.id)),
            None => Asker::Anonymous,
        };
        Self {
            scope,
            asker,
            role: Some(Role::Reader),
            kind: CallerKind::Widget,
            name: user.unwrap_or(key.name),
            id: Some(key.id),
            expires_at: Some(expires_at),
            ..Self::owner(false)
        }
    }

    /// The same in a session that ends then.
    pub fn until(self, ends_at: String) -> Self {
        Self { expires_at: Some(ends_at), ..self }
    }

    pub fn actor(&self) -> Actor {
        Actor { kind: self.kind, id: self.id.clone(), name: self.name.clone() }
    }

    /// What belongs to nobody known is changed by whoever has its id; what is somebody's only by who acts for it.
    pub fn must_change_its_own(&self) -> Result<()> {
        match self.acts_for_itself {
            true => Ok(()),
            false => Err(ApiError::new(ErrorCode::Forbidden, "a page of another port changes nothing for the owner")),
        }
    }

    /// Whether it has this role or one that may more.
    pub fn has(&self, role: Role) -> bool {
        self.role.is_some_and(|own| own >= role)
    }

    pub fn must_be(&self, role: Role) -> Result<()> {
        if self.has(role) {
            return Ok(());
        }
        match self.kind {
            CallerKind::Anonymous => Err(ApiError::new(ErrorCode::Unauthorized, "nobody is signed in")),
            _ => Err(ApiError::new(ErrorCode::Forbidden, format!("{} may not do this", self.name))),
        }
    }

    /// Whether documents of this collection may be brought in and taken out.
    pub fn must_reach(&self, collection: &str) -> Result<()> {
        if self.scope.collections.as_ref().is_none_or(|all| all.iter().any(|one| one == collection)) {
            return Ok(());
        }
        Err(ApiError::new(ErrorCode::Forbidden, format!("{} has nothing to do with this collection", self.name)))
    }

    /// Whether it may give somebody else what it asks for: nobody gives more than it has.
    pub fn may_give(&self, groups: Option<&[String]>, collections: Option<&[String]>) -> bool {
        let within = |own: &Option<Vec<String>>, given: Option<&[String]>| match (own, given) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(given)) => given.iter().all(|one| own.contains(one)),
        };
        within(&self.scope.groups, groups) && within(&self.scope.collections, collections)
    }

    pub fn must_have_token(&self) -> Result<()> {
        if self.has_token {
            return Ok(());
        }
        Err(ApiError::new(ErrorCode::Forbidden, "this needs the token of the data's owner")
            .with_hint("run the taproot command on the machine of the server"))
    }

    /// How many hits one search may ask for.
    pub fn max_hits(&self) -> usize {
        if self.has_token { MAX_HITS_OWNER } else { MAX_HITS }
    }
}

/// What a caller sees at doors that refuse nobody: whoever is not let in sees nothing.
pub fn scope_of(caller: Option<Caller>) -> AccessScope {
    let nothing = || AccessScope::groups(Vec::new()).within(Some(Vec::new()));
    caller.filter(|caller| caller.role.is_some()).map_or_else(nothing, |caller| caller.scope)
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Ready<Result<Self>>;

    /// The guard has found out who it is.
    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Caller>().cloned();
        ready(caller.ok_or_else(|| ApiError::internal("nobody has looked who is calling")))
    }
}

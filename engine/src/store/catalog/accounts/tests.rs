//! Keys, people and sessions through their public doors, over a real file.

use taproot_schemas::account::{KeyChange, KeyKind, NewKey, Role};

use super::{Accounts, Holder, Identity};

fn reader(name: &str) -> NewKey {
    NewKey { name: name.into(), groups: vec!["hr".into()], ..NewKey::default() }
}

#[tokio::test]
async fn a_key_is_known_by_its_secret_until_it_is_revoked() {
    let dir = tempfile::tempdir().expect("a folder");
    let accounts = Accounts::open(dir.path()).await.expect("accounts");
    assert!(!accounts.are_set_up().await.expect("read"));
    let first = accounts.create_first_key().await.expect("made").expect("the first");
    assert_eq!((first.key.role, first.key.groups), (Role::Admin, None));
    assert!(accounts.create_first_key().await.expect("read").is_none(), "there is one");
    assert!(!accounts.are_set_up().await.expect("read"), "nobody has used it");

    let made = accounts.create_key(reader("bot"), "me").await.expect("made");
    assert!(accounts.are_set_up().await.expect("read"));
    let found = accounts.key_of(&made.secret).await.expect("read").expect("a key");
    assert_eq!(
        (found.id.as_str(), found.role, found.groups.clone()),
        (made.key.id.as_str(), Role::Reader, Some(vec!["hr".into()]))
    );
    assert!(made.secret.starts_with(&made.key.prefix) && made.key.last_used_at.is_none());
    assert!(accounts.key(&made.key.id).await.expect("read").last_used_at.is_some());
    assert!(accounts.key_of("taproot_sk_wrong").await.expect("read").is_none());

    let change =
        KeyChange { groups: Some(vec!["*".into()]), collections: Some(vec!["a".into()]), ..KeyChange::default() };
    let changed = accounts.change_key(&made.key.id, change).await.expect("changed");
    assert_eq!((changed.groups, changed.collections, changed.name.as_str()), (None, Some(vec!["a".into()]), "bot"));
    let (cookie, _) = accounts.open_session(&Holder::Key(found), 60_000).await.expect("a session");
    assert!(accounts.session(&cookie).await.expect("read").is_some());
    accounts.revoke_key(&made.key.id).await.expect("revoked");
    assert!(accounts.key_of(&made.secret).await.expect("read").is_none());
    assert!(accounts.session(&cookie).await.expect("read").is_none());
    accounts.close().await;

    // Nothing of a secret is in the file.
    let bytes = std::fs::read(dir.path().join("accounts.sqlite")).expect("a file");
    for secret in [&made.secret[11..], &cookie] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
    let accounts = Accounts::open(dir.path()).await.expect("accounts");
    let listed = accounts.keys(1, None).await.expect("keys");
    assert_eq!((listed.keys.len(), listed.keys[0].revoked_at.is_some()), (1, true));
    let rest = accounts.keys(10, listed.next_cursor.as_deref()).await.expect("keys");
    assert_eq!((rest.keys.len(), rest.next_cursor), (1, None));
}

#[tokio::test]
async fn what_no_key_can_be_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let accounts = Accounts::open(dir.path()).await.expect("accounts");
    let widget = NewKey { kind: KeyKind::Widget, origins: vec!["https://www.example.com".into()], ..reader("w") };
    for (what, new) in [
        ("name", NewKey { name: " ".into(), ..reader("x") }),
        ("groups", NewKey { groups: vec!["a\"b".into()], ..reader("x") }),
        ("groups", NewKey { groups: vec!["*".into(), "hr".into()], ..reader("x") }),
        ("collections", NewKey { collections: Some(vec![]), ..reader("x") }),
        ("origins", NewKey { origins: vec!["https://a.example/path".into()], ..reader("x") }),
        ("origins", NewKey { origins: vec!["*".into()], ..reader("x") }),
        ("expires_in_days", NewKey { expires_in_days: Some(0), ..reader("x") }),
        ("origins", NewKey { origins: vec![], ..widget.clone() }),
        ("role", NewKey { role: Some(Role::Editor), ..widget.clone() }),
        ("groups", NewKey { groups: vec!["*".into()], ..widget.clone() }),
    ] {
        let told = accounts.create_key(new, "me").await.expect_err(what).to_string();
        assert!(told.contains(what), "{what}: {told}");
    }
    assert!(!accounts.knows_origin("https://www.example.com"));
    let made = accounts.create_key(widget, "me").await.expect("made");
    assert!(accounts.knows_origin("https://www.example.com"));
    accounts.revoke_key(&made.key.id).await.expect("revoked");
    assert!(!accounts.knows_origin("https://www.example.com"));
}

#[tokio::test]
async fn people_are_as_their_issuer_last_told() {
    let dir = tempfile::tempdir().expect("a folder");
    let accounts = Accounts::open(dir.path()).await.expect("accounts");
    let ann = |groups: &[&str]| Identity {
        issuer: "https://id.example".into(),
        subject: "1".into(),
        name: Some("Ann".into()),
        email: None,
        role: Some(Role::Reader),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
    };
    let user = accounts.seen(&ann(&["hr"])).await.expect("noted");
    let (cookie, _) = accounts.open_session(&Holder::User(user.clone()), 60_000).await.expect("a session");
    accounts.seen(&ann(&[])).await.expect("noted");
    let (holder, _) = accounts.session(&cookie).await.expect("read").expect("a session");
    let Holder::User(now) = holder else { panic!("{holder:?}") };
    assert_eq!((now.id.as_str(), now.groups.len(), now.blocked), (user.id.as_str(), 0, false));
    assert!(accounts.block_user(&user.id, true).await.expect("blocked").blocked);
    assert!(accounts.seen(&ann(&["hr"])).await.expect("noted").blocked, "it stays so");
    assert_eq!(accounts.users(10, None).await.expect("users").users.len(), 1);
    accounts.close_session(&cookie).await.expect("closed");
    assert!(accounts.session(&cookie).await.expect("read").is_none());
}

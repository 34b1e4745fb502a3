//! The rules of the house, read from its files: imports run one way, a vendor's name stays behind one door.

use std::path::{Path, PathBuf};

use toml::Table;

use crate::support::repository;

/// Each package and the packages of this workspace that it may name.
const LAYERS: [(&str, &[&str]); 6] = [
    ("schemas", &[]),
    ("engine", &["taproot-schemas"]),
    ("ingest/parse", &["taproot-schemas"]),
    ("ingest", &["taproot-schemas", "taproot-engine", "taproot-parse"]),
    ("server", &["taproot-schemas", "taproot-engine", "taproot-ingest", "taproot-parse"]),
    ("tests/bench", &["taproot-schemas", "taproot-engine"]),
];

/// Names as they stand in code, and the files that may say them.
const DOORS: [(&[&str], &str); 5] = [
    (&["tantivy::", "use tantivy"], "engine/src/store/lexical/"),
    (&["qdrant_edge", "qdrant_client"], "engine/src/store/vectors/"),
    (&["ort::", "use ort"], "engine/src/models/runtime.rs"),
    (&["sqlx::", "use sqlx"], "engine/src/store/catalog/"),
    (&["actix_web", "actix_rt"], "server/"),
];

#[test]
fn imports_run_one_way() {
    for (package, allowed) in LAYERS {
        let manifest = std::fs::read_to_string(repository().join(package).join("Cargo.toml")).expect("a manifest");
        let manifest: Table = manifest.parse().expect("a manifest is TOML");
        let dependencies = manifest["dependencies"].as_table().expect("dependencies");
        let named: Vec<&str> =
            dependencies.keys().map(String::as_str).filter(|name| name.starts_with("taproot-")).collect();
        let wrong: Vec<_> = named.iter().filter(|name| !allowed.contains(name)).collect();
        assert!(wrong.is_empty(), "{package} names {wrong:?}");
    }
    let vendors = ["tantivy", "qdrant-edge", "qdrant-client", "ort", "sqlx", "actix-web"];
    for (package, allowed) in [
        ("schemas", [].as_slice()),
        ("ingest/parse", &[]),
        ("ingest", &[]),
        ("server", &["actix-web"]),
        ("engine", &vendors[..5]),
    ] {
        let manifest = std::fs::read_to_string(repository().join(package).join("Cargo.toml")).expect("a manifest");
        let manifest: Table = manifest.parse().expect("a manifest is TOML");
        let dependencies = manifest["dependencies"].as_table().expect("dependencies");
        let wrong: Vec<_> =
            vendors.iter().filter(|name| dependencies.contains_key(**name) && !allowed.contains(name)).collect();
        assert!(wrong.is_empty(), "{package} names {wrong:?}");
    }
}

/// Inside the engine: `answer → retrieve → {store, models}`.
#[test]
fn the_engine_has_floors() {
    let below =
        |folder: &str| rust_files().into_iter().filter(move |(path, _)| path.starts_with(folder)).collect::<Vec<_>>();
    for (folder, forbidden) in [
        ("engine/src/retrieve", &["answer"] as &[&str]),
        ("engine/src/store", &["answer", "retrieve"]),
        ("engine/src/models", &["answer", "retrieve", "store"]),
        ("engine/src/text", &["answer", "retrieve", "store", "models"]),
    ] {
        for (path, code) in below(folder) {
            for name in forbidden {
                assert!(!code.contains(&format!("crate::{name}::")), "{} uses {name}", path.display());
            }
        }
    }
}

#[test]
fn a_vendor_stays_behind_its_door() {
    let mut wrong = Vec::new();
    for (path, code) in rust_files().iter().filter(|(path, _)| !path.starts_with("tests")) {
        for (names, door) in DOORS {
            let shown = path.to_string_lossy();
            // `mod runtime;` may grow into a folder of its own.
            let inside = shown.starts_with(door) || shown.starts_with(&door.replace(".rs", "/"));
            for (number, line) in (1..).zip(code.lines()) {
                let said = names.iter().any(|name| says(line, name));
                if said && !inside {
                    wrong.push(format!("{shown}:{number}: {}", line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether a line of code, not of a comment, says a name (`ort::`, but not `report::`).
fn says(line: &str, name: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + name.len()..].chars().next();
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !is_word(before) && (name.ends_with("::") || !is_word(after))
    })
}

#[test]
fn every_file_says_what_it_is() {
    let bare: Vec<_> =
        rust_files().into_iter().filter(|(_, code)| !code.starts_with("//! ")).map(|(path, _)| path).collect();
    assert!(bare.is_empty(), "without a head: {bare:?}");
}

#[test]
fn no_file_knows_a_machine() {
    let mut found = Vec::new();
    for (path, code) in rust_files() {
        // Written apart, so that this file does not hold what it looks for.
        for machine in [concat!("/wo", "rk/"), concat!("/home", "/runner"), concat!("/Us", "ers/")] {
            if code.contains(machine) {
                found.push(format!("{}: {machine}", path.display()));
            }
        }
    }
    assert!(found.is_empty(), "{found:?}");
}

/// The environment is read at one place; what tests ask of their machine is no setting.
#[test]
fn settings_are_read_in_one_place() {
    let mut wrong = Vec::new();
    for (path, code) in rust_files() {
        let in_folder = |name: &str| path.components().any(|part| part.as_os_str() == name);
        let allowed = in_folder("tests") || in_folder("examples") || path.starts_with("server/src/config");
        for line in code.lines().filter(|line| !allowed && line.contains("env::var") && !line.contains("TAPROOT_TEST_"))
        {
            wrong.push(format!("{}: {}", path.display(), line.trim()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every Rust file of the project, by its path below the root.
fn rust_files() -> Vec<(PathBuf, String)> {
    let root = repository();
    let mut found = Vec::new();
    for folder in ["schemas", "engine", "ingest", "server", "tests"] {
        collect(&root, &root.join(folder), &mut found);
    }
    assert!(found.len() > 50, "the files are where they should be");
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let below = path.strip_prefix(root).expect("below the root").to_path_buf();
            found.push((below, std::fs::read_to_string(&path).expect("a text")));
        }
    }
}

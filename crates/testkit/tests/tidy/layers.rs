//! Arrows between crates point to the left only, and the pure crates stay pure.

use crate::metadata::{Kind, Metadata, Package, read};
use crate::tree::{File, caught, files, none};
use std::collections::BTreeMap;

/// Every crate and its layer. A new crate is added here and in ARCHITECTURE.md, in one commit.
const LAYERS: &[(&str, Layer)] = &[
    ("mail", Layer::Words),
    ("smtp", Layer::Protocols),
    ("resolve", Layer::Protocols),
    ("authenticity", Layer::Protocols),
    ("net", Layer::Protocols),
    ("store", Layer::Protocols),
    ("letter", Layer::Protocols),
    ("explain", Layer::Judges),
    ("queue", Layer::Engines),
    ("deliver", Layer::Engines),
    ("control", Layer::Engines),
    ("discover", Layer::Engines),
    ("hooks", Layer::Engines),
    ("store-sqlite", Layer::Shells),
    ("web", Layer::Shells),
    ("facteur", Layer::Shells),
    ("testkit", Layer::Tests),
    ("fuzz", Layer::Tests),
];

/// The only arrows inside a layer.
const INSIDE: &[(&str, &str)] = &[
    ("net", "smtp"),
    ("net", "resolve"),
    ("deliver", "queue"),
    ("control", "queue"),
    ("control", "deliver"),
    ("control", "discover"),
    ("control", "hooks"),
    ("facteur", "store-sqlite"),
    ("facteur", "web"),
];

/// Crates that take bytes, facts and the time, and return data.
const PURE: &[&str] =
    &["mail", "smtp", "resolve", "authenticity", "store", "letter", "explain", "queue", "discover"];

/// What would bring a socket, a runtime or a database into a pure crate.
const IMPURE: &[&str] =
    &["tokio", "mio", "axum", "hyper", "rustls", "rusqlite", "libsqlite3-sys", "tokio-postgres", "sqlx"];

/// The doors of the standard library to the outside; a pure crate has no need of them.
const OUTSIDE: &[&str] =
    &["std::fs", "std::process", "std::thread", "std::env", "TcpStream", "TcpListener", "UdpSocket"];

/// From left to right: a crate may use what stands to its left.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    Words,
    Protocols,
    Judges,
    Engines,
    Shells,
    Tests,
}

fn layer(name: &str) -> Option<Layer> {
    LAYERS.iter().find(|(known, _)| *known == name).map(|(_, layer)| *layer)
}

/// Why this arrow may not be, if so.
fn wrong_arrow(from: &str, to: &str, kind: Kind) -> Option<String> {
    let (Some(left), Some(right)) = (layer(to), layer(from)) else {
        return Some(format!("{from} → {to}: give both a layer in crates/testkit/tests/tidy/layers.rs"));
    };
    let allowed = if to == "testkit" {
        kind == Kind::Development
    } else {
        left < right || INSIDE.contains(&(from, to))
    };
    (!allowed).then(|| format!("{from} → {to}: arrows point to the left only ({kind:?} dependency)"))
}

fn wrong_arrows(metadata: &Metadata) -> Vec<String> {
    let mut breaches = Vec::new();
    for package in metadata.members() {
        if layer(&package.name).is_none() {
            breaches.push(format!("{}: a crate without a layer", package.name));
        }
        for (id, kind) in &package.dependencies {
            let to = &metadata.0[id];
            if to.ours {
                breaches.extend(wrong_arrow(&package.name, &to.name, *kind));
            }
        }
    }
    breaches
}

fn impure(metadata: &Metadata) -> Vec<String> {
    let mut breaches = Vec::new();
    for name in PURE {
        let reached = metadata.reaches(name);
        breaches.extend(
            IMPURE
                .iter()
                .filter(|impure| reached.contains(*impure))
                .map(|impure| format!("{name} is pure, yet its dependencies reach {impure}")),
        );
    }
    breaches
}

/// The doors to the outside that a source of a pure crate names; its tests may.
fn opened(file: &File) -> Vec<String> {
    let pure = PURE.iter().any(|name| file.path.starts_with(&format!("crates/{name}/src/")));
    let code = file.text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
    let named = |line: &str| OUTSIDE.iter().find(|door| line.contains(**door)).copied();
    lines
        .filter(|_| pure && !file.name().ends_with("tests.rs"))
        .filter_map(named)
        .map(|door| format!("{} is of a pure crate, yet names {door}", file.path))
        .collect()
}

/// A build of three packages in which `queue` reaches tokio through `net`.
fn sample() -> Metadata {
    let package = |name: &str, ours: bool, to: &str| Package {
        name: name.to_owned(),
        ours,
        licence: "MIT".to_owned(),
        targets: vec!["lib".to_owned()],
        dependencies: (!to.is_empty()).then(|| (to.to_owned(), Kind::Normal)).into_iter().collect(),
    };
    Metadata(BTreeMap::from([
        ("queue".to_owned(), package("queue", true, "net")),
        ("net".to_owned(), package("net", true, "tokio")),
        ("tokio".to_owned(), package("tokio", false, "")),
    ]))
}

#[test]
fn arrows_point_to_the_left() {
    assert!(wrong_arrow("queue", "store", Kind::Normal).is_none());
    assert!(wrong_arrow("queue", "testkit", Kind::Development).is_none());
    assert!(wrong_arrow("queue", "testkit", Kind::Normal).is_some());
    assert!(wrong_arrow("store", "queue", Kind::Normal).is_some());
    assert!(wrong_arrow("smtp", "net", Kind::Normal).is_some());
    assert!(wrong_arrow("mail", "utils", Kind::Normal).is_some());
    let metadata = read();
    assert!(metadata.members().count() >= LAYERS.len(), "a crate of the table is not in the workspace");
    none(wrong_arrows(&metadata));
}

#[test]
fn pure_crates_reach_no_runtime_and_no_database() {
    caught(&impure(&sample()), 1);
    none(impure(&read()));
}

#[test]
fn pure_crates_open_no_file_and_no_socket() {
    let sample = |path: &str, text: &str| opened(&File { path: path.into(), text: text.into() });
    caught(&sample("crates/queue/src/feed.rs", "use std::fs;\n// std::env is not for us\n"), 1);
    caught(&sample("crates/net/src/dial.rs", "use std::net::TcpStream;\n"), 0);
    none(files().iter().flat_map(opened).collect());
}

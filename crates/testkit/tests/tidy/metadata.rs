//! What cargo knows about the workspace: members, targets, and who depends on whom.

use crate::tree::root;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// How one package depends on another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// In the shipped program.
    Normal,
    /// In tests only.
    Development,
    /// In a build script.
    Build,
}

/// One package of the resolved build.
pub struct Package {
    /// Its name in its manifest.
    pub name: String,
    /// Whether it is a member of this workspace.
    pub ours: bool,
    /// The SPDX expression of its manifest.
    pub licence: String,
    /// The kinds of its targets: `lib`, `bin`, `test`…
    pub targets: Vec<String>,
    /// What it depends on, by package id.
    pub dependencies: Vec<(String, Kind)>,
}

/// The resolved build by package id.
pub struct Metadata(pub BTreeMap<String, Package>);

impl Metadata {
    /// The members of the workspace.
    pub fn members(&self) -> impl Iterator<Item = &Package> {
        self.0.values().filter(|package| package.ours)
    }

    /// The names of all packages that `start` reaches through normal dependencies.
    pub fn reaches(&self, start: &str) -> BTreeSet<&str> {
        let mut open: Vec<&Package> = self.members().filter(|package| package.name == start).collect();
        let mut seen = BTreeSet::new();
        while let Some(package) = open.pop() {
            for (id, kind) in &package.dependencies {
                let next = &self.0[id];
                if *kind == Kind::Normal && seen.insert(next.name.as_str()) {
                    open.push(next);
                }
            }
        }
        seen
    }
}

/// Asks cargo. Only this machine's platform is resolved: packages of others may not be downloaded.
pub fn read() -> Metadata {
    let host = output(Command::new("rustc").arg("-vV"));
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let text = output(
        Command::new(cargo)
            .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", host])
            .current_dir(root()),
    );
    parse(&serde_json::from_str(&text).expect("cargo metadata prints JSON"))
}

fn output(command: &mut Command) -> String {
    let done = command.output().expect("the toolchain that runs the tests is there");
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("the toolchain prints UTF-8")
}

fn parse(document: &Value) -> Metadata {
    let ours: BTreeSet<&str> = array(&document["workspace_members"]).iter().map(text).collect();
    let mut packages = BTreeMap::new();
    for package in array(&document["packages"]) {
        let id = text(&package["id"]).to_owned();
        packages.insert(
            id.clone(),
            Package {
                name: text(&package["name"]).to_owned(),
                ours: ours.contains(id.as_str()),
                licence: package["license"].as_str().unwrap_or_default().to_owned(),
                targets: array(&package["targets"]).iter().map(|t| text(&t["kind"][0]).to_owned()).collect(),
                dependencies: Vec::new(),
            },
        );
    }
    for node in array(&document["resolve"]["nodes"]) {
        let package = packages.get_mut(text(&node["id"])).expect("a resolved node is a package");
        for dependency in array(&node["deps"]) {
            for kind in array(&dependency["dep_kinds"]) {
                let kind = match kind["kind"].as_str() {
                    None => Kind::Normal,
                    Some("dev") => Kind::Development,
                    Some(_) => Kind::Build,
                };
                package.dependencies.push((text(&dependency["pkg"]).to_owned(), kind));
            }
        }
    }
    Metadata(packages)
}

fn array(value: &Value) -> &[Value] {
    value.as_array().expect("cargo metadata has a list here")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("cargo metadata has a text here")
}

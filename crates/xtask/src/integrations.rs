//! The health scripts for Argo CD, in both forms in which it takes them, a copy for
//! each kind.

use std::fs;
use std::path::{Path, PathBuf};

use crate::generate::{Files, at, read_file};
use crate::tools;

const FOLDER: &str = "integrations/argocd";
/// To be merged into Argo CD's own ConfigMap of that name.
const CONFIG_MAP: &str = "argocd-cm.yaml";
const HEAD: &str = "Generated from integrations/argocd/*.lua by `cargo xtask generate`.";

/// What the present scripts make of them.
pub fn generated() -> Result<Files, String> {
    let folder = tools::root().join(FOLDER);
    let mut config_map = format!(
        "# {HEAD}\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: argocd-cm\n  namespace: argocd\n  labels:\n    app.kubernetes.io/name: argocd-cm\n    app.kubernetes.io/part-of: argocd\ndata:\n"
    );
    let mut files = Files::new();
    for (group, kind) in kinds()? {
        let script = match kind.as_str() {
            // Read by the operator alone, and without a status.
            "OperationLedger" => continue,
            "CloudConnection" => "connection.lua",
            _ => "operation.lua",
        };
        let script = folder.join(script);
        let lua = fs::read_to_string(&script).map_err(at(&script))?;
        config_map.push_str(&format!(
            "  resource.customizations.health.{group}_{kind}: |\n"
        ));
        for line in lua.lines() {
            config_map.push_str(&format!("    {line}\n"));
        }
        files.insert(upstream(&group, &kind), format!("-- {HEAD}\n{lua}"));
    }
    files.insert(Path::new(FOLDER).join(CONFIG_MAP), config_map);
    Ok(files)
}

/// What there is of them in the repository.
pub fn before(files: &mut Files) -> Result<(), String> {
    read_file(&format!("{FOLDER}/{CONFIG_MAP}"), files);
    let layout = tools::root().join(FOLDER).join("resource_customizations");
    for group in folders(&layout)? {
        for kind in folders(&layout.join(&group))? {
            if let Some(file) = upstream(&group, &kind).to_str() {
                read_file(file, files);
            }
        }
    }
    Ok(())
}

/// Where Argo CD's own repository has the script of a kind.
fn upstream(group: &str, kind: &str) -> PathBuf {
    let layout = Path::new(FOLDER).join("resource_customizations");
    layout.join(group).join(kind).join("health.lua")
}

fn folders(dir: &Path) -> Result<Vec<String>, String> {
    if !dir.exists() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(at(dir))? {
        let entry = entry.map_err(at(dir))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}

/// Group and kind of each definition in `crds/`, in the order of the files.
fn kinds() -> Result<Vec<(String, String)>, String> {
    let dir = tools::root().join("crds");
    let mut names = folders(&dir)?;
    names.sort();
    let mut kinds = Vec::new();
    for name in names {
        let file = dir.join(name);
        let text = fs::read_to_string(&file).map_err(at(&file))?;
        let after = |prefix: &str| {
            let mut lines = text.lines();
            let found = lines.find_map(|line| line.strip_prefix(prefix));
            found.map(str::to_owned)
        };
        let (group, kind) = (after("  group: "), after("    kind: "));
        let both = group.zip(kind);
        kinds.push(both.ok_or_else(|| format!("{}: no group and kind", file.display()))?);
    }
    Ok(kinds)
}

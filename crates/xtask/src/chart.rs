//! What is made from the chart: the table of its README, and the manifests for those
//! who install without Helm.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::generate::{Files, at, read_dir, read_file, run};
use crate::tools::{self, cargo_build};

const README: &str = "charts/errand/README.md";

/// A part of an installation: a base for kustomize, and the same in one file.
struct Set {
    folder: &'static str,
    file: &'static str,
    /// It has what stays when Errand is uninstalled: the CRDs, and the namespace, in which
    /// the ledgers are. Whatever can delete the other set leaves that alone.
    stays: bool,
}

const SETS: [Set; 2] = [
    Set {
        folder: "deploy/kustomize/crds",
        file: "deploy/crds.yaml",
        stays: true,
    },
    Set {
        folder: "deploy/kustomize/operator",
        file: "deploy/operator.yaml",
        stays: false,
    },
];

/// The files of what stays.
const STAYS: [&str; 2] = ["crds.yaml", "namespace.yaml"];

/// Lines between which the table is.
const TABLE: (&str, &str) = ("<!-- values -->\n", "<!-- end of values -->");

const HEAD: &str = "# Generated from charts/errand by `cargo xtask generate`.\n";

/// The namespace that the manifests install into.
const NAMESPACE: &str = "apiVersion: v1
kind: Namespace
metadata:
  name: errand-system
  annotations:
    argocd.argoproj.io/sync-options: Prune=false,Delete=false
    kustomize.toolkit.fluxcd.io/prune: disabled
  labels:
    pod-security.kubernetes.io/enforce: restricted
";

/// What the present chart makes of them.
pub fn generated() -> Result<Files, String> {
    let root = tools::root();
    let values = root.join("charts/errand/values.yaml");
    let values = fs::read_to_string(&values).map_err(at(&values))?;
    let readme = fs::read_to_string(root.join(README)).map_err(at(&root.join(README)))?;
    let mut files = Files::new();
    files.insert(README.into(), with_table(&readme, &table(&values))?);

    let [helm, kubectl] = programs()?;
    let chart = root.join("charts/errand");
    let arguments = [
        "template",
        "errand",
        &chart.to_string_lossy(),
        "--namespace=errand-system",
        "--skip-tests",
    ];
    let mut manifests = split(&run(&helm, &arguments)?);
    manifests.insert("namespace.yaml".to_owned(), NAMESPACE.to_owned());
    for set in SETS {
        let stays = |name: &String| STAYS.contains(&name.as_str());
        let of_set = manifests
            .iter()
            .filter(|(name, _)| stays(name) == set.stays);
        let of_set = of_set.map(|(name, text)| (name.clone(), text.clone()));
        files.extend(files_of(&set, of_set.collect(), &kubectl)?);
    }
    Ok(files)
}

/// The files of one set.
fn files_of(
    set: &Set,
    mut manifests: BTreeMap<String, String>,
    kubectl: &Path,
) -> Result<Files, String> {
    let mut files = Files::new();
    let names: String = manifests.keys().map(|n| format!("- {n}\n")).collect();
    let kustomization = format!(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n{names}"
    );
    manifests.insert("kustomization.yaml".to_owned(), kustomization);

    // kubectl reads a folder, which is not to be that of the repository.
    let scratch = tools::built(&format!("generated-kustomize-{}", std::process::id()))?;
    fs::create_dir_all(&scratch).map_err(at(&scratch))?;
    let write = |(name, text): (&String, &String)| {
        fs::write(scratch.join(name), text).map_err(at(&scratch.join(name)))
    };
    let written = manifests.iter().try_for_each(write);
    let built = written.and_then(|()| run(kubectl, &["kustomize", &scratch.to_string_lossy()]));
    let _ = fs::remove_dir_all(&scratch);
    files.insert(set.file.into(), format!("{HEAD}{}", built?));
    for (name, text) in manifests {
        let file = PathBuf::from(set.folder).join(name);
        files.insert(file, format!("{HEAD}{text}"));
    }
    Ok(files)
}

/// What there is of them in the repository.
pub fn before(files: &mut Files) -> Result<(), String> {
    read_file(README, files);
    for set in SETS {
        read_file(set.file, files);
        files.extend(read_dir(&tools::root().join(set.folder), set.folder)?);
    }
    Ok(())
}

/// Where helm and kubectl are; built if need be.
fn programs() -> Result<[PathBuf; 2], String> {
    let status = cargo_build(&["errand-controlplane"])
        .arg("--quiet")
        .stdin(Stdio::null())
        .status()
        .map_err(|e| format!("cargo build: {e}"))?;
    if !status.success() {
        return Err("cargo build failed; see above".to_owned());
    }
    let builder = tools::built("errand-controlplane")?;
    let paths = run(&builder, &["path", "helm", "kubectl"])?;
    let paths: Vec<_> = paths.lines().map(PathBuf::from).collect();
    paths
        .try_into()
        .map_err(|_| "errand-controlplane path does not tell two paths".to_owned())
}

/// The rendered chart by template, without what only Helm's releases carry.
fn split(rendered: &str) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for document in rendered.split("---\n").filter(|d| !d.trim().is_empty()) {
        let (source, text) = document.split_once('\n').unwrap_or_default();
        let name = source.rsplit('/').next().unwrap_or_default().to_owned();
        let file = files.entry(name).or_default();
        if !file.is_empty() {
            file.push_str("---\n");
        }
        let of_helm = |line: &&str| {
            line.contains("helm.sh/") || line.contains("app.kubernetes.io/managed-by:")
        };
        for line in text.lines().filter(|line| !of_helm(line)) {
            file.push_str(line);
            file.push('\n');
        }
    }
    files
}

fn with_table(readme: &str, table: &str) -> Result<String, String> {
    let (before, rest) = readme
        .split_once(TABLE.0)
        .ok_or_else(|| format!("{README} does not say where the table begins"))?;
    let (_, after) = rest
        .split_once(TABLE.1)
        .ok_or_else(|| format!("{README} does not say where the table ends"))?;
    Ok(format!("{before}{}{table}{}{after}", TABLE.0, TABLE.1))
}

/// A row for each value with a comment that begins with `# -- `.
fn table(values: &str) -> String {
    let mut table = "| Value | Default | Meaning |\n| --- | --- | --- |\n".to_owned();
    let mut parents: Vec<(usize, &str)> = Vec::new();
    let mut meaning = None;
    for line in values.lines() {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        if let Some(said) = text.strip_prefix("# -- ") {
            meaning = Some(said);
            continue;
        }
        let Some((key, value)) = text.split_once(':').filter(|_| !text.starts_with('#')) else {
            continue;
        };
        parents.retain(|(depth, _)| *depth < indent);
        parents.push((indent, key));
        if let Some(meaning) = meaning.take() {
            let path: Vec<_> = parents.iter().map(|(_, key)| *key).collect();
            let (path, value) = (path.join("."), value.trim());
            table.push_str(&format!("| `{path}` | `{value}` | {meaning} |\n"));
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_row_for_each_value_that_is_explained() {
        let values = "# -- How many.\nreplicas: 1\n\nimage:\n  # -- Its tag.\n  tag: \"\"\n# -- Last.\nlast: {}\n";
        let table = table(values);
        let rows: Vec<_> = table.lines().skip(2).collect();
        assert_eq!(
            rows,
            [
                "| `replicas` | `1` | How many. |",
                "| `image.tag` | `\"\"` | Its tag. |",
                "| `last` | `{}` | Last. |"
            ]
        );
    }

    #[test]
    fn what_helm_renders_is_split_by_template_and_its_labels_are_left_out() {
        let rendered = "---\n# Source: errand/templates/a.yaml\nx: 1\nhelm.sh/chart: errand\n---\n# Source: errand/templates/b.yaml\ny: 1\n---\n# Source: errand/templates/a.yaml\nx: 2\n";
        let files = split(rendered);
        assert_eq!(files["a.yaml"], "x: 1\n---\nx: 2\n");
        assert_eq!(files["b.yaml"], "y: 1\n");
    }
}

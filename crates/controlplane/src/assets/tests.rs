use super::modules::{CONTROL_PLANE, HELM, KSTATUS, cache_key};
use super::*;
use crate::guard::TempDir;
use std::fs;

fn key(inputs: [&str; 4]) -> String {
    let [go_mod, go_sum, go_version, flag] = inputs;
    cache_key(&[go_mod, go_sum], go_version, &[flag.to_owned()])
}

#[test]
fn the_cache_key_changes_with_each_of_its_inputs() {
    let inputs = ["module a", "sums", "go1", "-trimpath"];
    assert_eq!(key(inputs), key(inputs));
    for index in 0..inputs.len() {
        let mut changed = inputs;
        changed[index] = "other";
        assert_ne!(key(inputs), key(changed), "input {index}");
    }
}

#[test]
fn what_moves_from_one_input_to_the_next_changes_the_cache_key() {
    assert_ne!(key(["ab", "c", "", ""]), key(["a", "bc", "", ""]));
}

#[test]
fn versions_are_read_from_go_mod() {
    let kubernetes = kubernetes_version();
    assert!(kubernetes.starts_with("v1."), "{kubernetes}");
    assert_eq!(kubernetes, CONTROL_PLANE.version());
    assert!(CONTROL_PLANE.go_version_needed().starts_with("1."));
    assert_eq!(CONTROL_PLANE.version_of("no.such/module"), "unknown");
    assert!(HELM.version().starts_with("v4."), "{}", HELM.version());
}

#[test]
fn flags_carry_the_version_for_the_api_server_to_report() {
    let flags = CONTROL_PLANE.flags().join(" ");
    let version = kubernetes_version();
    assert!(flags.contains(&format!("gitVersion={version} ")), "{flags}");
    let minor = version.split('.').nth(1).unwrap();
    assert!(flags.ends_with(&format!("gitMinor={minor}")), "{flags}");
}

#[test]
fn kubebuilder_assets_is_used_as_it_is_and_needs_no_go() {
    let dir = TempDir::new_in(&env::temp_dir(), "errand-assets-test").unwrap();
    for name in ["etcd", "kube-apiserver", "kubectl"] {
        fs::write(dir.path().join(name), "").unwrap();
    }
    let environment = Environment {
        kubebuilder_assets: Some(dir.path().to_owned()),
        ..Environment::default()
    };
    assert_eq!(
        status_in(&environment).unwrap(),
        Status::Found {
            dir: dir.path().to_owned(),
            how: How::KubebuilderAssets
        }
    );
}

#[test]
fn kubebuilder_assets_without_an_api_server_is_said_rather_than_mixed_with_ours() {
    let dir = TempDir::new_in(&env::temp_dir(), "errand-assets-test").unwrap();
    fs::write(dir.path().join("etcd"), "").unwrap();
    let environment = Environment {
        kubebuilder_assets: Some(dir.path().to_owned()),
        ..Environment::default()
    };
    let error = status_in(&environment).unwrap_err().to_string();
    assert!(error.contains("there is no kube-apiserver"), "{error}");
}

#[test]
fn tools_are_not_looked_for_in_kubebuilder_assets() {
    let dir = TempDir::new_in(&env::temp_dir(), "errand-assets-test").unwrap();
    fs::write(dir.path().join("helm"), "").unwrap();
    let environment = Environment {
        kubebuilder_assets: Some(dir.path().to_owned()),
        home: Some("/h".into()),
        ..Environment::default()
    };
    // Without Go it can only say so.
    if let Ok(places) = Places::of(&environment, &[Program::Helm]) {
        let helm = places.path(Program::Helm).unwrap();
        assert!(helm.starts_with("/h/.cache/errand/tools/helm"), "{helm:?}");
    }
}

#[test]
fn a_changed_program_of_our_own_is_built_anew() {
    let names: Vec<_> = KSTATUS.files().map(|(name, _)| name).collect();
    assert_eq!(names, ["go.mod", "go.sum", "main.go"]);
    assert_ne!(KSTATUS.folder("go1"), KSTATUS.folder("go2"));
}

#[test]
fn without_any_home_there_is_no_cache_folder() {
    assert!(matches!(
        Environment::default().cache_folder(),
        Err(Error::NoCacheFolder)
    ));
}

#[test]
fn xdg_cache_home_comes_before_home() {
    let mut environment = Environment {
        home: Some("/h".into()),
        ..Environment::default()
    };
    let folder = |environment: &Environment| environment.cache_folder().unwrap();
    assert_eq!(folder(&environment), Path::new("/h/.cache/errand"));
    environment.cache_home = Some("/c".into());
    assert_eq!(folder(&environment), Path::new("/c/errand"));
}

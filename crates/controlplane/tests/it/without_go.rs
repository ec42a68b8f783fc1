//! What is missing is said first, and clearly.

use errand_controlplane::assets;
use errand_controlplane::guard::TempDir;
use std::process::Command;

#[test]
fn a_missing_go_is_said_with_the_version_and_the_alternative() {
    let empty = TempDir::new_in(&std::env::temp_dir(), "errand-without-go").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_errand-controlplane"))
        .arg("build")
        .env_remove("KUBEBUILDER_ASSETS")
        .env("PATH", empty.path())
        .env("XDG_CACHE_HOME", empty.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.starts_with("Go is missing"), "{stderr}");
    assert!(stderr.contains("Install Go 1."), "{stderr}");
    assert!(stderr.contains(assets::kubernetes_version()), "{stderr}");
    assert!(stderr.contains("KUBEBUILDER_ASSETS"), "{stderr}");
}

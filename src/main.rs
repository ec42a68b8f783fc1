//! Errand.
fn main() {
    for crd in errand::api::crds() {
        println!("---\n{}", serde_yaml_ng::to_string(&crd).unwrap());
    }
}

//! Keys, certificates, tokens and kubeconfigs: who trusts whom.
//!
//! A CA of our own signs the API server's certificate, so that clients verify
//! TLS as they would anywhere. The administrator has a bearer token rather
//! than a client certificate: every client and every HTTP tool can send it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};

use crate::Error;

/// The files that the API server is started with.
pub(crate) struct Identity {
    pub(crate) ca_file: PathBuf,
    pub(crate) ca_pem: String,
    pub(crate) serving_certificate: PathBuf,
    pub(crate) serving_key: PathBuf,
    pub(crate) service_account_key: PathBuf,
    pub(crate) service_account_public_key: PathBuf,
    pub(crate) tokens: PathBuf,
    pub(crate) admin_token: String,
}

impl Identity {
    /// Makes everything anew in `dir`; nothing of it outlives the instance.
    pub(crate) fn create(dir: &Path) -> Result<Self, Error> {
        let made = Made::new().map_err(|error| Error::Certificate(error.to_string()))?;
        let admin_token = random_hex().map_err(Error::io("reading /dev/urandom"))?;
        let file = |name: &str, text: &str| {
            let path = dir.join(name);
            write_private(&path, text)
                .map_err(Error::io(format!("writing {}", path.display())))
                .map(|()| path)
        };
        Ok(Self {
            ca_file: file("ca.pem", &made.ca)?,
            ca_pem: made.ca,
            serving_certificate: file("serving.pem", &made.serving)?,
            serving_key: file("serving-key.pem", &made.serving_key)?,
            service_account_key: file("service-account-key.pem", &made.service_account_key)?,
            service_account_public_key: file(
                "service-account.pem",
                &made.service_account_public_key,
            )?,
            // system:masters passes RBAC without a binding.
            tokens: file(
                "tokens.csv",
                &format!("{admin_token},errand-admin,errand-admin,\"system:masters\"\n"),
            )?,
            admin_token,
        })
    }
}

struct Made {
    ca: String,
    serving: String,
    serving_key: String,
    service_account_key: String,
    service_account_public_key: String,
}

impl Made {
    fn new() -> Result<Self, rcgen::Error> {
        // rcgen's default validity is far longer than any run.
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params
            .distinguished_name
            .push(DnType::CommonName, "errand-controlplane-ca");
        let ca_key = KeyPair::generate()?;
        let ca = params.self_signed(&ca_key)?.pem();
        let issuer = Issuer::new(params, ca_key);

        let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
        params
            .subject_alt_names
            .push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params
            .distinguished_name
            .push(DnType::CommonName, "kube-apiserver");
        let serving_key = KeyPair::generate()?;
        let serving = params.signed_by(&serving_key, &issuer)?.pem();

        let service_account = KeyPair::generate()?;
        Ok(Self {
            ca,
            serving,
            serving_key: serving_key.serialize_pem(),
            service_account_key: service_account.serialize_pem(),
            service_account_public_key: service_account.public_key_pem(),
        })
    }
}

/// A kubeconfig with one cluster, one user and one context.
pub(crate) fn write_kubeconfig(
    path: &Path,
    url: &str,
    ca_file: &Path,
    token: &str,
    namespace: &str,
) -> io::Result<()> {
    let text = format!(
        "apiVersion: v1
kind: Config
current-context: errand
clusters:
- name: errand
  cluster:
    server: {}
    certificate-authority: {}
users:
- name: errand
  user:
    token: {}
contexts:
- name: errand
  context:
    cluster: errand
    user: errand
    namespace: {}
",
        quoted(url),
        quoted(&ca_file.display().to_string()),
        quoted(token),
        quoted(namespace)
    );
    write_private(path, &text)
}

/// A YAML string in single quotes, in which only that quote is special.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    // Not over an old file, whose mode would stay as it was.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?
        .write_all(text.as_bytes())
}

fn random_hex() -> io::Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::TempDir;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_kubeconfig_quotes_what_it_is_given_and_is_for_its_owner_only() {
        let dir = TempDir::new_in(&std::env::temp_dir(), "errand-identity-test").unwrap();
        let path = dir.path().join("config");
        fs::write(&path, "older, and readable by all").unwrap();
        let ca_file = Path::new("/o'clock/ca.pem");
        write_kubeconfig(&path, "https://127.0.0.1:1", ca_file, "t0", "default").unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.contains("certificate-authority: '/o''clock/ca.pem'\n"),
            "{text}"
        );
        assert!(text.contains("token: 't0'\n"), "{text}");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn every_instance_has_keys_and_a_token_of_its_own() {
        let dir = TempDir::new_in(&std::env::temp_dir(), "errand-identity-test").unwrap();
        let first = Identity::create(dir.path()).unwrap();
        let second = Identity::create(dir.path()).unwrap();
        assert_ne!(first.ca_pem, second.ca_pem);
        assert_ne!(first.admin_token, second.admin_token);
        assert_eq!(first.admin_token.len(), 32);
    }
}

//! Which certificates are trusted. There is no setting that trusts all of them.

use std::path::Path;
use std::sync::Arc;

use quell_action::ConnectError;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// The authorities of this file and no others, or, without a file, those that this computer trusts.
pub(crate) fn trusting(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, ConnectError> {
    let roots = match ca_file {
        Some(path) => from_file(path)?,
        None => of_this_computer()?,
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ConnectError(format!("TLS cannot be set up: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn from_file(path: &Path) -> Result<RootCertStore, ConnectError> {
    let refused = |why: String| ConnectError(format!("ca_file {}: {why}", path.display()));
    let mut roots = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(path).map_err(|error| refused(format!("cannot be read: {error}")))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| refused(format!("is not PEM: {error}")))?;
        roots.add(certificate).map_err(|error| refused(format!("holds no usable certificate: {error}")))?;
    }
    if roots.is_empty() {
        return Err(refused("holds no certificate; it must hold the authority's, in PEM".into()));
    }
    Ok(roots)
}

fn of_this_computer() -> Result<RootCertStore, ConnectError> {
    let mut roots = RootCertStore::empty();
    // Some of a system's certificates are always unreadable for somebody; what counts is that there are any.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(ConnectError("this computer trusts no authority; name one with ca_file".into()));
    }
    Ok(roots)
}

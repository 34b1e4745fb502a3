//! TLS of the server: a certificate and a key from PEM files to what rustls takes.

use std::path::Path;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsFiles;
use crate::error::{Error, Result};

/// # Errors
/// [`Error::Tls`] when a file cannot be read, holds something else, or the two do not belong together.
pub fn read(files: &TlsFiles) -> Result<ServerConfig> {
    let wrong = |path: &Path, problem: String| Error::Tls { path: path.to_owned(), problem };
    let TlsFiles { certificate, key } = files;
    let read = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = read.map_err(|error| wrong(certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(wrong(certificate, "it holds no certificate".into()));
    }
    // What it says of a key may hold parts of it.
    let key_der = PrivateKeyDer::from_pem_file(key).map_err(|_| wrong(key, "it holds no private key".into()))?;
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key_der);
    config.map_err(|error| wrong(certificate, error.to_string()))
}

//! Values that are given out and come back: signed, so that only what was made here is believed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;
use taproot_engine::Accounts;

use crate::http::error::{ApiError, Result};

/// A longer one was not made here: names of 100 groups and collections of 100 characters fit.
const MAX_BYTES: usize = 64 * 1024;

/// `PAYLOAD.SIGNATURE`: good for one purpose only, of characters that stand in headers and cookies as they are.
pub fn seal(accounts: &Accounts, purpose: &str, value: &impl Serialize) -> Result<String> {
    let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).map_err(ApiError::internal)?);
    let mut mac = mac(accounts, purpose)?;
    mac.update(payload.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    Ok(format!("{payload}.{signature}"))
}

/// What was sealed; `None` when it was not, or as something else.
pub fn open<T: DeserializeOwned>(accounts: &Accounts, purpose: &str, sealed: &str) -> Result<Option<T>> {
    let Some((payload, signature)) = sealed.split_once('.').filter(|_| sealed.len() <= MAX_BYTES) else {
        return Ok(None);
    };
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return Ok(None) };
    let mut mac = mac(accounts, purpose)?;
    mac.update(payload.as_bytes());
    // Compares in a time that does not depend on where they differ.
    if mac.verify_slice(&signature).is_err() {
        return Ok(None);
    }
    Ok(URL_SAFE_NO_PAD.decode(payload).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

fn mac(accounts: &Accounts, purpose: &str) -> Result<Hmac<Sha256>> {
    let mut mac: Hmac<Sha256> = Hmac::new_from_slice(accounts.signing_key().as_bytes()).map_err(ApiError::internal)?;
    mac.update(purpose.as_bytes());
    mac.update(&[0]);
    Ok(mac)
}

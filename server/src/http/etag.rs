//! ETags: a caller that has an answer already is told that it still holds, and gets no body (RFC 9110, section 13).
//!
//! A tag is made of the answer's own bytes, so it is right whatever changed. It says nothing of rights: the answer is
//! made for the caller first, and a document that is hidden now is as absent with a tag as without.

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::error::{ApiError, Result};

/// May be kept by the caller alone, and has to be asked for again each time.
pub const CACHE_POLICY: &str = "private, no-cache";

/// A JSON value with its tag, or that it has not changed.
pub fn json(http: &HttpRequest, value: &impl Serialize) -> Result<HttpResponse> {
    let body = serde_json::to_vec(value).map_err(ApiError::internal)?;
    let tag = format!("\"{}\"", &blake3::hash(&body).to_hex()[..32]);
    let unchanged = holds(http.headers(), &tag);
    let mut response = if unchanged { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((header::ETAG, tag)).insert_header((header::CACHE_CONTROL, CACHE_POLICY));
    if unchanged {
        return Ok(response.finish());
    }
    Ok(response.content_type("application/json").body(body))
}

/// Whether the caller has what the tag stands for. Compared weakly, as RFC 9110, section 13.1.2, wants it.
pub fn holds(headers: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let told = headers.get_all(header::IF_NONE_MATCH).filter_map(|tags| tags.to_str().ok());
    told.flat_map(|tags| tags.split(',')).any(|known| known.trim() == "*" || opaque(known) == opaque(tag))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn tags_are_compared_weakly() {
        for (told, expected) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", \"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_str(told).unwrap());
            assert_eq!(holds(&headers, "\"a\""), expected, "{told}");
            assert_eq!(holds(&headers, "W/\"a\""), expected, "{told}");
        }
        assert!(!holds(&HeaderMap::new(), "\"a\""));
    }
}

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, crypto::aws_lc::DEFAULT_PROVIDER};
use serde_json::{Map, Value, json};

use super::*;
use tower_entra::{
    error::{FetchError, FetchFailure},
    fetch::{Fetch, FetchRequest, FetchResponse},
    tenant::{Cloud, TenantId},
};

mod documents;
mod over_http;
mod providers;
mod tokens;

const BASE: &str = "https://login.microsoftonline.com";
const CAP: usize = 1024 * 1024;

async fn get(mock: &MockEntra, path: &str) -> Result<FetchResponse, FetchError> {
    mock.fetch(FetchRequest::new(format!("{}{path}", mock.base()), CAP)).await
}

async fn json_at(mock: &MockEntra, path: &str) -> Value {
    let response = get(mock, path).await.unwrap();
    assert_eq!(response.status, 200, "{path}");
    serde_json::from_slice(&response.body).unwrap()
}

fn part(token: &str, index: usize) -> Map<String, Value> {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn header(token: &str) -> Map<String, Value> {
    part(token, 0)
}

fn claims(token: &str) -> Map<String, Value> {
    part(token, 1)
}

/// Whether the signature of `token` verifies with the key and `algorithm`.
fn verifies(token: &str, key: &Value, algorithm: Algorithm) -> bool {
    let key = DecodingKey::from_rsa_components(key["n"].as_str().unwrap(), key["e"].as_str().unwrap()).unwrap();
    let verifier = (DEFAULT_PROVIDER.verifier_factory)(&algorithm, &key).unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    verifier.verify(message.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).is_ok()
}

fn verifies_now(mock: &MockEntra, token: &str) -> bool {
    verifies(token, &mock.current_key().jwk(), Algorithm::RS256)
}

fn kids(set: &Value) -> Vec<&str> {
    set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap()).collect()
}

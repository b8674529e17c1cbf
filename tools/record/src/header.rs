//! Changes of a token's header and of the key that signs it.

use crate::{
    keys::{Key, jwk},
    mutations::Mutation,
    object::string,
    random::Random,
    tokens::Token,
};

macro_rules! mutations {
    ($($name:literal $weight:literal, $change:expr;)+) => {
        &[$(Mutation { name: $name, weight: $weight, change: $change },)+]
    };
}

fn set(token: &mut Token, name: &str, value: &str) {
    token.header.set(name, value);
}

#[rustfmt::skip]
pub const HEADER_MUTATIONS: &[Mutation] = mutations! {
    "key in no document" 6, |token: &mut Token, _: &mut Random| token.key = Key::Unpublished;
    "unknown kid" 5, |token, random| { let kid = random.pick(&["unknown", "RSA", "rsa ", "../rsa", "rotated"]); token.header.set("kid", string(kid)); };
    "kid of another key" 2, |token, random| token.header.set("kid", string(random.pick(&["rsa", "ec", "ed", "edit", "foreign", "app"])));
    "kid is not a name" 2, |token, random| set(token, "kid", random.pick(&["\"\"", "7", "null", "[\"rsa\"]", "\"r\\u0073a\""]));
    "no kid" 4, |token, _| token.header.remove("kid");
    "not signed" 4, |token, random| set(token, "alg", random.pick(&["\"none\"", "\"None\"", "\"NONE\""]));
    "algorithm with a shared secret" 3, |token, random| set(token, "alg", random.pick(&["\"HS256\"", "\"HS512\"", "\"dir\""]));
    "another algorithm" 3, |token, random| set(token, "alg", random.pick(&["\"RS384\"", "\"PS256\"", "\"ES256\"", "\"ES512\"", "\"EdDSA\"", "\"Ed25519\"", "\"rs256\"", "\"RS1\"", "\"\""]));
    "RS512" 2, |token, _| { set(token, "alg", "\"RS512\""); token.key = Key::Rs512; };
    "an elliptic curve" 1, |token, _| { set(token, "alg", "\"ES256\""); token.header.set("kid", string("ec")); token.key = Key::P256; };
    "an Edwards curve" 1, |token, _| { set(token, "alg", "\"EdDSA\""); token.header.set("kid", string("ed")); token.key = Key::Ed25519; };
    "algorithm is not a name" 2, |token, random| set(token, "alg", random.pick(&["7", "null", "[\"RS256\"]"]));
    "no algorithm" 1, |token, _| token.header.remove("alg");
    "type of an access token" 2, |token, random| set(token, "typ", random.pick(&["\"at+jwt\"", "\"AT+JWT\"", "\"application/at+jwt\"", "\"jwt\""]));
    "type of another kind of JWT" 4, |token, random| set(token, "typ", random.pick(&["\"dpop+jwt\"", "\"logout+jwt\"", "\"JWE\"", "\"secevent+jwt\"", "\"\"", "\"pop\""]));
    "type is not a name" 1, |token, random| set(token, "typ", random.pick(&["7", "null"]));
    "no type" 1, |token, _| token.header.remove("typ");
    "critical extension" 3, |token, random| set(token, "crit", random.pick(&["[]", "[\"b64\"]", "[\"exp\"]", "null"]));
    "key in the header" 2, |token, _| { token.header.set("jwk", jwk(Key::Unpublished)); token.key = Key::Unpublished; };
    "address of keys in the header" 1, |token, random| token.header.set(random.pick(&["jku", "x5u"]), string("https://keys.example/"));
    "certificate in the header" 1, |token, _| { token.header.set("x5c", "[\"bWFkZSB1cA==\"]"); token.header.set("x5t", string("rsa")); };
    "member twice" 2, |token, random| { let name = random.pick(&["alg", "kid", "typ", "x"]); token.header.push(name, string("rsa")); token.header.push(name, string("rsa")); };
    "member in another case" 1, |token, random| { let name = random.pick(&["alg", "kid", "typ"]); token.header.rename(name, &name.to_uppercase()); };
    "header is not an object" 2, |token, random| { let own = token.header.to_string(); token.raw_header = Some([b"".to_vec(), b"[]".to_vec(), b"{".to_vec(), format!("{own} ").into_bytes(), format!("\u{feff}{own}").into_bytes(), format!("{own}{own}").into_bytes(), [own.as_bytes(), &[0xff]].concat()][random.below(7)].clone()); };
    "header of an encrypted token" 1, |token, _| { set(token, "alg", "\"RSA-OAEP\""); set(token, "enc", "\"A256CBC-HS512\""); };
};

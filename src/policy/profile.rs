use std::borrow::Cow;

use crate::{
    claims::{
        Mapped, json,
        payload::{Payload, StringClaim},
        scopes::{self, is_visible},
    },
    rejection::{Malformed, Rejection, RejectionKind},
};

/// What kind of provider issued the tokens, as far as the rules differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Entra for work and school, and personal accounts.
    #[default]
    Workforce,
    /// External ID: tokens as those of Entra (`docs/entra.md`, "External ID").
    ExternalId,
    /// Azure AD B2C: no `tid`, and `ver` is not the version of the issuer (`docs/entra.md`, "Azure AD B2C").
    B2c,
    /// Any other OpenID Connect issuer.
    OpenIdConnect(Box<Mapping>),
    /// Programs that prove who they are by a token of the platform that runs them.
    Workload,
}

/// Where the tokens of another OpenID Connect issuer have what those of Entra have under fixed names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mapping {
    /// `None`: `scp`, else `scope` (RFC 8693 §4.2).
    pub(crate) scopes: Option<Path>,
    /// `None`: `roles`.
    pub(crate) roles: Option<Path>,
    /// `None`: its tokens have no groups of their own name.
    pub(crate) groups: Option<Path>,
    /// `None`: `sub`.
    pub(crate) subject: Option<Path>,
    /// `None`: `client_id` (RFC 9068 §2.2), else `azp`, else `cid`.
    pub(crate) client: Option<Path>,
    /// `None`: `aud`.
    pub(crate) audience: Option<Path>,
}

/// A claim by its name, or by a JSON Pointer (RFC 6901) where it begins with a slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path(Vec<String>);

impl Path {
    /// Reads a name or a pointer; `None` for an empty one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let names = match text.strip_prefix('/') {
            Some(pointer) => pointer.split('/').map(|name| name.replace("~1", "/").replace("~0", "~")).collect(),
            None => vec![text.to_owned()],
        };
        names.iter().all(|name: &String| !name.trim().is_empty()).then_some(Self(names))
    }

    /// The JSON text of the claim; `None` if it is not there, or null.
    pub(super) fn find<'a>(&self, payload: &'a Payload) -> Option<&'a str> {
        let (first, inner) = self.0.split_first()?;
        let found = inner.iter().try_fold(payload.raw(first)?, |value, name| {
            let members = json::object(value).ok()?;
            members.into_iter().find_map(|(known, value)| (known == *name).then_some(value))
        });
        found.filter(|value| *value != "null")
    }

    fn name(&self) -> String {
        self.0.join("/")
    }

    /// The claim in which it begins.
    pub(super) fn first(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }
}

impl Mapping {
    /// What the token says under the names of its issuer, and whether it is an application's own.
    ///
    /// `is_rfc9068` says that its header's `typ` is that of an access token (RFC 9068 §2.1).
    ///
    /// # Errors
    ///
    /// `malformed_token` for a claim of the wrong type, `not_an_access_token` for an id token and for one without any
    /// mark of an access token.
    pub(crate) fn read(&self, payload: &Payload, is_rfc9068: bool) -> Result<(Mapped, bool), Rejection> {
        let list = |path: &Path, read: fn(&str) -> Option<Vec<Box<str>>>| match path.find(payload) {
            None => Ok(Vec::new()),
            Some(value) => read(value).ok_or_else(|| mistyped(&path.name())),
        };
        let scopes = match &self.scopes {
            Some(path) => list(path, scopes_in)?,
            None => match list(&Path(vec!["scp".to_owned()]), scopes_in)? {
                scopes if scopes.is_empty() => list(&Path(vec!["scope".to_owned()]), scopes_in)?,
                scopes => scopes,
            },
        };
        let roles = match &self.roles {
            Some(path) => list(path, texts)?,
            None => list(&Path(vec!["roles".to_owned()]), texts)?,
        };
        let groups = match self.groups.as_ref().and_then(|path| Some((path, path.find(payload)?))) {
            Some((path, value)) => groups_in(value).map_err(|()| mistyped(&path.name()))?,
            None => None,
        };
        let subject = self.subject.as_ref().map(|path| text(payload, path)).transpose()?.flatten();
        let client = self.client(payload)?;

        let is_marked_as_other = is_marked_as_other(payload);
        // Keycloak before 25 copies the `nonce` into access tokens and says what each token is: `Bearer` or `ID`. The hashes
        // are computed by the provider for id tokens alone, so that a claim `typ` that a user may have chosen at another
        // provider does not outweigh them.
        let is_id_token = match says_bearer(payload) {
            true => payload.has_id_token_hash,
            false => payload.has_id_token_mark,
        } && !is_rfc9068;
        if is_marked_as_other || is_id_token {
            return Err(
                Rejection::new(RejectionKind::NotAnAccessToken).detail("it is an id token, or another kind of token")
            );
        }
        if !is_rfc9068 && scopes.is_empty() && (!roles.iter().any(|role| is_visible(role)) || client.is_none()) {
            let detail = "it has no scope, no roles and not the typ of an access token (at+jwt)";
            return Err(Rejection::new(RejectionKind::NotAnAccessToken).detail(detail));
        }
        let app_only = client.as_deref().is_some_and(|client| is_of_client_alone(payload, client));
        Ok((Mapped { scopes, roles, groups, subject, client }, app_only))
    }

    fn client(&self, payload: &Payload) -> Result<Option<Box<str>>, Rejection> {
        if let Some(path) = &self.client {
            return text(payload, path);
        }
        for name in ["client_id", "azp", "cid"] {
            if let Some(client) = text(payload, &Path(vec![name.to_owned()]))? {
                return Ok(Some(client));
            }
        }
        Ok(None)
    }

    /// The name of the claim with the audience, for explanations.
    pub(crate) fn audience_claim(&self) -> Cow<'static, str> {
        self.audience.as_ref().map_or(Cow::Borrowed("aud"), |path| path.name().into())
    }

    /// The audiences of the token, where they are not in `aud`.
    pub(crate) fn audiences(&self, payload: &Payload) -> Option<Vec<Box<str>>> {
        self.audience.as_ref().map(|path| path.find(payload).and_then(texts).unwrap_or_default())
    }
}

/// The claims of a token of a workload identity. It needs a subject, but no scope and no role; what it has of them does not
/// count. A user who has signed in is not a workload.
pub(super) fn read_workload(payload: &Payload) -> Result<Mapped, Rejection> {
    let refused = |detail| Err(Rejection::new(RejectionKind::NotAnAccessToken).detail(detail));
    if payload.has_id_token_mark || is_marked_as_other(payload) {
        return refused("it is an ID token of a user, or another kind of token");
    }
    if text(payload, &Path(vec!["sub".to_owned()]))?.is_none_or(|subject| !is_visible(&subject)) {
        return refused("it has no sub, so it identifies no workload");
    }
    let client = Mapping::default().client(payload)?;
    Ok(Mapped { scopes: Vec::new(), roles: Vec::new(), groups: None, subject: None, client })
}

/// `token_use` or `typ` says that it is not an access token. What is not a string says so too.
fn is_marked_as_other(payload: &Payload) -> bool {
    let is = |name: &str, expected: &str| {
        text(payload, &Path(vec![name.to_owned()]))
            .is_ok_and(|found| found.is_none_or(|found| found.eq_ignore_ascii_case(expected)))
    };
    !is("token_use", "access") || !is("typ", "Bearer")
}

/// The claim `typ` is `Bearer`, as Keycloak writes it into access tokens. One that is missing says nothing.
fn says_bearer(payload: &Payload) -> bool {
    let kind = text(payload, &Path(vec!["typ".to_owned()]));
    kind.is_ok_and(|kind| kind.is_some_and(|kind| kind.eq_ignore_ascii_case("Bearer")))
}

/// The subject is the client itself: RFC 9068 §2.2, and as Auth0 writes it.
fn is_of_client_alone(payload: &Payload, client: &str) -> bool {
    let subject = payload.string(StringClaim::Subject).unwrap_or_default();
    subject == client || subject.strip_suffix("@clients") == Some(client)
}

fn text(payload: &Payload, path: &Path) -> Result<Option<Box<str>>, Rejection> {
    match path.find(payload) {
        None => Ok(None),
        Some(value) => match json::string(value) {
            Some(text) => Ok((!text.is_empty()).then(|| text.into())),
            None => Err(mistyped(&path.name())),
        },
    }
}

/// The elements of a list of strings; a string is a list of one. Empty ones are left out.
fn texts(value: &str) -> Option<Vec<Box<str>>> {
    match json::string(value) {
        Some(text) => Some((!text.is_empty()).then(|| text.into()).into_iter().collect()),
        None => json::elements(value)?
            .into_iter()
            .map(|element| json::string(element).map(Into::into))
            .filter(|element| element.as_deref() != Some(""))
            .collect(),
    }
}

/// The groups of a list of strings; a string is a list of one. `None` for an empty string, which does not tell that there are
/// none; an empty element of a list stays, so that it is never taken for a list of fewer.
fn groups_in(value: &str) -> Result<Option<Vec<Box<str>>>, ()> {
    if let Some(text) = json::string(value) {
        return Ok((!text.is_empty()).then(|| vec![text.into()]));
    }
    let elements = json::elements(value).ok_or(())?;
    elements.into_iter().map(|element| json::string(element).map(Into::into)).collect::<Option<_>>().map(Some).ok_or(())
}

/// The scopes of a string, separated by spaces, or of a list, one in each element. What is not a scope is ignored.
fn scopes_in(value: &str) -> Option<Vec<Box<str>>> {
    if let Some(text) = json::string(value) {
        return Some(scopes::split(&text).map(Into::into).collect());
    }
    let mut all = texts(value)?;
    all.retain(|scope| scopes::is_scope_token(scope));
    Some(all)
}

fn mistyped(name: &str) -> Rejection {
    let rejection = Rejection::new(RejectionKind::MalformedToken).because(Malformed::MappedClaimType);
    rejection.expected(format!("strings in {name}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(mapping: &Mapping, json: &str, is_rfc9068: bool) -> Result<(Mapped, bool), RejectionKind> {
        let payload = Payload::parse(format!("{{\"exp\":1,{json}}}")).unwrap();
        mapping.read(&payload, is_rfc9068).map_err(|rejection| rejection.kind())
    }

    fn path(text: &str) -> Option<Path> {
        Some(Path::parse(text).unwrap())
    }

    #[test]
    fn claims_by_name_and_by_pointer() {
        for text in ["", " ", "/", "/a//b"] {
            assert_eq!(Path::parse(text), None, "{text:?}");
        }
        let payload =
            Payload::parse(r#"{"exp":1,"a/b":{"c~d":["x"]},"https://id.example/roles":"y","n":null}"#.into()).unwrap();
        for (text, value) in [
            ("/a~1b/c~0d", Some(r#"["x"]"#)),
            ("https://id.example/roles", Some(r#""y""#)),
            ("a/b", Some(r#"{"c~d":["x"]}"#)),
            ("/a~1b/c", None),
            ("/exp/x", None),
            ("n", None),
            ("absent", None),
        ] {
            assert_eq!(Path::parse(text).unwrap().find(&payload), value, "{text}");
        }
    }

    #[test]
    fn what_other_issuers_write() {
        let usual = Mapping::default();
        let keycloak = Mapping { roles: path("/realm_access/roles"), ..Mapping::default() };
        let permissions = Mapping { scopes: path("permissions"), subject: path("uid"), ..Mapping::default() };
        for (mapping, json, scopes, roles, client, app_only) in [
            (&usual, r#""scp":["a","b c","d\t","\u00a0"],"cid":"k","sub":"u""#, vec!["a"], vec![], Some("k"), false),
            (&usual, r#""scp":"a\tb c\u200b d","cid":"k","sub":"u""#, vec!["d"], vec![], Some("k"), false),
            (&usual, r#""scp":"\t","scope":"a","cid":"k","sub":"u""#, vec!["a"], vec![], Some("k"), false),
            (&usual, r#""scope":"a  b","azp":"k","sub":"k""#, vec!["a", "b"], vec![], Some("k"), true),
            (&usual, r#""scope":"a","azp":"k","sub":"k@clients""#, vec!["a"], vec![], Some("k"), true),
            (&usual, r#""scp":"","scope":"a","client_id":"k","azp":"z""#, vec!["a"], vec![], Some("k"), false),
            (&usual, r#""roles":"r","azp":"k""#, vec![], vec!["r"], Some("k"), false),
            (
                &keycloak,
                r#""scope":"a","realm_access":{"roles":["r"]},"typ":"Bearer""#,
                vec!["a"],
                vec!["r"],
                None,
                false,
            ),
            (&keycloak, r#""scope":"a","realm_access":{"roles":[]},"roles":["no"]"#, vec!["a"], vec![], None, false),
            (&permissions, r#""permissions":["p"],"scope":"no","uid":"me""#, vec!["p"], vec![], None, false),
        ] {
            let (mapped, app) = read(mapping, json, false).unwrap_or_else(|kind| panic!("{json}: {kind:?}"));
            assert_eq!(mapped.scopes.iter().map(|text| &**text).collect::<Vec<_>>(), scopes, "{json}");
            assert_eq!(mapped.roles.iter().map(|text| &**text).collect::<Vec<_>>(), roles, "{json}");
            assert_eq!((mapped.client.as_deref(), app), (client, app_only), "{json}");
        }
    }

    #[test]
    fn groups_by_their_own_claim() {
        for (name, json, groups) in [
            (None, r#""groups":["a"]"#, Ok(None)),
            (Some("groups"), r#""groups":["a","b"]"#, Ok(Some(vec!["a", "b"]))),
            (Some("groups"), r#""groups":"a b""#, Ok(Some(vec!["a b"]))),
            (Some("groups"), r#""groups":[]"#, Ok(Some(vec![]))),
            (Some("groups"), r#""groups":["a",""]"#, Ok(Some(vec!["a", ""]))),
            (Some("groups"), r#""groups":"""#, Ok(None)),
            (Some("groups"), r#""groups":null"#, Ok(None)),
            (Some("groups"), r#""roles":["a"]"#, Ok(None)),
            (Some("/realm/groups"), r#""realm":{"groups":["/a"]},"groups":["b"]"#, Ok(Some(vec!["/a"]))),
            (Some("groups"), r#""groups":7"#, Err(RejectionKind::MalformedToken)),
            (Some("groups"), r#""groups":["a",7]"#, Err(RejectionKind::MalformedToken)),
            (Some("groups"), r#""groups":{"a":1}"#, Err(RejectionKind::MalformedToken)),
        ] {
            let mapping = Mapping { groups: name.and_then(path), ..Mapping::default() };
            let found = read(&mapping, &format!(r#""scope":"s",{json}"#), false).map(|(mapped, _)| mapped.groups);
            let groups =
                groups.map(|groups| groups.map(|all| all.into_iter().map(Into::into).collect::<Vec<Box<str>>>()));
            assert_eq!(found, groups, "{name:?} {json}");
        }
    }

    #[test]
    fn what_is_no_access_token() {
        let mapping = Mapping::default();
        let other = Some(RejectionKind::NotAnAccessToken);
        let wrong = Some(RejectionKind::MalformedToken);
        for (json, is_rfc9068, outcome) in [
            (r#""sub":"u""#, false, other),
            (r#""sub":"u""#, true, None),
            (r#""scope":"a","nonce":"n""#, false, other),
            (r#""scope":"a","nonce":"n""#, true, None),
            (r#""scope":"a","at_hash":"n""#, false, other),
            (r#""scope":"a","typ":"Bearer","nonce":"n""#, false, None),
            (r#""scope":"a","typ":"bearer","nonce":"n""#, false, None),
            (r#""scope":"a","typ":"Bearer","nonce":"n","at_hash":"h""#, false, other),
            (r#""scope":"a","typ":"Bearer","c_hash":"h""#, false, other),
            (r#""scope":"a","typ":"Bearer","nonce":"n","token_use":"id""#, false, other),
            (r#""scope":"a","typ":"ID","nonce":"n""#, false, other),
            (r#""scope":"a","typ":["Bearer"],"nonce":"n""#, false, other),
            (r#""scope":"a","typ":"","nonce":"n""#, false, other),
            (r#""scope":"a","typ":null,"nonce":"n""#, false, other),
            (r#""typ":"Bearer","nonce":"n""#, false, other),
            (r#""scope":"a","token_use":"id""#, false, other),
            (r#""scope":"a","token_use":"id""#, true, other),
            (r#""scope":"a","token_use":"access""#, false, None),
            (r#""scope":"a","token_use":["id"]"#, false, other),
            (r#""scope":"a","typ":{"is":"ID"}"#, true, other),
            (r#""roles":"","azp":"k""#, false, other),
            (r#""roles":[" ","\t","\u200b"],"azp":"k""#, false, other),
            (r#""scope":"\t""#, false, other),
            (r#""scope":"a\tb""#, false, other),
            (r#""scope":["a b","\u00a0"]"#, false, other),
            (r#""scope":"\u200b","scp":["\ufeff"]"#, false, other),
            (r#""scope":"a","typ":"ID""#, false, other),
            (r#""scope":"a","typ":"Refresh""#, true, other),
            (r#""roles":["r"]"#, false, other),
            (r#""roles":["r"],"azp":"k""#, false, None),
            (r#""scope":"","roles":[],"azp":"k""#, false, other),
            (r#""scope":7"#, true, wrong),
            (r#""scp":{"a":1},"scope":"a""#, false, wrong),
            (r#""scope":["a",7]"#, false, wrong),
            (r#""scope":"a","azp":7"#, false, wrong),
            (r#""scope":"a","roles":{"r":1}"#, false, wrong),
        ] {
            assert_eq!(read(&mapping, json, is_rfc9068).err(), outcome, "{json}");
        }
    }
}

//! `TokenValidationParameters` of Microsoft.Identity.Web, as far as they mean the same here.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use super::{
    key::Key,
    location::Named,
    names,
    reader::{Reader, duplicate, mistyped, visible, wrong},
    value::{ConfigValue, Data, fold},
    warning::Warning,
};
use crate::error::{
    ConfigProblem,
    ConfigProblemKind::{self, Unknown, Unsafe, Unsupported},
};

/// A member that is read.
#[derive(Clone, Copy)]
enum Member {
    ValidAudience,
    ValidAudiences,
    ClockSkew,
    /// Must allow all algorithms that any authority accepts, which all sources decide together.
    ValidAlgorithms,
    /// Must allow everything that is accepted here.
    AllowsAll(&'static [&'static str]),
    /// Always checked here: false would weaken.
    AlwaysTrue,
    /// Never done here: true cannot be honoured.
    AlwaysFalse,
    /// Both values mean what happens here anyway.
    NoDifference,
    /// Ignored with a warning: the setting to use.
    Claim(&'static str),
    Unsupported(&'static str),
}

const MEMBERS: [(&str, Member); 20] = [
    ("ValidAudience", Member::ValidAudience),
    ("ValidAudiences", Member::ValidAudiences),
    ("ClockSkew", Member::ClockSkew),
    ("ValidAlgorithms", Member::ValidAlgorithms),
    ("ValidTypes", Member::AllowsAll(&["JWT", "at+jwt", "application/at+jwt"])),
    ("ValidateIssuer", Member::AlwaysTrue),
    ("ValidateAudience", Member::AlwaysTrue),
    ("ValidateLifetime", Member::AlwaysTrue),
    ("ValidateIssuerSigningKey", Member::NoDifference),
    ("RequireSignedTokens", Member::AlwaysTrue),
    ("RequireExpirationTime", Member::AlwaysTrue),
    ("RequireAudience", Member::AlwaysTrue),
    ("ValidateActor", Member::AlwaysFalse),
    ("TryAllIssuerSigningKeys", Member::AlwaysFalse),
    ("NameClaimType", Member::Claim("claims keep their names, and handlers read them from `Claims`")),
    ("RoleClaimType", Member::Claim("roles are the claim `roles`; of an OpenID Connect issuer, set RoleClaim")),
    ("ValidIssuer", Member::Unsupported("adds an issuer in Microsoft.Identity.Web; write TenantIds instead")),
    ("ValidIssuers", Member::Unsupported("adds issuers in Microsoft.Identity.Web; write TenantIds instead")),
    ("ValidateTokenReplay", Member::Unsupported("is not supported; remove it, and detect replays in the application")),
    (
        "IssuerSigningKey",
        Member::Unsupported("is not supported; write StaticKeys or KeyFile with an OpenID Connect issuer"),
    ),
];

impl Reader<'_> {
    pub(super) fn token_validation_parameters(&mut self, value: &ConfigValue) {
        let Data::Object(members) = &value.data else {
            return self.report(mistyped(value, "must be an object"));
        };
        let mut seen: HashMap<String, String> = HashMap::new();
        let mut audiences = Vec::new();
        for (key, member) in members {
            let folded = fold(key);
            if let Some(other) = seen.insert(folded.clone(), member.name.clone()) {
                self.report(duplicate(&member.name, &other));
                continue;
            }
            match MEMBERS.iter().find(|(name, _)| fold(name) == folded) {
                Some((_, known)) => self.validation_parameter(*known, member, &mut audiences),
                None if self.problems.is_full() => self.problems.omit(),
                None => {
                    let nearest = names::nearest(key, MEMBERS.map(|(name, _)| name));
                    let advice = match nearest {
                        Some((known, _)) => format!("is not supported; did you mean `{known}`?"),
                        None => "is not supported; remove it".to_owned(),
                    };
                    self.report(ConfigProblem::new(Unknown, visible(&member.name), None, advice));
                }
            }
        }
        // Also where a source of higher precedence has other audiences: these members accept none but the listed ones.
        let is_audience = |(key, value): &&(String, ConfigValue)| {
            ["validaudience", "validaudiences"].contains(&&*fold(key)) && !value.is_empty()
        };
        // A list that cannot be read is a problem already.
        let is_known = !audiences.is_empty() || self.replaced.is_replaced(Key::Audience);
        if let Some((_, value)) = members.iter().find(is_audience)
            && is_known
            && !self.replaced.is_replaced(Key::StrictAudiences)
        {
            self.settings.strict_audiences = vec![self.named(&value.name, true)];
            self.settings.has_valid_audience = true;
        }
        let Some(first) = audiences.first().map(|first: &Named<String>| first.name.clone()) else { return };
        let replaced: Vec<String> = self.settings.audiences.iter().map(|named| named.name.to_string()).collect();
        let values: HashSet<&str> = audiences.iter().map(|audience| &*audience.value).collect();
        if self.settings.audiences.iter().any(|named| !values.contains(&*named.value)) {
            let text = format!("{} is ignored, since {first} replaces it", replaced.join(", "));
            self.settings.warnings.push(Warning::of_all(replaced, text));
        }
        self.settings.audiences = audiences;
    }

    fn validation_parameter(&mut self, member: Member, value: &ConfigValue, audiences: &mut Vec<Named<String>>) {
        let is_boolean = matches!(member, Member::AlwaysTrue | Member::AlwaysFalse | Member::NoDifference);
        if value.is_empty() && !(is_boolean && matches!(value.data, Data::Text(_))) {
            return;
        }
        match member {
            Member::ValidAudience if !self.replaced.is_replaced(Key::Audience) => {
                audiences.extend(self.text(value, "must be a string; several are listed under ValidAudiences"));
            }
            Member::ValidAudiences if !self.replaced.is_replaced(Key::Audience) => {
                audiences.extend(self.listed(value));
            }
            Member::ClockSkew if !self.replaced.is_replaced(Key::ClockSkewSeconds) => self.clock_skew(value),
            Member::ValidAudience | Member::ValidAudiences | Member::ClockSkew => {}
            Member::ValidAlgorithms => {
                let listed = self.listed(value).into_iter().map(|named| named.value).collect::<Vec<_>>();
                if !listed.is_empty() {
                    self.settings.valid_algorithms = Some(self.named(&value.name, listed));
                }
            }
            Member::AllowsAll(all) => {
                let listed = self.listed(value);
                let has = |each: &&str| listed.iter().any(|named| named.value.eq_ignore_ascii_case(each));
                if !listed.is_empty() && !all.iter().all(has) {
                    let advice = format!(
                        "restricts to some of those that are accepted here, which is not supported; it may only allow all of \
                         {}, so remove it",
                        all.join(", ")
                    );
                    self.report(wrong_kind(value, Unsupported, advice));
                }
            }
            Member::AlwaysTrue => {
                if self.boolean(value).is_some_and(|named| !named.value) {
                    self.report(wrong_kind(
                        value,
                        Unsafe,
                        "would weaken validation; this is always checked here, so remove it",
                    ));
                }
            }
            Member::AlwaysFalse => {
                if self.boolean(value).is_some_and(|named| named.value) {
                    self.report(wrong_kind(value, Unsupported, "is not supported; remove it"));
                }
            }
            Member::NoDifference => drop(self.boolean(value)),
            Member::Claim(instead) => {
                if let Some(text) = self.text(value, "must be a string") {
                    let name = text.name.to_string();
                    let text = format!("{name} is ignored: {instead}");
                    self.settings.warnings.push(Warning::new(name, text));
                }
            }
            Member::Unsupported(advice) => self.report(ConfigProblem::new(Unsupported, &value.name, None, advice)),
        }
    }

    /// A list of strings that is not empty.
    fn listed(&mut self, value: &ConfigValue) -> Vec<Named<String>> {
        let is_empty = match &value.data {
            Data::List(elements) => elements.is_empty() || elements.iter().any(ConfigValue::is_empty),
            Data::Object(members) => members.is_empty(),
            Data::Text(_) | Data::Other(_) => false,
        };
        if is_empty {
            self.report(wrong(value, "is empty or has an empty element, which accepts nothing; remove it"));
            return Vec::new();
        }
        self.texts(value, "must be a list of strings")
    }

    fn clock_skew(&mut self, value: &ConfigValue) {
        let skew = match &value.data {
            Data::Text(text) => time_span(text),
            Data::Other(_) | Data::List(_) | Data::Object(_) => None,
        };
        match skew {
            Some(skew) => {
                let named = self.named(&value.name, skew);
                self.settings.leeway.push(named);
            }
            None => self.report(wrong(
                value,
                "must be a time span such as \"00:05:00\" (hh:mm:ss); .NET reads a number as days",
            )),
        }
    }
}

fn wrong_kind(value: &ConfigValue, kind: ConfigProblemKind, advice: impl Into<String>) -> ConfigProblem {
    ConfigProblem::new(kind, &value.name, Some(&value.to_text()), advice)
}

/// `hh:mm:ss`. Fractions of a second and days are not read: 300 s are the most that is allowed.
fn time_span(text: &str) -> Option<Duration> {
    let mut parts = text.split(':').map(|part| {
        let is_plain = (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        if is_plain { part.parse::<u64>().ok() } else { None }
    });
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let is_valid = parts.next().is_none() && hours < 24 && minutes < 60 && seconds < 60;
    is_valid.then(|| Duration::from_secs(hours * 3_600 + minutes * 60 + seconds))
}

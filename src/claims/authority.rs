use std::{collections::BTreeMap, sync::Arc};

use super::directory::DirectoryClaims;
use crate::tenant::Cloud;

/// The facts about an authority that all of its tokens share.
#[derive(Clone, Debug)]
pub(crate) struct AuthorityFacts {
    pub(crate) name: Arc<str>,
    /// The names of all authorities of the verifier.
    pub(crate) names: Arc<AuthorityNames>,
    /// The Microsoft cloud that issues its tokens.
    pub(crate) cloud: Option<Cloud>,
    pub(crate) directory: DirectoryClaims,
    pub(crate) subjects: SubjectSpace,
}

/// The space in which the subjects of an authority are unique. It follows from the configuration alone, never from a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SubjectSpace {
    Entra {
        host: Arc<str>,
    },
    ExternalId {
        host: Arc<str>,
    },
    B2c {
        host: Arc<str>,
    },
    /// `has_own_claim`: another claim than `sub` is configured.
    OpenIdConnect {
        issuer: Arc<str>,
        has_own_claim: bool,
    },
}

/// The names of all authorities of a verifier.
#[derive(Debug, Default)]
pub(crate) struct AuthorityNames(BTreeMap<Arc<str>, Holders>);

/// The number of authorities with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holders {
    One,
    /// Authorities without a configured name may have the same URL.
    Several,
}

impl AuthorityNames {
    /// The policies of one Azure AD B2C authority share one name, which is the same `Arc`.
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a Arc<str>>) -> Self {
        let mut all = BTreeMap::<Arc<str>, Holders>::new();
        for name in names {
            let is_another = all.get_key_value(name).is_some_and(|(known, _)| !Arc::ptr_eq(known, name));
            let holders = all.entry(Arc::clone(name)).or_insert(Holders::One);
            if is_another {
                *holders = Holders::Several;
            }
        }
        Self(all)
    }

    /// `None` if no authority has this name.
    pub(crate) fn holders(&self, name: &str) -> Option<Holders> {
        self.0.get(name).copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|name| &**name)
    }
}

#[cfg(test)]
impl AuthorityFacts {
    /// The only authority of a verifier, with this name, in the public cloud.
    pub(crate) fn of_entra(name: &str) -> Self {
        let name: Arc<str> = name.into();
        Self {
            names: Arc::new(AuthorityNames::new([&name])),
            name,
            cloud: None,
            directory: DirectoryClaims {
                tenant: true,
                membership: true,
                assignments: true,
                group_claim: false,
                grants: true,
            },
            subjects: SubjectSpace::Entra { host: "login.microsoftonline.com".into() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_of_several_authorities_is_ambiguous() {
        let name = |text: &str| -> Arc<str> { text.into() };
        let policies = name("b2c");
        let all = [name("one"), name("twice"), Arc::clone(&policies), name("twice"), policies];
        let names = AuthorityNames::new(&all);
        for (name, expected) in [
            ("one", Some(Holders::One)),
            ("b2c", Some(Holders::One)),
            ("twice", Some(Holders::Several)),
            ("One", None),
            ("", None),
        ] {
            assert_eq!(names.holders(name), expected, "{name}");
        }
        assert_eq!(names.iter().collect::<Vec<_>>(), ["b2c", "one", "twice"]);
    }
}

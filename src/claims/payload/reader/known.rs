//! The claims by which tokens are judged, found by their names.

use crate::claims::{
    payload::{ListClaim, StringClaim},
    simple::{self, Short},
};

/// The claims that are looked at when a payload is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    ExpiresAt,
    NotBefore,
    IssuedAt,
    /// `cnf`.
    Confirmation,
    Nonce,
    /// `c_hash`, `at_hash`.
    IdTokenHash,
    Text(StringClaim),
    List(ListClaim),
}

/// They by their names.
pub(super) const KNOWN: [(&str, Known); 24] = [
    ("exp", Known::ExpiresAt),
    ("nbf", Known::NotBefore),
    ("iat", Known::IssuedAt),
    ("cnf", Known::Confirmation),
    ("nonce", Known::Nonce),
    ("c_hash", Known::IdTokenHash),
    ("at_hash", Known::IdTokenHash),
    ("iss", Known::Text(StringClaim::Issuer)),
    ("sub", Known::Text(StringClaim::Subject)),
    ("tid", Known::Text(StringClaim::Tenant)),
    ("oid", Known::Text(StringClaim::ObjectId)),
    ("ver", Known::Text(StringClaim::Version)),
    ("scp", Known::Text(StringClaim::Scope)),
    ("azp", Known::Text(StringClaim::Azp)),
    ("appid", Known::Text(StringClaim::AppId)),
    ("azpacr", Known::Text(StringClaim::AzpAcr)),
    ("appidacr", Known::Text(StringClaim::AppIdAcr)),
    ("idtyp", Known::Text(StringClaim::TokenType)),
    ("aud", Known::List(ListClaim::Audience)),
    ("roles", Known::List(ListClaim::Roles)),
    ("groups", Known::List(ListClaim::Groups)),
    ("wids", Known::List(ListClaim::DirectoryRoles)),
    ("acrs", Known::List(ListClaim::AuthContexts)),
    ("xms_cc", Known::List(ListClaim::ClientCapabilities)),
];

/// A place for each of them, found by its name as a number with one multiplication.
struct Places {
    factor: u64,
    places: [Option<(Short, Known)>; Self::COUNT],
}

static PLACES: Places = Places::new();

impl Places {
    const BITS: u32 = 6;
    const COUNT: usize = 1 << Self::BITS;

    /// Tries factors until one gives each name a place of its own: a hundred or so.
    const fn new() -> Self {
        let mut factor = 0x9e37_79b9_7f4a_7c15_u64;
        loop {
            let mut places = [None; Self::COUNT];
            let mut next = 0;
            while next < KNOWN.len() {
                let (name, known) = KNOWN[next];
                // All of them are short.
                if let Some(short) = simple::short(name.as_bytes()) {
                    let place = Self::place(factor, short);
                    if places[place].is_some() {
                        break;
                    }
                    places[place] = Some((short, known));
                }
                next += 1;
            }
            if next == KNOWN.len() {
                return Self { factor, places };
            }
            factor = factor.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(2);
        }
    }

    const fn place(factor: u64, (number, _): Short) -> usize {
        (number.wrapping_mul(factor) >> (u64::BITS - Self::BITS)) as usize
    }
}

impl Known {
    /// What is known by a name, and at which place.
    #[inline(always)]
    pub(super) fn named(name: Option<Short>) -> Option<(usize, Self)> {
        let name = name?;
        let place = Places::place(PLACES.factor, name);
        let (known_by, known) = PLACES.places[place]?;
        (known_by == name).then_some((place, known))
    }
}

use crate::{
    jwt::Algorithm,
    policy::{ClaimRule, Requirement},
};

/// The settings that authorities of several kinds have. Anything empty is inherited from the rest of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) name: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) audiences: Vec<String>,
    pub(crate) allowed_clients: Vec<String>,
    pub(crate) required_claims: Vec<ClaimRule>,
    pub(crate) requirement: Option<Requirement>,
    pub(crate) algorithms: Vec<Algorithm>,
    /// Groups, directory roles and authentication contexts in its tokens are trusted.
    pub(crate) trust_directory_claims: bool,
    /// Issuers at another origin than its metadata.
    pub(crate) issuers: Vec<String>,
    pub(crate) is_not_required_for_readiness: bool,
    /// CA certificates in PEM, the only ones that are trusted for its key servers.
    pub(crate) ca_certificates: Option<String>,
}

impl Settings {
    /// Whether the audience of its tokens is configured for this authority alone.
    pub(crate) fn names_an_audience(&self) -> bool {
        self.client_id.is_some() || !self.audiences.is_empty()
    }

    pub(super) fn add_requirement(&mut self, requirement: Requirement) {
        self.requirement = Some(match self.requirement.take() {
            Some(before) => before.and(requirement),
            None => requirement,
        });
    }

    pub(crate) fn add_algorithms(&mut self, algorithms: impl IntoIterator<Item = Algorithm>) {
        self.algorithms.extend(algorithms);
        self.algorithms.sort_unstable();
        self.algorithms.dedup();
    }

    pub(crate) fn add_ca_certificates(&mut self, pem: &str) {
        let all = self.ca_certificates.get_or_insert_default();
        if !all.is_empty() {
            all.push('\n');
        }
        all.push_str(pem);
    }
}

/// The methods of every kind of authority. Each builder type has the fields `spec` and `settings`.
macro_rules! common_methods {
    ($builder:ty) => {
        impl $builder {
            /// Its name in the log, in [`Claims::authority`](crate::Claims::authority) and in counters. Default: its URL. The
            /// last call counts.
            #[must_use]
            pub fn named(mut self, name: impl Into<String>) -> Self {
                self.settings.name = Some(name.into());
                self
            }

            /// Adds an audience of its tokens, compared exactly except for one trailing slash. The audiences of an authority
            /// replace those of the rest of the configuration.
            #[must_use]
            pub fn audience(mut self, audience: impl Into<String>) -> Self {
                self.settings.audiences.push(audience.into());
                self
            }

            /// Adds an allowed client: only tokens that were issued to an allowed client application are accepted. The allowed
            /// clients of an authority replace those of the rest of the configuration.
            #[must_use]
            pub fn allowed_client(mut self, client_id: impl Into<String>) -> Self {
                self.settings.allowed_clients.push(client_id.into());
                self
            }

            /// Requires a claim of each of its tokens, in addition to the claims that the rest of the configuration requires.
            /// May be called more than once.
            #[must_use]
            pub fn required_claim(mut self, rule: $crate::policy::ClaimRule) -> Self {
                self.settings.required_claims.push(rule);
                self
            }

            /// Adds a requirement for its tokens; those that do not meet it are rejected with 403. With several, all must be
            /// met.
            #[must_use]
            pub fn require(mut self, requirement: $crate::policy::Requirement) -> Self {
                self.settings.add_requirement(requirement);
                self
            }

            /// Adds accepted signature algorithms. Default: RS256 alone.
            #[must_use]
            pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = $crate::jwt::Algorithm>) -> Self {
                self.settings.add_algorithms(algorithms);
                self
            }

            /// Adds issuers that are accepted although they are not at the origin of the authority's metadata: exact strings,
            /// which must not be at a Microsoft host and not belong to another authority.
            ///
            /// For tenants of Entra at another host, `{tenantid}` stands for the tenant. For an OpenID Connect issuer, these
            /// are further values of `iss`, such as the `access_token_issuer` of AD FS.
            ///
            /// A mock that is reached under another host name than the one in its issuers:
            ///
            /// ```
            /// use tower_entra::{Authority, tenant::Instance};
            ///
            /// let authority = Authority::tenant("11111111-2222-3333-4444-555555555555".parse()?)
            ///     .in_instance(Instance::parse("http://localhost:4000")?)
            ///     .issuers(["http://127.0.0.1:4000/{tenantid}/v2.0", "http://127.0.0.1:4000/{tenantid}/"]);
            /// # let _ = authority;
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            #[must_use]
            pub fn issuers<S: Into<String>>(mut self, issuers: impl IntoIterator<Item = S>) -> Self {
                self.settings.issuers.extend(issuers.into_iter().map(Into::into));
                self
            }

            /// Adds CA certificates (PEM, one or several) for the servers of its metadata and keys. They are trusted **instead
            /// of** those of the system, for this authority alone: for an issuer inside a cluster or a company network.
            ///
            /// It needs the feature `reqwest`, and does not apply beside a custom [`Fetch`](crate::fetch::Fetch).
            ///
            /// ```no_run
            /// use tower_entra::Authority;
            ///
            /// let ca = std::fs::read_to_string("/var/run/secrets/kubernetes.io/serviceaccount/ca.crt")?;
            /// let cluster = Authority::kubernetes("https://kubernetes.default.svc.cluster.local")
            ///     .ca_certificates(ca)
            ///     .audience("orders")
            ///     .subject("system:serviceaccount:prod:billing");
            /// # let _ = cluster;
            /// # Ok::<(), std::io::Error>(())
            /// ```
            #[must_use]
            pub fn ca_certificates(mut self, pem: impl AsRef<str>) -> Self {
                self.settings.add_ca_certificates(pem.as_ref());
                self
            }

            /// Excludes it from readiness: [`Verifier::ready`](crate::Verifier::ready) and
            /// [`Verifier::warm_up`](crate::Verifier::warm_up) succeed without its keys, so that a partner's outage does not
            /// take the whole service out of rotation. While it has no keys, its tokens are still rejected with
            /// [`keys_unavailable`](crate::RejectionKind::KeysUnavailable);
            /// [`Verifier::authority_ready`](crate::Verifier::authority_ready) reports whether it has keys.
            #[must_use]
            pub fn not_required_for_readiness(mut self) -> Self {
                self.settings.is_not_required_for_readiness = true;
                self
            }
        }

        impl std::fmt::Display for $builder {
            /// Its name, or else its URL.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match &self.settings.name {
                    Some(name) => f.write_str(name),
                    None => self.spec.fmt(f),
                }
            }
        }
    };
}

/// The methods of authorities whose tokens are issued to users and applications: all but workload identities.
macro_rules! user_methods {
    ($builder:ty) => {
        impl $builder {
            /// The client id `C` that the API has there. For Entra, Azure AD B2C and External ID its
            /// [audiences](crate::guide::entra#audiences) are then `C`, `api://C` and, for each tenant `T` of Entra,
            /// `api://T/C`; for an OpenID Connect issuer, `C` alone. They replace the audiences of the rest of the
            /// configuration. The last call counts.
            #[must_use]
            pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
                self.settings.client_id = Some(client_id.into());
                self
            }

            /// Trusts the groups (`groups`), directory roles (`wids`) and authentication contexts (`acrs`) in its tokens, so
            /// that they can meet a [`Requirement`](crate::Requirement).
            ///
            /// Those of Entra and External ID at a Microsoft host are always trusted. Elsewhere the operator can write the ids
            /// of your own directory into its tokens, and so can the custom policies of Azure AD B2C: without this switch such
            /// a requirement is unknown for its tokens, and so is its negation. Use it for an authority that you run, or whose
            /// operator you trust to assign your groups. To read groups of an OpenID Connect issuer that belong to that issuer,
            /// use [`group_claim`](crate::authority::OpenIdConnect::group_claim).
            ///
            /// It does not affect the tenant or guest status: Azure AD B2C has no guests, and an OpenID Connect issuer no
            /// tenants.
            ///
            /// ```
            /// use tower_entra::{Authority, Verifier, tenant::Instance};
            ///
            /// // An emulator on this machine.
            /// let emulator = Authority::tenant("11111111-2222-3333-4444-555555555555".parse()?)
            ///     .in_instance(Instance::parse("http://127.0.0.1:4000")?)
            ///     .trust_directory_claims();
            /// let verifier =
            ///     Verifier::builder().client_id("66666666-7777-8888-9999-000000000000").authority(emulator).build()?;
            /// # drop(verifier);
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            #[must_use]
            pub fn trust_directory_claims(mut self) -> Self {
                self.settings.trust_directory_claims = true;
                self
            }
        }
    };
}

pub(super) use {common_methods, user_methods};

use super::{Authority, Keys, Kind};
use crate::{
    claims::TokenVersion,
    jwt::Algorithm,
    policy::{ClaimRule, Requirement},
    tenant::Instance,
};

impl Authority {
    /// Its name in the log, in [`Claims::authority`](crate::Claims::authority) and in counters, instead of its address.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.settings.name = Some(name.into());
        self
    }

    /// The client id that the API has there. `C`, `api://C` and, for each tenant `T` of Entra, `api://T/C` are then its
    /// [audiences](crate::guide::entra#audiences), instead of those that the rest of the configuration names.
    #[must_use]
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.settings.client_id = Some(client_id.into());
        self
    }

    /// An audience that its tokens have, compared exactly but for one trailing slash, instead of those that the rest of the
    /// configuration names. Repeat it for more.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.settings.audiences.push(audience.into());
        self
    }

    /// An application whose tokens are accepted, and no other's, instead of those that the rest of the configuration names.
    /// Repeat it for more.
    #[must_use]
    pub fn allowed_client(mut self, client_id: impl Into<String>) -> Self {
        self.settings.allowed_clients.push(client_id.into());
        self
    }

    /// A claim that each of its tokens must have, beside those that all must have.
    #[must_use]
    pub fn required_claim(mut self, rule: ClaimRule) -> Self {
        self.settings.required_claims.push(rule);
        self
    }

    /// What each of its tokens must meet, or is refused with 403. Repeat it for more: all must be met.
    #[must_use]
    pub fn require(mut self, requirement: Requirement) -> Self {
        self.settings.requirement = Some(match self.settings.requirement.take() {
            Some(before) => before.and(requirement),
            None => requirement,
        });
        self
    }

    /// Lets the groups (`groups`), directory roles (`wids`) and authentication contexts (`acrs`) in its tokens meet a
    /// [`Requirement`].
    ///
    /// Where Microsoft runs the authority, at a host of Entra's or External ID's, they count anyway. Elsewhere the operator can
    /// write the ids of your own directory into its tokens, as can the custom policies of Azure AD B2C: without this switch such
    /// a requirement is unknown for its tokens, and so is its opposite. Switch it on for an authority that you run, or whose
    /// operator you trust to assign your groups. Groups of another OpenID Connect issuer that are its own are read with
    /// [`group_claim`](Self::group_claim).
    ///
    /// It does not affect tenant or guest: Azure AD B2C does not know guests, and another OpenID Connect issuer no tenants.
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

    /// The certificate authorities (PEM, one certificate or several) that vouch for the servers of its metadata and keys, **instead
    /// of** those of the system: for an issuer inside a cluster or a company. They count for this authority alone, so that a
    /// cluster's certificate authority cannot vouch for `login.microsoftonline.com`. May be called more than once.
    ///
    /// It needs the feature `reqwest`, and that no [`Fetch`](crate::fetch::Fetch) is given to the builder.
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
        let all = self.settings.ca_certificates.get_or_insert_default();
        if !all.is_empty() {
            all.push('\n');
        }
        all.push_str(pem.as_ref());
        self
    }

    /// Readiness does not count it: [`Verifier::ready`](crate::Verifier::ready) and
    /// [`Verifier::warm_up`](crate::Verifier::warm_up) succeed without its keys, so that a partner's outage does not take
    /// the whole service out of rotation. Its tokens are still rejected with
    /// [`keys_unavailable`](crate::RejectionKind::KeysUnavailable) while it has none;
    /// [`Verifier::authority_ready`](crate::Verifier::authority_ready) tells whether it has.
    #[must_use]
    pub fn not_required_for_readiness(mut self) -> Self {
        self.settings.is_not_required_for_readiness = true;
        self
    }

    /// The signature algorithms that are accepted of it, and no others: RS256 if none are named.
    #[must_use]
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.settings.algorithms.extend(algorithms);
        self.settings.algorithms.sort_unstable();
        self.settings.algorithms.dedup();
        self
    }

    /// Lists issuers that the authority may have although its metadata is at another origin: exact strings, which must not
    /// be at a Microsoft host and not belong to another authority. May be called more than once.
    ///
    /// Without it, an authority that is not at a Microsoft host has issuers at its metadata's own origin alone (an OpenID
    /// Connect issuer has the configured one). Of an instance of Entra, `{tenantid}` stands for the tenant. Of an OpenID
    /// Connect issuer, these are further values of `iss`, such as the `access_token_issuer` of AD FS.
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

    /// Tokens of this [version](crate::guide::entra#token-versions) alone, of Entra and External ID; both are accepted
    /// if nothing is said.
    #[must_use]
    pub fn version(mut self, version: TokenVersion) -> Self {
        match &mut self.kind {
            Kind::Entra(entra) => entra.version = Some(version),
            Kind::ExternalId(external) => external.version = Some(version),
            Kind::B2c(_) | Kind::OpenIdConnect(_) | Kind::Workload(_) => self.settings.misfits.push("version()"),
        }
        self
    }

    /// The same tenants of Entra in another instance: a cloud, or the address of something that speaks like Entra.
    #[must_use]
    pub fn in_instance(mut self, instance: Instance) -> Self {
        match &mut self.kind {
            Kind::Entra(entra) => entra.instance = instance,
            _ => self.settings.misfits.push("in_instance()"),
        }
        self
    }

    /// The same tenants of Entra with the [keys that this application has for
    /// itself](crate::guide::entra#application-specific-signing-keys): its client id is added as `?appid=` where a
    /// tenant's own document is asked for. A document that tenants share is asked for as it is: the holder of such a
    /// key must not speak for others.
    #[must_use]
    pub fn app_specific_keys(mut self, client_id: impl Into<String>) -> Self {
        match &mut self.kind {
            Kind::Entra(entra) => entra.app_id = Some(client_id.into()),
            _ => self.settings.misfits.push("app_specific_keys()"),
        }
        self
    }

    /// One more user flow or policy of Azure AD B2C.
    #[must_use]
    pub fn policy(mut self, policy: impl Into<String>) -> Self {
        match &mut self.kind {
            Kind::B2c(b2c) => b2c.policies.push(policy.into()),
            _ => self.settings.misfits.push("policy()"),
        }
        self
    }

    /// Accepts issuers of [Azure AD B2C](crate::guide::entra#azure-ad-b2c) with the policy in them,
    /// `https://{host}/tfp/{tenant}/{policy}/v2.0/`, where the user flow is set so. Microsoft's own validators refuse
    /// them.
    #[must_use]
    pub fn accept_tfp_issuers(mut self) -> Self {
        match &mut self.kind {
            Kind::B2c(b2c) => b2c.accept_tfp = true,
            _ => self.settings.misfits.push("accept_tfp_issuers()"),
        }
        self
    }

    /// Accepts tokens of applications from Azure AD B2C that name no policy. By Microsoft's documentation (Set up OAuth 2.0
    /// client credentials flow in Azure Active Directory B2C) those tokens have neither `tfp` nor `acr`, so that without this
    /// setting they are rejected with `wrong_issuer`.
    ///
    /// The issuer and the key must belong to a listed policy, the token must have the marks of an application, and its client
    /// must be an [allowed client](Self::allowed_client), of which there must be one. The permissions in `scp` are
    /// application permissions and count as app roles. Such a token is never that of a user.
    ///
    /// ```
    /// use tower_entra::{Authority, Verifier};
    ///
    /// let verifier = Verifier::builder()
    ///     .client_id("66666666-7777-8888-9999-000000000000")
    ///     .authority(
    ///         Authority::b2c("contoso", "B2C_1_susi")
    ///             .accept_app_tokens_without_policy()
    ///             .allowed_client("77777777-8888-9999-0000-111111111111"),
    ///     )
    ///     .build()?;
    /// # Ok::<(), tower_entra::ConfigError>(())
    /// ```
    #[must_use]
    pub fn accept_app_tokens_without_policy(mut self) -> Self {
        match &mut self.kind {
            Kind::B2c(b2c) => b2c.accept_app_tokens = true,
            _ => self.settings.misfits.push("accept_app_tokens_without_policy()"),
        }
        self
    }

    /// The address of the OpenID Connect metadata, where it is not behind the issuer. The issuer in it must be the
    /// configured one all the same.
    #[must_use]
    pub fn metadata(self, url: impl Into<String>) -> Self {
        self.keys("metadata()", Keys::Metadata(url.into()))
    }

    /// The address of the OpenID Connect issuer's keys, so that no metadata is asked for: where that would point to another
    /// host, for instance.
    #[must_use]
    pub fn jwks_uri(self, url: impl Into<String>) -> Self {
        self.keys("jwks_uri()", Keys::JwksUri(url.into()))
    }

    /// The keys of the OpenID Connect issuer, as a key set document (RFC 7517 §5): nothing is ever fetched. If it has exactly
    /// one usable signing key and that has no `kid`, the key is found whatever `kid` a token names, or none.
    #[must_use]
    pub fn static_keys(self, jwks: impl Into<String>) -> Self {
        self.keys("static_keys()", Keys::Static(jwks.into()))
    }

    /// A public key of the OpenID Connect issuer in PEM (`-----BEGIN PUBLIC KEY-----`): nothing is ever fetched. It is found
    /// whatever `kid` a token names, or none; of several, each is tried.
    #[must_use]
    pub fn pem_key(mut self, pem: impl Into<String>) -> Self {
        if let Some(Keys::Pem(all)) = self.kind.keys_mut() {
            all.push(pem.into());
            return self;
        }
        self.keys("pem_key()", Keys::Pem(vec![pem.into()]))
    }

    fn keys(mut self, method: &'static str, keys: Keys) -> Self {
        match self.kind.keys_mut() {
            Some(own) if *own == Keys::Discovered => *own = keys,
            _ => self.settings.misfits.push(method),
        }
        self
    }

    /// The claim with the scopes, of an OpenID Connect issuer: a string with blanks between them, or a list. `scp` or
    /// `scope` if nothing is said. A name, or a JSON Pointer (RFC 6901) such as `/resource_access/api/roles`.
    #[must_use]
    pub fn scope_claim(self, name: impl Into<String>) -> Self {
        self.name("scope_claim()", |names| &mut names.scopes, name)
    }

    /// The claim with the roles, of an OpenID Connect issuer: a string or a list. `roles` if nothing is said. A name, or a
    /// JSON Pointer such as `/realm_access/roles` for Keycloak.
    #[must_use]
    pub fn role_claim(self, name: impl Into<String>) -> Self {
        self.name("role_claim()", |names| &mut names.roles, name)
    }

    /// The claim with the groups, of an OpenID Connect issuer: a string or a list. They are the issuer's own, and meet
    /// [`Requirement::group`]: an id is compared ignoring case, a name exactly. Without it, and without
    /// [`trust_directory_claims`](Self::trust_directory_claims), a group is unknown. A name, or a JSON Pointer such as
    /// `/realm_access/groups`.
    ///
    /// The operator of the issuer decides what is in it. Where several authorities have groups of the same name, combine the
    /// requirement with [`Requirement::authority`].
    #[must_use]
    pub fn group_claim(self, name: impl Into<String>) -> Self {
        self.name("group_claim()", |names| &mut names.groups, name)
    }

    /// The claim that [`Claims::subject`](crate::Claims::subject) shows, of an OpenID Connect issuer: `sub` if nothing is
    /// said, `uid` for Okta's stable id.
    #[must_use]
    pub fn subject_claim(self, name: impl Into<String>) -> Self {
        self.name("subject_claim()", |names| &mut names.subject, name)
    }

    /// The claim with the client, of an OpenID Connect issuer: `client_id`, `azp` or `cid` if nothing is said.
    #[must_use]
    pub fn client_claim(self, name: impl Into<String>) -> Self {
        self.name("client_claim()", |names| &mut names.client, name)
    }

    /// The claim that is held against the audiences, of an OpenID Connect issuer, instead of `aud`: `client_id` for access
    /// tokens of AWS Cognito, which have no `aud`. The audiences are then the clients that may call.
    #[must_use]
    pub fn audience_claim(self, name: impl Into<String>) -> Self {
        self.name("audience_claim()", |names| &mut names.audience, name)
    }

    fn name(
        mut self,
        method: &'static str,
        slot: impl FnOnce(&mut super::kinds::Names) -> &mut Option<String>,
        name: impl Into<String>,
    ) -> Self {
        match &mut self.kind {
            Kind::OpenIdConnect(openid) => *slot(&mut openid.names) = Some(name.into()),
            _ => self.settings.misfits.push(method),
        }
        self
    }
}

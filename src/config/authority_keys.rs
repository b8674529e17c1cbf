//! The rules for authorities other than Microsoft: static keys, certificates, and workload identities.

use std::sync::Arc;

use super::{
    flaw::Flaw,
    key::Key,
    provenance::{AuthorityEntry, Provenance},
    rules::{Common, Rules},
    warning::Warning,
};
use crate::{
    authority::{Authority, Keys, WorkloadProblem, WorkloadSpec},
    error::ConfigProblemKind::{self, Invalid, NotApplicable},
    fetch,
    jwk::KeySet,
    jwt::Algorithm,
};

impl Rules<'_> {
    /// The rules of workload identities, which identify the workloads that may call.
    pub(super) fn check_workload(&mut self, entry: &AuthorityEntry<'_>, workload: &WorkloadSpec, common: &Common) {
        for WorkloadProblem { kind, value, advice } in
            workload.problems(&entry.authority.settings, entry.provenance.is_whole())
        {
            self.wrong_authority(kind, &entry.provenance, &value, advice);
        }
        if !common.allowed_clients.is_empty() && entry.authority.settings.allowed_clients.is_empty() {
            let text = format!(
                "{}: the allowed clients do not apply to workload identities, whose tokens name no client; its own rules say \
                 which may call",
                entry.authority
            );
            self.warnings.push(Warning::new(entry.provenance.setting_name(Key::AllowedClients), text));
        }
    }

    /// The certificate authorities of its key servers.
    pub(super) fn ca_certificates(
        &mut self,
        provenance: &Provenance<'_>,
        shown: &str,
        authority: &Authority,
    ) -> Option<Arc<str>> {
        let pem = authority.settings.ca_certificates.as_deref()?;
        let is_static =
            authority.spec.openid().is_some_and(|openid| matches!(openid.keys, Keys::Static(_) | Keys::Pem(_)));
        if is_static {
            self.wrong_certificates(
                NotApplicable,
                provenance,
                shown,
                "nothing is fetched with static keys; leave it out",
            );
        } else if let Err(advice) = fetch::check_certificates(pem) {
            self.wrong_certificates(Invalid, provenance, shown, &advice);
        }
        Some(pem.into())
    }

    fn wrong_certificates(&mut self, kind: ConfigProblemKind, provenance: &Provenance<'_>, shown: &str, advice: &str) {
        let name = provenance.at(&[Key::CaFile], "");
        let value = Some(provenance.prefix_if_code(shown)).filter(|value| !value.is_empty());
        let advice = format!("{}{advice}", provenance.prefix_if_code("ca_certificates(): "));
        self.problems.push(name.problem(kind, value, advice));
    }

    /// Static keys: one must be usable for the algorithms.
    pub(super) fn static_keys(
        &mut self,
        provenance: &Provenance<'_>,
        shown: &str,
        keys: Result<KeySet, Flaw>,
        algorithms: &[Algorithm],
    ) -> Option<Arc<KeySet>> {
        let name = &provenance.at(&[Key::FileOfKeys, Key::StaticKeys], "");
        let keys = match keys {
            Ok(keys) => keys,
            Err(flaw) => {
                let value = Some(provenance.prefix_if_code(shown)).filter(|value| !value.is_empty());
                self.problems.push(name.problem(flaw.kind, value, flaw.advice));
                return None;
            }
        };
        let usable = keys.usable(algorithms, true, usize::MAX, |_| None);
        let skipped: Vec<String> =
            keys.skipped.iter().chain(&usable.skipped).map(|skipped| skipped.to_string()).collect();
        for skipped in &skipped {
            self.warnings.push(Warning::new(name.as_str(), format!("{shown}: {skipped}, and is ignored")));
        }
        if usable.keys.is_empty() {
            let names: Vec<&str> = algorithms.iter().map(|algorithm| algorithm.as_str()).collect();
            let setting = provenance.setting_name(Key::Algorithms);
            let why = skipped.first().map(|skipped| format!(" ({skipped})")).unwrap_or_default();
            let advice = format!("none of its keys can be used for {}; see {setting}{why}", names.join(", "));
            let value = Some(provenance.prefix_if_code(shown)).filter(|value| !value.is_empty());
            self.problems.push(name.problem(Invalid, value, advice));
            return None;
        }
        Some(Arc::new(keys))
    }
}

//! Reads the settings of a section, grouped by their types. A new setting is a row of the table and a field to put it in.

use super::{
    address::AuthorityKind,
    key::{Key, Type},
    layer::SectionMembers,
    location::Named,
    reader::{Reader, Replaced, mistyped_secret, wrong},
    settings::{ConfigSettings, InstanceSetting, Tenant},
    size::MOST_AUTHORITIES,
    value::{ConfigValue, Data},
};
use crate::error::{
    ConfigProblem,
    ConfigProblemKind::{Invalid, TooLarge},
};

impl Reader<'_> {
    /// Reads the settings that no source of higher precedence replaces.
    pub(super) fn read(&mut self, members: &SectionMembers) {
        self.settings.invalid_settings.extend(&members.invalid_settings);
        // First: its audiences replace others, wherever it is in the section.
        let is_last = |key: Key| key == Key::TokenValidationParameters;
        let (last, first): (Vec<_>, Vec<_>) = members.settings.iter().partition(|(key, _)| is_last(*key));
        for (key, value) in first.into_iter().chain(last) {
            if !self.replaced.is_replaced(*key) {
                self.setting(*key, value);
            }
        }
    }

    fn setting(&mut self, key: Key, value: &ConfigValue) {
        let before = self.problems.len();
        let setting = key.setting();
        if value.is_empty() {
            let is_boolean = setting.value_type == Type::Boolean && matches!(value.data, Data::Text(_));
            if is_boolean || setting.restricts && setting.value_type != Type::Boolean {
                let advice = if is_boolean {
                    "is empty; must be true or false"
                } else {
                    "is empty; write a value, or remove it to lift the restriction"
                };
                self.report(wrong(value, advice));
                self.settings.invalid_settings.push(key);
            }
            return;
        }
        if setting.restricts && matches!(&value.data, Data::List(elements) if elements.is_empty()) {
            self.report(wrong(value, "is an empty list, which accepts nothing; remove it to lift the restriction"));
        }
        match setting.value_type {
            Type::Text => {
                let text = self.text(value, one_of_list(key));
                text.into_iter().for_each(|text| self.put_text(key, text));
            }
            Type::Texts => {
                self.texts(value, list_of_one(key)).into_iter().for_each(|text| self.put_text(key, text));
            }
            Type::Boolean => {
                let boolean = self.boolean(value);
                boolean.into_iter().for_each(|boolean| self.put_boolean(key, boolean));
            }
            Type::Seconds => {
                let leeway = self.seconds(value);
                self.settings.leeway.extend(leeway);
            }
            Type::AuthorityKind => self.authority_kind(value),
            Type::Version => self.version(value),
            Type::Algorithms => self.algorithms(value),
            Type::File => self.file(key, value),
            Type::StaticKeys => self.static_keys(value),
            Type::ClaimRules => self.claim_rules(value),
            Type::Authorities => self.authorities(value),
            Type::TokenValidationParameters => self.token_validation_parameters(value),
        }
        if self.problems.len() > before && !self.settings.invalid_settings.contains(&key) {
            self.settings.invalid_settings.push(key);
        }
    }

    fn put_text(&mut self, key: Key, text: Named<String>) {
        let settings = &mut self.settings;
        match key {
            Key::Instance => settings.instances.push(Named::new(text.name, InstanceSetting::Address(text.value))),
            Key::TenantId | Key::TenantIds => {
                settings.tenants.push(Named::new(text.name, Tenant::Written(text.value)));
            }
            Key::ClientId => settings.client_ids.push(text),
            Key::Audience | Key::Audiences => settings.audiences.push(text),
            Key::Authority => settings.addresses.push(text),
            Key::AllowedClients => settings.allowed_clients.push(text),
            Key::RevokedKeys => settings.revoked_keys.push(text),
            Key::Resource => settings.resource.push(text),
            _ => settings.authority_section.push(key, text),
        }
    }

    fn put_boolean(&mut self, key: Key, boolean: Named<bool>) {
        let settings = &mut self.settings;
        match key {
            Key::StrictAudiences => settings.strict_audiences.push(boolean),
            Key::AllowWithoutRole => settings.allow_without_role.push(boolean),
            Key::AppSpecificKeys => settings.app_specific_keys.push(boolean),
            Key::DetailedErrors => settings.detailed_errors.push(boolean),
            Key::AcceptTfpIssuers => settings.authority_section.accept_tfp = Some(boolean),
            Key::AcceptAppTokens => settings.authority_section.accept_app_tokens = Some(boolean),
            Key::TrustDirectoryClaims => settings.authority_section.trust_directory_claims = Some(boolean),
            Key::RequiredForReadiness => settings.authority_section.required_for_readiness = Some(boolean),
            // A test stores every setting of the table.
            _ => {}
        }
    }

    /// Reads the entries of `Authorities`, each a section of its own.
    fn authorities(&mut self, value: &ConfigValue) {
        const FORM: &str =
            "must be a list of authorities, such as [{\"TenantId\": \"…\"}, {\"Authority\": \"https://…\"}]";
        let Data::List(authorities) = &value.data else { return self.report(mistyped_secret(value, FORM)) };
        if authorities.is_empty() {
            self.report(ConfigProblem::new(Invalid, &value.name, Some("[]"), "is an empty list; remove it"));
        }
        if authorities.len() > MOST_AUTHORITIES {
            let advice = format!("has {} entries, and at most {MOST_AUTHORITIES} are supported", authorities.len());
            return self.report(ConfigProblem::new(TooLarge, &value.name, None, advice));
        }
        for authority in authorities {
            let Data::Object(members) = &authority.data else {
                self.report(mistyped_secret(authority, "must be an object with the settings of one authority"));
                continue;
            };
            let source = self.source.inside(&authority.name);
            let members = SectionMembers::read(&source, members.clone(), true);
            let mut inner = Reader {
                settings: ConfigSettings { source: source.clone(), ..ConfigSettings::default() },
                problems: members.problems.clone(),
                source: &source,
                files: self.files,
                replaced: &Nothing,
            };
            inner.read(&members);
            let Reader { settings, problems, .. } = inner;
            self.settings.warnings.extend(members.warnings(settings.kind() == AuthorityKind::B2c));
            self.problems.append(problems);
            let section = self.named(&authority.name, settings);
            self.settings.sections.push(section);
        }
    }
}

/// No source has a higher precedence inside an entry of `Authorities`.
#[derive(Debug)]
struct Nothing;

impl Replaced for Nothing {
    fn is_replaced(&self, _: Key) -> bool {
        false
    }
}

/// The advice for a setting that is a string.
fn one_of_list(key: Key) -> &'static str {
    match key {
        Key::TenantId => "must be a string; several are listed under TenantIds",
        Key::Audience => "must be a string; several are listed under Audiences",
        Key::Policy => "must be a string; several are listed under Policies",
        _ => "must be a string",
    }
}

/// The advice for a setting that is a list.
fn list_of_one(key: Key) -> &'static str {
    match key {
        Key::TenantIds => "must be a list of strings; a single one can be given as TenantId",
        Key::Audiences => "must be a list of strings; a single one can be given as Audience",
        Key::Policies => "must be a list of strings; a single one can be given as SignUpSignInPolicyId",
        _ => "must be a list of strings",
    }
}

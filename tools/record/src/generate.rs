//! Input number N of a seed: always the same, whatever came before it.

use crate::{
    configurations::Configuration,
    header::HEADER_MUTATIONS,
    mutations::{B2C_MUTATIONS, CLAIM_MUTATIONS, ENTRA_MUTATIONS, Mutation},
    random::Random,
    tokens::{Issuer, Token, valid},
    transport::{REQUEST_MUTATIONS, Sent, TEXT_MUTATIONS},
};

pub struct Input {
    /// An index into the configurations.
    pub configuration: usize,
    pub sent: Sent,
    /// What was changed of a valid token.
    pub mutations: Vec<&'static str>,
    /// All of it, for the digest of all inputs.
    pub digested: String,
}

/// The configurations by their weights, and the seed.
pub struct Generator<'a> {
    pub seed: u64,
    pub configurations: &'a [Configuration],
}

impl Generator<'_> {
    pub fn configuration_of(&self, number: u64) -> usize {
        self.start(number).1
    }

    fn start(&self, number: u64) -> (Random, usize) {
        let mut random = Random::new(self.seed, number);
        let configuration = random.weighted(self.configurations.iter().map(|configuration| configuration.weight));
        (random, configuration)
    }

    pub fn input(&self, number: u64) -> Input {
        let (mut random, number_of_configuration) = self.start(number);
        let configuration = &self.configurations[number_of_configuration];
        let issuer = &configuration.issuers[random.below(configuration.issuers.len())];
        let mut token = valid(issuer, &mut random);
        (configuration.adapt)(&mut token);
        let mut mutations = Vec::new();
        let (mut changes_text, mut changes_request) = (false, false);
        for _ in 0..random.weighted([38, 41, 14, 7]) {
            match random.weighted([36, 22, 14, 20, 8]) {
                0 => mutations.push(change(CLAIM_MUTATIONS, &mut token, &mut random)),
                1 => mutations.push(change(of_kind(issuer), &mut token, &mut random)),
                2 => mutations.push(change(HEADER_MUTATIONS, &mut token, &mut random)),
                3 => changes_text = true,
                _ => changes_request = true,
            }
        }
        let mut text = token.to_text();
        if changes_text {
            let mutation = &TEXT_MUTATIONS[random.weighted(TEXT_MUTATIONS.iter().map(|mutation| mutation.weight))];
            mutations.push(mutation.name);
            text = (mutation.change)(&text, &mut random);
        }
        let mut sent = Sent::bearer(text);
        if matches!(configuration.layers, crate::configurations::Layers::OtherHeader) && random.percent(80) {
            sent.headers = vec![("x-access-token", sent.text.clone())];
        }
        if changes_request {
            let mutation =
                &REQUEST_MUTATIONS[random.weighted(REQUEST_MUTATIONS.iter().map(|mutation| mutation.weight))];
            mutations.push(mutation.name);
            (mutation.change)(&mut sent, &mut random);
        }
        let digested = format!("{number_of_configuration} {mutations:?} {sent}");
        Input { configuration: number_of_configuration, sent, mutations, digested }
    }
}

fn of_kind(issuer: &Issuer) -> &'static [Mutation] {
    match issuer {
        issuer if issuer.is_b2c() => B2C_MUTATIONS,
        issuer if issuer.is_entra() => ENTRA_MUTATIONS,
        Issuer::ExternalId => ENTRA_MUTATIONS,
        _ => CLAIM_MUTATIONS,
    }
}

fn change(all: &[Mutation], token: &mut Token, random: &mut Random) -> &'static str {
    let mutation = &all[random.weighted(all.iter().map(|mutation| mutation.weight))];
    (mutation.change)(token, random);
    mutation.name
}

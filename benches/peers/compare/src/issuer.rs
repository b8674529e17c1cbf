use std::process::Command;

use mock_entra::{MockEntra, MockServer};
use tokio::runtime::Runtime;

/// The mock of Entra on loopback, from which all fetch their keys.
pub struct Issuer {
    server: MockServer,
    _runtime: Runtime,
    pub good: String,
    /// The same with another signature.
    pub bad: String,
}

impl Issuer {
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let server = runtime.block_on(MockEntra::serve("127.0.0.1:0")).unwrap();
        // As many keys as Entra has.
        for _ in 0..6 {
            server.entra().add_key();
        }
        let good = token(server.entra());
        let mut bad = good.clone();
        let last = bad.len() - 20;
        bad.replace_range(last..=last, if &bad[last..=last] == "A" { "B" } else { "A" });
        eprintln!("a token of {} bytes", good.len());
        Self { server, _runtime: runtime, good, bad }
    }

    pub fn entra(&self) -> &MockEntra {
        self.server.entra()
    }

    /// A program that knows all it needs to.
    pub fn tell<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let jwk = self.entra().current_key().jwk();
        command
            .env("INSTANCE", self.server.url())
            .env("ISSUER", self.entra().v2_issuer(MockEntra::TENANT))
            .env("JWKS_URL", format!("{}/{}/discovery/v2.0/keys", self.server.url(), MockEntra::TENANT))
            .env("TENANT", MockEntra::TENANT)
            .env("AUDIENCE", MockEntra::CLIENT_ID)
            .env("GOOD", &self.good)
            .env("BAD", &self.bad)
            .env("KEY_N", jwk["n"].as_str().unwrap())
            .env("KEY_E", jwk["e"].as_str().unwrap())
    }
}

/// A token of the size and shape that Entra's have: 25 claims, 1.8 KB.
fn token(entra: &MockEntra) -> String {
    let mut token = entra.token().scopes("Files.Read Files.ReadWrite User.Read.All");
    for (name, length) in [("xms_ftd", 60), ("acct", 1), ("ipaddr", 14), ("login_hint", 160), ("sid", 36)] {
        token = token.claim(name, "x".repeat(length));
    }
    token.claim("roles", vec!["Reader".to_owned(), "Writer".to_owned()]).build()
}

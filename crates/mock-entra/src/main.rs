//! A mock of Entra ID, or of another identity provider, as a server for other processes. Never use it in production: it
//! issues tokens to anyone.
//!
//! ```sh
//! mock-entra
//! mock-entra --https --ca ca.pem
//! mock-entra --as keycloak
//! ```

use std::{env, error::Error, fs, future::pending, process::ExitCode};

use mock_entra::{MockEntra, MockServer};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use tokio::net::TcpListener;

const USAGE: &str = "\
Serves a mock identity provider on 127.0.0.1. Never use it in production: it issues tokens to anyone.

Usage: mock-entra [OPTIONS]

Options:
  --as PROVIDER      entra (default), b2c, external-id, okta, auth0, keycloak or cognito
  --https            serve HTTPS with a new certificate for 127.0.0.1, localhost and the allowed hosts
  --ca FILE          with --https, write the certificate of the certificate authority to FILE in PEM format
  --allow-host NAME  accept requests for this host name too, such as that of a container; may be repeated
  --help, -h         print this help
  --version, -V      print the version

Environment:
  PORT               the port, 4000 by default; 0 for any free port
";

enum Command {
    Help,
    Version,
    Serve(Options),
}

struct Options {
    provider: ProviderName,
    https: bool,
    ca_file: Option<String>,
    allowed_hosts: Vec<String>,
    port: u16,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ProviderName {
    Entra,
    B2c,
    ExternalId,
    Okta,
    Auth0,
    Keycloak,
    Cognito,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Result<Vec<_>, _> = env::args_os().skip(1).map(|argument| argument.into_string()).collect();
    let command = arguments
        .map_err(|argument| format!("argument {argument:?} is not UTF-8"))
        .and_then(|arguments| Command::parse(arguments, env::var("PORT").ok()));
    let served = match command {
        Ok(Command::Help) => {
            print!("{USAGE}");
            Ok(())
        }
        Ok(Command::Version) => {
            println!("mock-entra {}", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
        Ok(Command::Serve(options)) => serve(options).await,
        Err(error) => {
            eprintln!("mock-entra: {error}\nFor more information, try 'mock-entra --help'.");
            return ExitCode::from(2);
        }
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mock-entra: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Command {
    fn parse(arguments: impl IntoIterator<Item = String>, port: Option<String>) -> Result<Self, String> {
        let mut options = Options {
            provider: ProviderName::Entra,
            https: false,
            ca_file: None,
            allowed_hosts: Vec::new(),
            port: 4000,
        };
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let mut value = |name: &str| {
                let value = arguments.next().filter(|value| !value.starts_with("--"));
                value.ok_or_else(|| format!("option '{argument}' requires a {name}"))
            };
            match argument.as_str() {
                "--as" => options.provider = ProviderName::parse(&value("provider")?)?,
                "--https" => options.https = true,
                "--ca" => options.ca_file = Some(value("file name")?),
                "--allow-host" => options.allowed_hosts.push(value("host name")?),
                "--help" | "-h" => return Ok(Self::Help),
                "--version" | "-V" => return Ok(Self::Version),
                other => return Err(format!("unknown argument '{other}'")),
            }
        }
        if options.ca_file.is_some() && !options.https {
            return Err("option '--ca' requires '--https'".to_owned());
        }
        if let Some(port) = port {
            options.port = port.parse().map_err(|_| format!("environment variable PORT: invalid port '{port}'"))?;
        }
        Ok(Self::Serve(options))
    }
}

impl ProviderName {
    fn parse(name: &str) -> Result<Self, String> {
        Ok(match name {
            "entra" => Self::Entra,
            "b2c" => Self::B2c,
            "external-id" => Self::ExternalId,
            "okta" => Self::Okta,
            "auth0" => Self::Auth0,
            "keycloak" => Self::Keycloak,
            "cognito" => Self::Cognito,
            other => return Err(format!("unknown provider '{other}'")),
        })
    }

    fn mock_at(self, base: &str) -> MockEntra {
        match self {
            Self::Entra => MockEntra::at(base),
            Self::B2c => MockEntra::b2c_at(base, "B2C_1_susi"),
            Self::ExternalId => MockEntra::external_id_at(base),
            Self::Okta => MockEntra::okta().hosted_at(base),
            Self::Auth0 => MockEntra::auth0().hosted_at(base),
            Self::Keycloak => MockEntra::keycloak().hosted_at(base),
            Self::Cognito => MockEntra::cognito().hosted_at(base),
        }
    }
}

/// Serves until the process ends.
async fn serve(options: Options) -> Result<(), Box<dyn Error>> {
    let address = format!("127.0.0.1:{}", options.port);
    let listener = TcpListener::bind(&address).await.map_err(|error| format!("cannot listen on {address}: {error}"))?;
    let scheme = if options.https { "https" } else { "http" };
    let mock = options.provider.mock_at(&format!("{scheme}://{}", listener.local_addr()?));
    for host in &options.allowed_hosts {
        mock.allow_host(host);
    }
    let server = if options.https {
        let pem = Pem::generate(&options.allowed_hosts)?;
        if let Some(file) = &options.ca_file {
            fs::write(file, &pem.authority).map_err(|error| format!("cannot write {file}: {error}"))?;
        }
        mock.listen_https(listener, pem.certificate, pem.key)?
    } else {
        mock.listen(listener)?
    };
    if options.provider == ProviderName::Entra {
        print_usage_of_entra(&server, options.ca_file.as_deref());
    } else {
        print_tokens(server.entra());
    }
    println!("listening on {}", server.url());
    pending().await
}

/// For providers that do not have a token endpoint.
fn print_tokens(mock: &MockEntra) {
    println!("issuer    {}", mock.issuer());
    println!("metadata  {}", mock.metadata_url());
    println!("\nA token of a user:\n\n{}\n", mock.token().build());
    println!("An app-only token:\n\n{}\n", mock.token().app().build());
}

fn print_usage_of_entra(server: &MockServer, ca_file: Option<&str>) {
    let (url, tenant, api, app) = (server.url(), MockEntra::TENANT, MockEntra::CLIENT_ID, MockEntra::CALLER);
    let trust = match ca_file {
        Some(file) => format!(" --cacert '{file}'"),
        None if url.starts_with("https") => " -k".to_owned(),
        None => String::new(),
    };
    let ca_variable = ca_file.map_or_else(String::new, |file| format!("\n    SSL_CERT_FILE='{file}'"));
    println!(
        "\
tenant       {tenant}
tenant       {} (another)
API          {api}
application  {app} (any secret; has the app role Files.Read.All)
application  {} (any secret; has no app role)
metadata     {}

To request a token:

    curl -s{trust} {url}/{tenant}/oauth2/v2.0/token -d grant_type=client_credentials -d client_id={app} \
-d client_secret=any -d scope=api://{api}/.default

Settings of an API that accepts it:

    ENTRA_AUTHORITY_HOST={url}
    ENTRA_TENANT_ID={tenant}
    ENTRA_CLIENT_ID={api}{ca_variable}
",
        MockEntra::OTHER_TENANT,
        MockEntra::OTHER_CALLER,
        server.entra().metadata_url(),
    );
}

/// A certificate with its key, and the certificate of its authority.
struct Pem {
    authority: String,
    certificate: String,
    key: String,
}

impl Pem {
    fn generate(allowed_hosts: &[String]) -> Result<Self, rcgen::Error> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.distinguished_name.push(DnType::CommonName, "MockEntra");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

        let key = KeyPair::generate()?;
        let allowed_names = allowed_hosts.iter().map(|host| host.split(':').next().unwrap_or(host));
        let names = ["127.0.0.1", "localhost"].into_iter().chain(allowed_names).map(str::to_owned);
        let mut params = CertificateParams::new(names.collect::<Vec<_>>())?;
        params.distinguished_name.push(DnType::CommonName, "127.0.0.1");
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &authority)?;
        Ok(Self { authority: authority.pem(), certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

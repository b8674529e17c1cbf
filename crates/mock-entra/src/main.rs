//! The look-alike of Entra as a server of its own, for services in other processes and for clients such as MSAL, which
//! want HTTPS. Never in production: it gives tokens to whoever asks.
//!
//! ```sh
//! cargo run --example mock_entra
//! cargo run --example mock_entra -- --https --ca ca.pem
//! cargo run --example mock_entra -- --as keycloak
//! ```

use std::{env, error::Error, fs, future::pending};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use tokio::net::TcpListener;
use mock_entra::{MockEntra, MockServer};

const USAGE: &str = "\
usage: mock_entra [--as PROVIDER] [--https] [--ca FILE] [--allow-host NAME]

PROVIDER is entra, b2c, external-id, okta, auth0, keycloak or cognito; entra by default. PORT is the port on 127.0.0.1,
4000 by default. With --https, a certificate is made for 127.0.0.1 and localhost, and
--ca writes that of its authority to FILE, as PEM, for clients to trust. --allow-host answers requests under this host
name too, such as that of a container.";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (mut https, mut ca_file, mut provider) = (false, None, "entra".to_owned());
    let mut hosts = Vec::new();
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--https" => https = true,
            "--as" => provider = arguments.next().ok_or("--as needs a provider")?,
            "--ca" => ca_file = Some(arguments.next().ok_or("--ca needs a file")?),
            "--allow-host" => hosts.push(arguments.next().ok_or("--allow-host needs a name")?),
            "--help" | "-h" => {
                println!("{USAGE}");
                return Ok(());
            }
            _ => return Err(format!("{argument:?} is not known\n{USAGE}").into()),
        }
    }
    if ca_file.is_some() && !https {
        return Err("--ca is of use with --https only".into());
    }

    let port = env::var("PORT").unwrap_or_else(|_| "4000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let scheme = if https { "https" } else { "http" };
    let entra = look_alike(&provider, &format!("{scheme}://{}", listener.local_addr()?))?;
    hosts.into_iter().for_each(|host| entra.allow_host(host));
    let server = if https {
        let (ca, certificate, key) = certificate()?;
        if let Some(file) = &ca_file {
            fs::write(file, ca)?;
        }
        entra.listen_https(listener, certificate, key)?
    } else {
        entra.listen(listener)?
    };
    if provider == "entra" {
        print_facts(&server, ca_file.as_deref());
    } else {
        print_tokens(server.entra());
    }
    println!("listening on {}", server.url());
    pending().await
}

fn look_alike(provider: &str, base: &str) -> Result<MockEntra, String> {
    Ok(match provider {
        "entra" => MockEntra::at(base),
        "b2c" => MockEntra::b2c_at(base, "B2C_1_susi"),
        "external-id" => MockEntra::external_id_at(base),
        "okta" => MockEntra::okta().hosted_at(base),
        "auth0" => MockEntra::auth0().hosted_at(base),
        "keycloak" => MockEntra::keycloak().hosted_at(base),
        "cognito" => MockEntra::cognito().hosted_at(base),
        other => return Err(format!("{other:?} is not known\n{USAGE}")),
    })
}

/// Most of the other providers give no tokens over HTTP.
fn print_tokens(entra: &MockEntra) {
    println!("issuer    {}", entra.issuer());
    println!("metadata  {}", entra.metadata_url());
    println!("\nA token of a user:\n\n{}\n", entra.token().build());
    println!("A token of an application:\n\n{}\n", entra.token().app().build());
}

fn print_facts(server: &MockServer, ca_file: Option<&str>) {
    let trust = match ca_file {
        Some(file) => format!(" --cacert '{file}'"),
        None if server.url().starts_with("https") => " -k".to_owned(),
        None => String::new(),
    };
    println!("tenant       {}", MockEntra::TENANT);
    println!("tenant       {} (another)", MockEntra::OTHER_TENANT);
    println!("API          {}", MockEntra::CLIENT_ID);
    println!("application  {} (any secret; has the app role Files.Read.All)", MockEntra::CALLER);
    println!("application  {} (any secret; has no app role)", MockEntra::OTHER_CALLER);
    println!("metadata     {}/{}/v2.0/.well-known/openid-configuration", server.url(), MockEntra::TENANT);
    println!(
        "\nA token:\n\n    curl -s{trust} {}/{}/oauth2/v2.0/token -d grant_type=client_credentials -d client_id={} \
         -d client_secret=any -d scope=api://{}/.default\n",
        server.url(),
        MockEntra::TENANT,
        MockEntra::CALLER,
        MockEntra::CLIENT_ID
    );
    println!(
        "An API that accepts them:\n\n    ENTRA_AUTHORITY_HOST={} ENTRA_TENANT_ID={} ENTRA_CLIENT_ID={}{} \
         cargo run --example server\n",
        server.url(),
        MockEntra::TENANT,
        MockEntra::CLIENT_ID,
        ca_file.map_or_else(String::new, |file| format!(" SSL_CERT_FILE='{file}'")),
    );
}

/// A certificate authority of one's own, and a certificate and key of it for this machine, all as PEM.
fn certificate() -> Result<(String, String, String), rcgen::Error> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.distinguished_name.push(DnType::CommonName, "MockEntra");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(["127.0.0.1".to_owned(), "localhost".to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, "127.0.0.1");
    params.use_authority_key_identifier_extension = true;
    let certificate = params.signed_by(&key, &authority)?;
    Ok((authority.pem(), certificate.pem(), key.serialize_pem()))
}

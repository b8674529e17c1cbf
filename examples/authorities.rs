//! One API for several kinds of callers: people of one's own tenant, customers in External ID, and a partner who has Okta.
//! It prints commands to paste into another terminal.
//!
//! ```sh
//! cargo run --example authorities
//! ```

use std::{env, error::Error};

use axum::{Router, routing::get};
use mock_entra::{MockEntra, MockServer};
use tokio::net::TcpListener;
use tower_entra::{AuthenticateLayer, Authority, Claims, Requirement, Verifier, tenant::Instance};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Look-alikes of all three, which give tokens to whoever asks.
    let entra = MockEntra::serve("127.0.0.1:0").await?;
    let external_id = MockEntra::external_id("contoso").serve_at("127.0.0.1:0").await?;
    let okta = MockEntra::okta().serve_at("127.0.0.1:0").await?;

    let staff = Authority::tenant(MockEntra::TENANT.parse()?)
        .in_instance(Instance::parse(&entra.url())?) // not needed for the real Entra
        .named("staff");
    // In earnest Authority::external_id("contoso").
    let customers = Authority::external_id_at(external_id.url(), MockEntra::TENANT).named("customers");
    // In earnest the partner's address with /oauth2/default behind it, exactly as tokens have it in `iss`.
    let partner = Authority::openid_connect(okta.entra().issuer())
        .named("partner")
        .audience("api://orders")
        .subject_claim("uid")
        .require(Requirement::scope("orders.read"));

    let verifier = Verifier::builder()
        .client_id(MockEntra::CLIENT_ID) // the audience of staff and customers; the partner names its own
        .authority(staff)
        .authority(customers)
        .authority(partner)
        .detailed_errors(true)
        .build()?;
    let app = Router::new().route("/orders", get(orders)).layer(AuthenticateLayer::new(verifier));

    let port = env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let api = format!("http://{}", listener.local_addr()?);
    print_commands(&entra, &external_id, &okta, &api);
    println!("listening on {api}");
    Ok(axum::serve(listener, app).await?)
}

/// The key of a user's data differs between authorities, whatever their tokens say.
async fn orders(claims: Claims) -> String {
    let orders = match claims.authority() {
        "staff" => "all orders",
        "customers" => "your own orders",
        _ => "the orders that are shared with your company",
    };
    let user = claims.subject_key().map_or("nobody".to_owned(), String::from);
    format!("{orders}, for {user}\n")
}

fn print_commands(entra: &MockServer, external_id: &MockServer, okta: &MockServer, api: &str) {
    let partner = || okta.entra().token().audience("api://orders").scopes("openid orders.read");
    println!("Paste these into another terminal.\n");
    for (who, answer, token) in [
        ("One of the staff", "200 and \"all orders\"", entra.entra().token()),
        ("A customer", "200 and \"your own orders\"", external_id.entra().token()),
        ("The partner", "200 and \"the orders that are shared\"", partner()),
        ("The partner without the scope", "403 and \"code\":\"insufficient_scope\"", partner().scopes("openid")),
        ("The partner, for another API", "401 and \"code\":\"wrong_audience\"", partner().audience("api://stock")),
        (
            "The partner, who says it is of the staff",
            "401 and \"code\":\"unknown_key\"",
            partner().claim("iss", entra.entra().issuer()).claim("tid", MockEntra::TENANT),
        ),
        (
            "Somebody of another Okta",
            "401 and \"code\":\"unknown_issuer\"",
            partner().claim("iss", "https://fabrikam.okta.example/oauth2/default"),
        ),
    ] {
        let token = token.build();
        println!("{who}. It answers {answer}.\n\n    curl -i -H 'Authorization: Bearer {token}' {api}/orders\n");
    }
}

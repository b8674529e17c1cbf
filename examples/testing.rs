//! How to test an API of your own: its router, and tokens of every kind, without sockets.
//!
//! ```sh
//! cargo test --example testing
//! cargo run --example testing
//! ```

use std::error::Error;

use axum::{Router, body::Body, http::Request, routing::get};
use mock_entra::MockEntra;
use tower::ServiceExt;
use tower_entra::{AuthenticateLayer, Claims, RejectionKind, RequireLayer, Requirement, Verifier};

/// What is to be tested.
fn app(verifier: Verifier) -> Router {
    let may_read = Requirement::scope("Files.Read").or(Requirement::app_permission("Files.Read.All"));
    Router::new()
        .route("/me", get(async |claims: Claims| claims.object_id().unwrap_or("nobody").to_owned()))
        .route("/files", get(async || "your files").layer(RequireLayer::new(may_read)))
        .layer(AuthenticateLayer::new(verifier))
}

/// The same with a mock of Entra.
fn app_under_test(entra: &MockEntra) -> Result<Router, Box<dyn Error>> {
    let builder = Verifier::builder().tenant(MockEntra::TENANT).client_id(MockEntra::CLIENT_ID);
    Ok(app(builder.fetch(entra.clone()).build()?))
}

/// What it is, its token, and what `/me` and `/files` answer.
type Row = (&'static str, String, u16, u16);

fn table(entra: &MockEntra) -> Vec<Row> {
    let token = || entra.token();
    vec![
        ("a user", token().scopes("Files.Read").build(), 200, 200),
        ("a user with an old token", token().v1().scopes("Files.Read").build(), 200, 200),
        ("a user without the scope", token().scopes("Mail.Read").build(), 200, 403),
        ("an application", token().app().roles(["Files.Read.All"]).build(), 200, 200),
        ("an application with another role", token().app().roles(["Mail.Read.All"]).build(), 200, 403),
        ("an application without a role", token().app().roles(Vec::<String>::new()).build(), 401, 401),
        ("an id token", token().id_token().audience(MockEntra::CLIENT_ID).build(), 401, 401),
        ("a token for Microsoft Graph", token().graph().build(), 401, 401),
        ("yesterday's token", token().expired().build(), 401, 401),
        ("another tenant", token().tenant(MockEntra::OTHER_TENANT).build(), 401, 401),
        ("a forger", token().wrong_key().build(), 401, 401),
    ]
}

async fn status(app: &Router, path: &str, token: &str) -> Result<u16, Box<dyn Error>> {
    let request = Request::get(path).header("authorization", format!("Bearer {token}")).body(Body::empty())?;
    Ok(app.clone().oneshot(request).await?.status().as_u16())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let entra = MockEntra::new();
    let app = app_under_test(&entra)?;
    println!("{:<34} /me /files", "");
    for (who, token, ..) in table(&entra) {
        println!("{who:<34} {} {}", status(&app, "/me", &token).await?, status(&app, "/files", &token).await?);
    }
    let refused = app.oneshot(Request::get("/me").body(Body::empty())?).await?;
    let kind = refused.extensions().get::<tower_entra::Rejection>().map(tower_entra::Rejection::kind);
    println!("without a token: {}, {}", refused.status(), kind.map_or("", RejectionKind::code));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mock_entra::ManualClock;
    use tower_entra::Rejection;

    use super::*;

    type Result = std::result::Result<(), Box<dyn Error>>;

    #[tokio::test]
    async fn who_gets_in() -> Result {
        let entra = MockEntra::new();
        let app = app_under_test(&entra)?;
        for (who, token, me, files) in table(&entra) {
            assert_eq!(status(&app, "/me", &token).await?, me, "{who}");
            assert_eq!(status(&app, "/files", &token).await?, files, "{who}");
        }
        Ok(())
    }

    #[tokio::test]
    async fn the_reason_is_in_the_extensions_of_the_response() -> Result {
        let entra = MockEntra::new();
        let request = Request::get("/me").header("authorization", format!("Bearer {}", entra.token().graph().build()));
        let response = app_under_test(&entra)?.oneshot(request.body(Body::empty())?).await?;
        let kind = response.extensions().get::<Rejection>().map(Rejection::kind);
        assert_eq!(kind, Some(RejectionKind::MicrosoftApiToken));
        Ok(())
    }

    #[tokio::test]
    async fn a_token_ends_by_the_clock() -> Result {
        let (entra, clock) = (MockEntra::new(), ManualClock::new());
        entra.set_clock(clock.clone());
        let builder = Verifier::builder().tenant(MockEntra::TENANT).client_id(MockEntra::CLIENT_ID);
        let app = app(builder.fetch(entra.clone()).clock(clock.clone()).build()?);
        let token = entra.token().expires_in(Duration::from_secs(600)).build();
        assert_eq!(status(&app, "/me", &token).await?, 200);
        clock.advance(Duration::from_secs(700));
        assert_eq!(status(&app, "/me", &token).await?, 401);
        Ok(())
    }

    #[tokio::test]
    async fn keys_roll_over() -> Result {
        let entra = MockEntra::new();
        let app = app_under_test(&entra)?;
        let before = entra.token().build();
        assert_eq!(status(&app, "/me", &before).await?, 200);
        entra.rotate();
        let after = entra.token().build();
        assert_eq!(status(&app, "/me", &before).await?, 200);
        assert_eq!(status(&app, "/me", &after).await?, 200);
        Ok(())
    }
}

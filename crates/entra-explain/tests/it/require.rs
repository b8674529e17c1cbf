//! `--require`: why a token that is accepted gets a 403.

use mock_entra::MockEntra;

use crate::program::{Run, entra};

#[tokio::test]
async fn requirement_that_is_not_met_is_explained() {
    let entra = entra().await;
    let token = || entra.entra().token();
    let tenant = format!("tenant {}", MockEntra::OTHER_TENANT);
    let tenant = [&*tenant];
    let user = token().scopes("Files.Read").build();
    let app = token().app().roles(["Files.Read.All"]).build();
    // The requirements, the token, the exit code, the code of the rejection.
    let rows: Vec<(&[&str], &str, i32, &str)> = vec![
        (&["scope Files.Read"], &user, 0, ""),
        (&["scope Files.Write"], &user, 1, "insufficient_scope"),
        (&["scope Files.Write or scope Files.Read"], &user, 0, ""),
        (&["scope Files.Read", "scope Files.Write"], &user, 1, "insufficient_scope"),
        (&["scope Files.Read or app_permission Files.Read.All"], &app, 0, ""),
        (&["app_permission Files.Read.All"], &app, 0, ""),
        (&["user_role Files.Read.All"], &app, 1, "insufficient_role"),
        (&["any_role Files.Read.All"], &app, 0, ""),
        (&["any_role Files.Write.All"], &app, 1, "insufficient_role"),
        (&["group 99999999-0000-1111-2222-333333333333"], &user, 1, "claim_not_allowed"),
        (&["directory_role 62e90394-69f5-4237-9190-012177145e10"], &user, 1, ""),
        (&tenant, &user, 1, ""),
        (&["authority nobody"], &user, 1, ""),
        (&["auth_context c1"], &user, 1, ""),
        (&["member"], &app, 1, ""),
    ];
    for (requirements, token, code, rejection) in rows {
        let arguments: Vec<&str> = requirements.iter().flat_map(|rule| ["--require", rule]).collect();
        let ended = Run::token(token).configured(&entra).with(&arguments).with(&["--json"]).end().await;
        assert_eq!(ended.code, code, "{requirements:?}: {ended:?}");
        let document = ended.json();
        if code == 1 {
            assert!(matches!(document["status"].as_u64(), Some(401 | 403)), "{requirements:?}: {document}");
            assert!(document["causes"][0]["remedies"].as_array().is_some_and(|all| !all.is_empty()), "{document}");
        }
        if !rejection.is_empty() && requirements[0].starts_with(['s', 'a', 'u']) {
            assert_eq!(document["code"], rejection, "{requirements:?}");
            assert_eq!(document["status"], 403, "{requirements:?}");
        }
    }
    let ended = Run::token(&user).configured(&entra).with(&["--require", "scope Files.Write"]).end().await;
    ended.says(
        "text",
        &[
            "Rejected: ",
            "(403 insufficient_scope)",
            "Files.Write",
            "To fix",
            "Required of the token: scope Files.Write",
        ],
    );
    let ended = Run::token(&user).configured(&entra).with(&["--require", "scope Files.Read"]).end().await;
    ended.says("text", &["✓ Accepted", "It meets the requirement: scope Files.Read."]);
}

#[tokio::test]
async fn mistake_is_a_usage_error_that_names_the_word_and_the_kinds() {
    let token = MockEntra::new().token().build();
    for (rule, text) in [
        ("scop Files.Read", "--require: \"scop\" is not a kind of rule; it is scope, app_permission, user_role"),
        ("scope A or", "\"or\""),
        ("", "--require needs a value"),
        ("tenant contoso", "tenant needs a GUID"),
    ] {
        let ended = Run::token(&token).with(&["--require", rule]).end().await;
        assert_eq!((ended.code, &*ended.stdout), (2, ""), "{rule}: {ended:?}");
        assert!(ended.stderr.contains(text) || rule == "scope A or", "{rule}: {ended:?}");
    }
}

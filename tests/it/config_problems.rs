//! The outcome of more than 200 configurations: the problems of each by setting, kind, value and source, or the settings that
//! are warned about. Messages are not part of it, so that they can be reworded; everything else is a change of behavior.
//!
//! `TOWER_ENTRA_UPDATE_PROBLEMS=1 cargo test --test it config_problems` rewrites the record after an intended change.

use std::{collections::HashSet, fmt::Write, fs, path::Path, time::Duration};

use mock_entra::MockEntra;
use tower_entra::{
    Authority, Cloud, Config, ConfigError, TenantId, Verifier, VerifierBuilder,
    error::{ConfigProblemKind, ConfigSource},
    fetch::HttpFetch,
    metadata::ProtectedResource,
    policy::ClaimRule,
    tenant::Instance,
};

use crate::log::Lines;

const RECORD: &str = "tests/data/config_problems.txt";
const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const OTHER: &str = "aaaaaaaa-2222-3333-4444-555555555555";
const CLIENT: &str = "66666666-7777-8888-9999-000000000000";
const B2C: &str = "https://contoso.b2clogin.com";
const CIAM: &str = "https://contoso.ciamlogin.com";
const OKTA: &str = "https://partner.okta.example/oauth2/default";
const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
/// A public key of the required form; its private key is unknown.
const JWK: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"a"}"#;
const PUBLIC: &str = "https://login.microsoftonline.com";
const METADATA: &str = "/.well-known/openid-configuration";

/// The placeholders that the inputs below are written with, so that the record is readable.
const PLACEHOLDERS: [(&str, &str); 10] = [
    ("$TENANT", TENANT),
    ("$OTHER", OTHER),
    ("$CLIENT", CLIENT),
    ("$B2C", B2C),
    ("$CIAM", CIAM),
    ("$OKTA", OKTA),
    ("$PERSONAL", PERSONAL),
    ("$JWK", JWK),
    ("$PUBLIC", PUBLIC),
    ("$METADATA", METADATA),
];

/// Members of the section `AzureAd`, after a good tenant and client id.
const IN_SECTION: &[&str] = &[
    "",
    // Wrong types and forms.
    r#""Audience":["x"]"#,
    r#""Audience":null"#,
    r#""audiences":"x""#,
    r#""Audiences":["x",1]"#,
    r#""TenantIds":{"0":"x"}"#,
    r#""AllowedClients":[]"#,
    r#""AllowedClients":["x"]"#,
    r#""AllowedClients":["$OTHER"]"#,
    r#""RevokedKeys":[true]"#,
    r#""RevokedKeys":[""]"#,
    r#""RevokedKeys":["a"]"#,
    r#""DetailedErrors":"yes""#,
    r#""DetailedErrors":"True""#,
    r#""AppSpecificKeys":1"#,
    r#""AppSpecificKeys":true"#,
    r#""AllowWebApiToBeAuthorizedByACL":[]"#,
    r#""ClockSkewSeconds":"00:05:00""#,
    r#""ClockSkewSeconds":-1"#,
    r#""ClockSkewSeconds":301"#,
    r#""ClockSkewSeconds":"300""#,
    r#""Audience":" ""#,
    r#""Audience":"api://*""#,
    r#""Audience":"/""#,
    r#""Audience":"https://graph.microsoft.com""#,
    r#""Resource":"orders""#,
    r#""Resource":"api://orders""#,
    r#""Resource":{}"#,
    // Names.
    r#""client_id":"x""#,
    r#""ClientId":"x""#,
    r#""Audiance":"secret""#,
    r#""ClientSecrt":"secret""#,
    r#""Colour":"secret""#,
    r#""DefaultUserFlow":"B2C_1_susi""#,
    r#""TokenValidationParameters":{"ValidateLifetime":false}"#,
    r#""AzureCloudInstance":"AzurePublic""#,
    r#""AadAuthorityAudience":"x""#,
    r#""Domain":"contoso.example","ClientSecret":"x","Scopes":"a","CallbackPath":"/signin-oidc""#,
    // Instances and authorities.
    r#""Instance":"http://login.example""#,
    r#""Instance":"https://login.microsoftonline.de""#,
    r#""Instance":"AzureGermany""#,
    r#""Instance":"UsGovernment""#,
    r#""Instance":"https://entra.example""#,
    r#""Kind":"Entra","Instance":"https://entra.example""#,
    r#""Instance":"$PUBLIC/common""#,
    r#""Instance":1"#,
    r#""Instance":"https://user@entra.example""#,
    r#""Instance":"https://entra example""#,
    r#""Instance":"ftp://entra.example""#,
    r#""Instance":"https://entra.example?x""#,
    r#""Instance":"https://entra.example#x""#,
    r#""Authority":"$PUBLIC/common""#,
    r#""Authority":"$PUBLIC/$TENANT/v2.0""#,
    r#""Authority":"$PUBLIC/$TENANT/oauth2/v2.0/token""#,
    r#""Authority":"$PUBLIC/$TENANT?p=x""#,
    r#""Authority":"$PUBLIC""#,
    r#""Authority":"login.microsoftonline.com/common""#,
    r#""Authority":"https://login.microsoftonline.us/$TENANT","Instance":"$PUBLIC""#,
    r#""TenantIds":["$OTHER"]"#,
    r#""TenantIds":["common"]"#,
    r#""TenantIds":["x y"]"#,
    // Required claims.
    r#""RequiredClaims":{}"#,
    r#""RequiredClaims":["x"]"#,
    r#""RequiredClaims":[{}]"#,
    r#""RequiredClaims":[{"Name":" "}]"#,
    r#""RequiredClaims":[{"Name":"a","Vaules":[]}]"#,
    r#""RequiredClaims":[{"Name":"a","Match":"any"}]"#,
    r#""RequiredClaims":[{"Name":"a","Separator":" "}]"#,
    r#""RequiredClaims":[{"Name":"a","Values":["x"],"Match":"some"}]"#,
    r#""RequiredClaims":[{"Name":"a","Values":["x"],"Match":1}]"#,
    r#""RequiredClaims":[{"Name":"a","Values":"x"}]"#,
    r#""RequiredClaims":[{"Name":"a","Values":[null]}]"#,
    r#""RequiredClaims":[{"Name":"a","Values":[]}]"#,
    r#""RequiredClaims":[{"Name":"a","name":"b"}]"#,
    r#""RequiredClaims":[{"Name":"a","Values":["x",1,true],"Match":"any","Separator":" "}]"#,
    // Settings of one authority.
    r#""Kind":"Okta""#,
    r#""Kind":1"#,
    r#""Name":1"#,
    r#""Domain":1"#,
    r#""Version":3"#,
    r#""Version":"2.0""#,
    r#""Algorithms":["RS256","HS256"]"#,
    r#""Algorithms":["none"]"#,
    r#""Algorithms":[]"#,
    r#""Algorithms":["PS256"]"#,
    r#""Issuers":[]"#,
    r#""Issuers":["https://sts.windows.net/$TENANT/"]"#,
    r#""ScopeClaim":"scope""#,
    r#""JwksUri":"https://a.example/k""#,
    r#""AcceptTfpIssuers":true"#,
    r#""AcceptAppTokensWithoutPolicy":true"#,
    r#""SignUpSignInPolicyId":"""#,
    r#""Instance":"$PUBLIC","SignUpSignInPolicyId":"a""#,
    r#""TrustDirectoryClaims":1"#,
    r#""RequiredForReadiness":false"#,
    r#""StaticKeys":"x""#,
    r#""StaticKeys":[1]"#,
    r#""KeyFile":1"#,
    r#""KeyFile":"no/such/file.json""#,
    r#""KeyFile":"Cargo.toml""#,
    // Lists of authorities.
    r#""Authorities":[]"#,
    r#""Authorities":[1]"#,
    r#""Authorities":{}"#,
    r#""Authorities":[{}]"#,
    r#""Authorities":[{"Audiance":"x"}]"#,
    r#""Authorities":[{"TenantId":1}]"#,
    r#""Authorities":[{"Audience":" ","TenantId":"common"}]"#,
    r#""Authorities":[{"ClientId":"x","Authority":"$CIAM"}]"#,
    r#""Authorities":[{"AllowedClients":["x"],"TenantId":"$OTHER"}]"#,
    r#""Authorities":[{"RequiredClaims":[{"Name":"a","Values":[]}],"TenantId":"$OTHER"}]"#,
    r#""Authorities":[{"ClientId":"x"},{"Kind":"Okta","Colour":1},{"TenantId":"x y","Audience":"*"}]"#,
    r#""Authorities":[{"ClockSkewSeconds":1}]"#,
    r#""Authorities":[{"RevokedKeys":["a"]}]"#,
    r#""Authorities":[{"DetailedErrors":true}]"#,
    r#""Authorities":[{"Resource":"api://a"}]"#,
    r#""Authorities":[{"AppSpecificKeys":true}]"#,
    r#""Authorities":[{"AllowWebApiToBeAuthorizedByACL":true}]"#,
    r#""Authorities":[{"Authorities":[]}]"#,
    r#""Authorities":[{"Authority":"$B2C/contoso.onmicrosoft.com/B2C_1_a","TenantId":"$TENANT"}]"#,
    r#""Authorities":[{"Authority":"$OKTA"}]"#,
    r#""Authorities":[{"Authority":"$OKTA","Audience":"a"}]"#,
    r#""Authorities":[{"TenantId":"$TENANT"}]"#,
    r#""Authorities":[{"TenantId":"organizations"}]"#,
    r#""Authorities":[{"Authority":"$OKTA","Audience":"a"},{"Authority":"$OKTA","Audience":"b"}]"#,
    r#""Version":"1.0","Authorities":[{"TenantId":"$TENANT","Version":"2.0"}]"#,
    r#""Authorities":[{"Name":"a","TenantId":"$OTHER"},{"Name":"a","Authority":"$OKTA","Audience":"b"}]"#,
    r#""RequiredClaims":[{"Name":"groups","Values":["x"]}],"Authorities":[{"Authority":"$OKTA","Audience":"b"}]"#,
    r#""Authorities":[{"Instance":"$B2C","SignUpSignInPolicyId":"a","AcceptAppTokensWithoutPolicy":true}]"#,
    r#""AllowedClients":["$OTHER"],"Authorities":[{"Instance":"$B2C","SignUpSignInPolicyId":"a","AcceptAppTokensWithoutPolicy":true},{"Instance":"$B2C","SignUpSignInPolicyId":"b","Name":"b","AcceptAppTokensWithoutPolicy":true}]"#,
    r#""Authorities":[{"Authority":"$OKTA","Audience":"a","Issuers":["https://id.example"]},{"Authority":"https://other.example","Audience":"a","Issuers":["https://id.example"]}]"#,
    r#""Authorities":[{"Kind":"Entra","Authority":"https://login.contoso.example/$OTHER/v2.0","Issuers":["https://id.example"]}]"#,
    r#""Authorities":[{"Kind":"Entra","Authority":"https://login.contoso.example/$OTHER/v2.0","Issuers":["https://id.example/$OTHER/"]}]"#,
    r#""Authorities":[{"Kind":"ExternalId","Authority":"https://login.contoso.example/$OTHER","Issuers":["https://id.example/a/"]}]"#,
    r#""Authorities":[{"Authority":"$CIAM","Issuers":["https://id.example/$OTHER/"]}]"#,
];

/// The whole section but for the client id.
const SECTIONS: &[&str] = &[
    r#""TenantId":"common""#,
    r#""TenantId":"organizations""#,
    r#""TenantId":"$PERSONAL""#,
    r#""TenantId":"$CLIENT""#,
    r#""TenantId":"contoso""#,
    r#""TenantId":"""#,
    r#""TenantIds":["organizations","$TENANT"]"#,
    r#""TenantId":"organizations","AppSpecificKeys":true"#,
    // Azure AD B2C.
    r#""Instance":"$B2C","Domain":"contoso.onmicrosoft.com","SignUpSignInPolicyId":"B2C_1_susi","ResetPasswordPolicyId":"x""#,
    r#""Instance":"$B2C","Domain":"contoso.onmicrosoft.com""#,
    r#""Authority":"$B2C/contoso.onmicrosoft.com/v2.0""#,
    r#""Authority":"$B2C/contoso.onmicrosoft.com/v2.0?p=B2C_1_susi""#,
    r#""Authority":"$B2C/contoso.onmicrosoft.com/B2C_1_susi/oauth2/v2.0""#,
    r#""Authority":"$PUBLIC/tfp/contoso.onmicrosoft.com/B2C_1_susi""#,
    r#""SignUpSignInPolicyId":"B2C_1_susi""#,
    r#""Instance":"https://login.contoso.example","SignUpSignInPolicyId":"own""#,
    r#""Instance":"https://login.contoso.example/x","TenantId":"$TENANT","SignUpSignInPolicyId":"own""#,
    r#""Instance":"$B2C","TenantId":"common","SignUpSignInPolicyId":"a""#,
    r#""Instance":"$B2C","Domain":"con toso","SignUpSignInPolicyId":"a""#,
    r#""Instance":"$B2C","SignUpSignInPolicyId":"a/b""#,
    r#""Instance":"$B2C","SignUpSignInPolicyId":"a","Policies":["b","A"]"#,
    r#""Instance":"$B2C","Policies":"a""#,
    r#""Authority":"$B2C/contoso.onmicrosoft.com/B2C_1_a","SignUpSignInPolicyId":"B2C_1_b""#,
    r#""Authority":"$B2C/contoso.onmicrosoft.com/B2C_1_a","TenantId":"$TENANT""#,
    r#""Authority":"$B2C/contoso.onmicrosoft.com/B2C_1_a","Instance":"https://other.b2clogin.com""#,
    r#""Instance":"$B2C","SignUpSignInPolicyId":"a","Version":"1.0""#,
    r#""Authority":"$PUBLIC/$TENANT","Instance":"$B2C""#,
    // External ID.
    r#""Authority":"$CIAM/$TENANT""#,
    r#""Authority":"$CIAM/","Instance":"$PUBLIC""#,
    r#""Kind":"Entra","Authority":"$CIAM/$TENANT""#,
    r#""Authority":"$CIAM/a/b""#,
    r#""Instance":"$CIAM","TenantIds":["$TENANT","$OTHER"]"#,
    r#""Kind":"ExternalId","TenantId":"contoso.example""#,
    // Other OpenID Connect issuers.
    r#""Authority":"$OKTA","Audience":"a""#,
    r#""Authority":"$OKTA","RequiredForReadiness":false,"Audience":"a""#,
    r#""Authority":"https://id.example/?x=1""#,
    r#""Kind":"OpenIdConnect","Authority":"https://id.example/#x""#,
    r#""Authority":"$OKTA$METADATA""#,
    r#""Kind":"OpenIdConnect","Authority":"$PUBLIC/$TENANT/v2.0""#,
    r#""Kind":"OpenIdConnect","Authority":"$B2C/a""#,
    r#""Kind":"OpenIdConnect","Authority":"$CIAM/a""#,
    r#""Kind":"OpenIdConnect","Authority":"https://sts.chinacloudapi.cn/$TENANT/""#,
    r#""Authority":"$OKTA","TenantId":"$TENANT""#,
    r#""Authority":"$OKTA","Instance":"$PUBLIC""#,
    r#""Kind":"OpenIdConnect""#,
    r#""Authority":"$OKTA","MetadataAddress":"https://a.example/m","JwksUri":"https://a.example/k""#,
    r#""Authority":"$OKTA","JwksUri":"http://a.example/k""#,
    r#""Authority":"$OKTA","MetadataAddress":"a.example/m""#,
    r#""Authority":"$OKTA","RoleClaim":"""#,
    r#""Authority":"$OKTA","ScopeClaim":"/","Audience":"a""#,
    r#""Authority":"$OKTA","GroupClaim":"/""#,
    r#""Authority":"$OKTA","SubjectClaim":"/""#,
    r#""Authority":"$OKTA","ClientClaim":"/""#,
    r#""Authority":"$OKTA","AudienceClaim":"/""#,
    r#""Authority":"$OKTA","StaticKeys":{"keys":3}"#,
    r#""Authority":"$OKTA","StaticKeys":{"keys":[]}"#,
    r#""Authority":"$OKTA","StaticKeys":{"keys":[$JWK]}"#,
    r#""Authority":"$OKTA","Algorithms":["EdDSA"],"StaticKeys":{"keys":[$JWK,{"kty":"RSA"}]}"#,
    r#""Authority":"$OKTA","StaticKeys":"-----BEGIN PUBLIC KEY-----""#,
    r#""Authority":"$OKTA","Issuers":["https://sts.windows.net/$TENANT/"]"#,
    r#""Authority":"$OKTA","Issuers":["https://id.example/{tenantid}"]"#,
    r#""Authority":"$OKTA","Issuers":["id.example"]"#,
    r#""Authority":"$OKTA","Issuers":"x""#,
];

/// Whole documents.
const DOCUMENTS: &[&str] = &[
    "",
    "{}",
    "[1]",
    "{\n  // the tenant\n  \"a\" 1}",
    r#"{"AzureAd":{}}"#,
    r#"{"AzureAd":3}"#,
    r#"{"AzureAd":{},"azure_ad":{}}"#,
    r#"{"AllowedClients":[],"AzureAd":{"TenantId":"$TENANT","ClientId":"$CLIENT"}}"#,
    r#"{"EntraId":{"TenantId":"$TENANT","ClientId":"$CLIENT"}}"#,
    r#"{" ":{"TenantId":"$TENANT","ClientId":"$CLIENT"}}"#,
    r#"{"TennantId":"x","ClientId":1}"#,
    r#"{"$schema":"x","TenantId":"$TENANT","ClientId":"$CLIENT"}"#,
    r#"{"AzureAd":{"TenantId":"$TENANT"}}"#,
    r#"{"AzureAd":{"TenantId":"$TENANT","Audience":"api://orders"}}"#,
    r#"{"AzureAd":{"TenantId":"$TENANT","Audience":"api://orders","AppSpecificKeys":true}}"#,
    r#"{"AzureAd":{"TenantId":"$TENANT","ClientId":"orders"}}"#,
    r#"{"AzureAd":{"TenantId":"$TENANT","ClientId":"api://orders"}}"#,
    r#"{"AzureAd":{"ClientId":"$CLIENT","Authorities":[{"TenantId":"$TENANT"}],"RequiredForReadiness":true}}"#,
    r#"{"AzureAd":{"Authorities":[{"Authority":"$OKTA","Audience":"a"}]}}"#,
    r#"{"AzureAd":{"Authorities":[{"TenantId":"$TENANT"}]}}"#,
];

/// Environments, as variables separated by `;`.
const ENVIRONMENTS: &[&str] = &[
    "",
    "ENTRA_TENANT_ID=$TENANT;ENTRA_CLIENT_ID=$CLIENT",
    "ENTRA_TENANT_ID=$TENANT;ENTRA_CLIENT_ID=$CLIENT;ENTRA_AUDIENCE=x",
    "ENTRA_TENANT_ID=$TENANT;ENTRA_CLIENT_ID=$CLIENT;ENTRA_AUDIENCE=",
    "ENTRA_TENANT_ID=$TENANT;ENTRA_CLIENT_ID=$CLIENT;ENTRA_SOMETHING_ELSE=x",
    "ENTRA_TENANT_ID=$TENANT;ENTRA_CLIENT_ID=$CLIENT;ENTRA_PROXY_SERVICE_HOST=10.0.0.1;ENTRA_PROXY_PORT=tcp://10.0.0.1:80",
    "ENTRA_TENANT_ID=$TENANT;ENTRA_CLIENT_ID=$CLIENT;ENTRA_AUDIENCES=, ,",
    "ENTRA_TENANT_ID=$TENANT;ENTRA_CLIENT_ID=$CLIENT;ENTRA_AUDIENCES=",
    "ENTRA_TENANT_ID=$TENANT;ENTRA_CLIENT_ID=$CLIENT;ENTRA_AUDIENCES=api://a,api://b",
    "ENTRA_TENANT_ID=$TENANT;ENTRA_CLIENT_ID=$CLIENT;ENTRA_ALLOWED_CLIENTS=",
    "ENTRA_TENANT_ID=$TENANT;ENTRA_CLIENT_ID=$CLIENT;ENTRA_REVOKED_KEYS= ",
    "ENTRA_TENANT_ID=$TENANT;ENTRA_CLIENT_ID=$CLIENT;ENTRA_ALLOWED_CLIENTS=x",
    "ENTRA_TENANT_ID=$TENANT;ENTRA_CLIENT_ID=$CLIENT;ENTRA_DETAILED_ERRORS=1",
    "ENTRA_TENANT_ID=$TENANT;ENTRA_CLIENT_ID=$CLIENT;ENTRA_AUTHORITY_HOST=http://x.example",
    "ENTRA_TENANT_ID=$TENANT;ENTRA_CLIENT_ID=$CLIENT;azuread__Cleint=x",
    "ENTRA_TENANT_ID=$TENANT;ENTRA_CLIENT_ID=$CLIENT;AzureAd__ClientId=$OTHER",
    "ENTRA_TENANT_ID=$TENANT;ENTRA_CLIENT_ID=$CLIENT;AzureAd__TenantIds__1=$OTHER",
    "ENTRA_TENANT_ID=$TENANT;ENTRA_CLIENT_ID=$CLIENT;AzureAd__Audiences=x",
    "ENTRA_TENANT_ID=$TENANT;ENTRA_CLIENT_ID=$CLIENT;AzureAd__RequiredClaims__0__Nme=x",
    "ENTRA_TENANT_ID=$TENANT;ENTRA_CLIENT_ID=$CLIENT;AzureAd__Audience=x;AzureAd__Audience__0=y",
    "ENTRA_TENANT_ID=$TENANT;ENTRA_CLIENT_ID=$CLIENT;AzureAd__Audience=x;AZUREAD__AUDIENCE=y",
    "ENTRA_TENANT_ID=$TENANT;ENTRA_CLIENT_ID=$CLIENT;AzureAd__A__B__C__D__E__F__G__H__I=x",
    "ENTRA_TENANT_ID=$TENANT;ENTRA_CLIENT_ID=$CLIENT;AzureAd__Authorities=x",
    "ENTRA_TENANT_ID=$TENANT;ENTRA_CLIENT_ID=$CLIENT;AzureAd__Authorities__0__ClientId=$CLIENT",
    "ENTRA_TENANT_ID=$TENANT;ENTRA_CLIENT_ID=$CLIENT;AzureAd__Authorities__0__Authorty=$OKTA",
    "ENTRA_TENANT_ID=$TENANT;ENTRA_CLIENT_ID=$CLIENT;AzureAd__Authorities__0__AllowedClients__0= ",
    "ENTRA_TENANT_ID=$TENANT;AzureAd__ClientId=$CLIENT;AzureAd__ClientSecret=x",
    "AZURE_TENANT_ID=$TENANT;AZURE_CLIENT_ID=$CLIENT;ENTRA_CLIENT_ID= ",
    "ENTRA_TENANT_ID=$TENANT,common;ENTRA_CLIENT_ID=$CLIENT",
];

/// Elements within `validate-jwt`, which has the attributes that need no note.
const IN_VALIDATE_JWT: &[&str] = &[
    "$ENTRA$AUDIENCES",
    "<openid-config url='$PUBLIC/$TENANT$METADATA'/>$ENTRA$AUDIENCES",
    "<openid-config url=''/>$AUDIENCES",
    "<openid-config/>$AUDIENCES",
    "<openid-config url='$PUBLIC/$TENANT$METADATA' validate-connectivity='false' colour='red'/>$AUDIENCES",
    "$AUDIENCES",
    "<openid-config url='{{meta}}'/>$AUDIENCES",
    "<openid-config url='http://login.microsoftonline.com/$TENANT$METADATA'/>$AUDIENCES",
    "<openid-config url='$PUBLIC/$TENANT/discovery/v2.0/keys'/>$AUDIENCES",
    "<openid-config url='$PUBLIC/$TENANT/v2.0$METADATA?appid=$CLIENT'/>$AUDIENCES",
    "<openid-config url='$PUBLIC/common/v2.0$METADATA'/>$AUDIENCES",
    "<openid-config url='$PUBLIC/common/v2.0$METADATA'/>$AUDIENCES<issuers><issuer>$PUBLIC/$TENANT/v2.0</issuer></issuers>",
    "<openid-config url='$B2C/contoso.onmicrosoft.com/v2.0$METADATA'/>$AUDIENCES",
    "<openid-config url='$B2C/contoso.onmicrosoft.com/v2.0$METADATA?p=B2C_1_susi'/>$AUDIENCES",
    "<openid-config url='$CIAM/$TENANT/v2.0$METADATA'/>$AUDIENCES",
    "<openid-config url='https://id.example/meta'/>$AUDIENCES",
    "<openid-config url='https://id.example$METADATA'/>$AUDIENCES",
    "<openid-config url='$OKTA$METADATA'/>$AUDIENCES<issuers><issuer>$OKTA</issuer></issuers>",
    "$ENTRA",
    "$ENTRA<audiences/>",
    "$ENTRA<audiences><audience>@(context.Api.Id)</audience></audiences>",
    "$ENTRA<audiences><audience>a b</audience></audiences>",
    "$ENTRA<audiences><audience><b/></audience></audiences>",
    "$ENTRA<audiences><aud>a</aud></audiences>",
    "$ENTRA<audiences-of-all/>",
    "$ENTRA<audience>a</audience>",
    "$ENTRA<audiences/><audiences/>",
    "$ENTRA$AUDIENCES<issuers><issuer>{{issuer}}</issuer></issuers>",
    "$ENTRA$AUDIENCES<issuers><issuer>https://other.example</issuer></issuers>",
    "$ENTRA$AUDIENCES<issuers><issuer>https://sts.windows.net/$TENANT</issuer></issuers>",
    "$ENTRA$AUDIENCES<issuers><issuer>https://sts.windows.net/$TENANT/</issuer></issuers>",
    "$ENTRA$AUDIENCES<required-claims><claim name='a'><value>@{return 1;}</value></claim></required-claims>",
    "$ENTRA$AUDIENCES<required-claims><claim name='a'><value/></claim></required-claims>",
    "$ENTRA$AUDIENCES<required-claims><claim name='a' match='some'><value>x</value></claim></required-claims>",
    "$ENTRA$AUDIENCES<required-claims><claim><value>x</value></claim></required-claims>",
    "$ENTRA$AUDIENCES<required-claims><claim name='a' type='x'/></required-claims>",
    "$ENTRA$AUDIENCES<required-claims><b/></required-claims>",
    "$ENTRA$AUDIENCES<required-claims/><required-claims/>",
    "$ENTRA$AUDIENCES<required-claims><claim name='scp'><value>a</value></claim></required-claims>",
    "$ENTRA<required-claims><claim name='aud'><value>a</value></claim></required-claims>",
    "$ENTRA<required-claims><claim name='aud'><value/></claim></required-claims>",
    "$ENTRA<required-claims><claim name='aud'/></required-claims>",
    "$ENTRA$AUDIENCES<required-claims><claim name='aud'><value>a</value></claim></required-claims>",
    "$ENTRA$AUDIENCES<allowed-tenants/>",
    "$ENTRA$AUDIENCES<decryption-keys><key>c2VjcmV0</key></decryption-keys>",
    "$ENTRA$AUDIENCES<issuer-signing-keys><key>c2VjcmV0</key></issuer-signing-keys>",
    "$ENTRA$AUDIENCES<issuer-signing-keys><key certificate-id='c'/></issuer-signing-keys>",
    "$ENTRA$AUDIENCES<issuer-signing-keys><key n='AQAB' e='AQAB'/></issuer-signing-keys>",
    "$ENTRA$AUDIENCES<issuer-signing-keys><key/></issuer-signing-keys>",
    "$AUDIENCES<issuer-signing-keys><key n='{{n}}' e='AQAB'/></issuer-signing-keys>",
    "$AUDIENCES<issuer-signing-keys><key n='AQAB' e='AQAB'/></issuer-signing-keys><issuers><issuer>https://a.example</issuer></issuers>",
    "$ENTRA$AUDIENCES<zumo-master-key>x</zumo-master-key>",
];

/// Whole policies.
const POLICIES: &[&str] = &[
    "",
    "<policies/>",
    "<validate-jwt",
    "<!DOCTYPE a><validate-jwt/>",
    "<validate-jwt/>",
    "<inbound><validate-jwt/><validate-jwt/></inbound>",
    "<validate-jwt colour='red'>$ENTRA$AUDIENCES</validate-jwt>",
    "<validate-jwt clock-skew='soon'>$ENTRA$AUDIENCES</validate-jwt>",
    "<validate-jwt clock-skew='301' header-name='x' require-scheme='Token' require-signed-tokens='false'>$ENTRA$AUDIENCES</validate-jwt>",
    "<policies><outbound><base/><rate-limit/><validate-jwt clock-skew='@(x)'>$ENTRA$AUDIENCES</validate-jwt></outbound></policies>",
    "<validate-azure-ad-token>$AUDIENCES</validate-azure-ad-token>",
    "<validate-azure-ad-token tenant-id=''>$AUDIENCES</validate-azure-ad-token>",
    "<validate-azure-ad-token tenant-id='{{tenant}}'>$AUDIENCES</validate-azure-ad-token>",
    "<validate-azure-ad-token tenant-id='https://id.example/realms/a'>$AUDIENCES</validate-azure-ad-token>",
    "<validate-azure-ad-token tenant-id='x y'>$AUDIENCES</validate-azure-ad-token>",
    "<validate-azure-ad-token tenant-id='$TENANT' authentication-endpoint='@(x)'>$AUDIENCES</validate-azure-ad-token>",
    "<validate-azure-ad-token tenant-id='$TENANT' authentication-endpoint='http://a.example'>$AUDIENCES</validate-azure-ad-token>",
    "<validate-azure-ad-token tenant-id='$TENANT'>$AUDIENCES</validate-azure-ad-token>",
    "<validate-azure-ad-token tenant-id='common'></validate-azure-ad-token>",
    "<validate-azure-ad-token tenant-id='common'>$AUDIENCES</validate-azure-ad-token>",
    "<validate-azure-ad-token tenant-id='common'><client-application-ids/></validate-azure-ad-token>",
    "<validate-azure-ad-token tenant-id='$TENANT'>$AUDIENCES<client-application-ids><application-id>x</application-id></client-application-ids></validate-azure-ad-token>",
    "<validate-azure-ad-token tenant-id='$TENANT'>$AUDIENCES<backend-application-ids><application-id>x</application-id></backend-application-ids></validate-azure-ad-token>",
    "<validate-azure-ad-token tenant-id='common' clock-skew='1'>$AUDIENCES</validate-azure-ad-token>",
    "<validate-azure-ad-token tenant-id='common'><issuers/></validate-azure-ad-token>",
    "<validate-azure-ad-token tenant-id='common'><audiences><audience>@(x)</audience></audiences></validate-azure-ad-token>",
    "<validate-azure-ad-token tenant-id='common'>$AUDIENCES$AUDIENCES</validate-azure-ad-token>",
];

/// Configurations in code, each with its text.
macro_rules! in_code {
    ($($config:expr),* $(,)?) => {
        vec![$((stringify!($config), $config)),*]
    };
}

fn good() -> VerifierBuilder {
    Verifier::builder().tenant(TENANT).client_id(CLIENT)
}

fn client() -> VerifierBuilder {
    Verifier::builder().client_id(CLIENT)
}

fn id(text: &str) -> TenantId {
    text.parse().unwrap()
}

fn configs_in_code() -> Vec<(&'static str, VerifierBuilder)> {
    let b2c = || Authority::b2c("contoso", "B2C_1_susi");
    let okta = || Authority::openid_connect(OKTA).audience("a");
    let own_b2c = |policy| {
        Authority::b2c_at("https://login.contoso.example", TENANT, policy)
            .issuers([format!("https://id.example/{TENANT}/")])
    };
    let instance = || Instance::parse("https://entra.example").unwrap();
    in_code![
        Verifier::builder(),
        good(),
        client(),
        Verifier::builder().tenant(TENANT),
        client().tenant("x y"),
        client().tenant(""),
        client().tenant("10.0.0.1"),
        client().tenant("Common"),
        good().danger_any_account(),
        client().danger_any_organization(),
        client().danger_any_account().danger_personal_accounts(),
        Verifier::builder().tenant(TENANT).client_id("orders"),
        Verifier::builder().tenant(TENANT).client_id(TENANT),
        good().client_id(OTHER),
        good().audience(""),
        good().audience("api://*"),
        good().audience("https://graph.microsoft.com"),
        good().instance("http://login.example"),
        good().instance("Public/"),
        good().instance("https://entra.example"),
        good().cloud(Cloud::China).instance(PUBLIC),
        good().allowed_client("x"),
        good().required_claim(ClaimRule::present(" ")),
        good().required_claim(ClaimRule::any("x", [""; 0])),
        good().leeway(Duration::from_secs(301)),
        good().leeway(Duration::from_secs(1)).leeway(Duration::from_secs(2)),
        good().revoke_key(""),
        good().detailed_errors(true).detailed_errors(false),
        good().resource("https://orders.example/#x"),
        good().max_token_bytes(1023),
        client().danger_any_organization().app_specific_keys(true),
        Verifier::builder().tenant(TENANT).audience("api://orders").app_specific_keys(true),
        client().authority(b2c()),
        client().authority(b2c()).authority(b2c()),
        client().authority(b2c()).authority(b2c()).authority(b2c()),
        client().authority(b2c().policy("B2C_1_SUSI")),
        client().authority(Authority::b2c("contoso", "a/b")),
        client().authority(Authority::b2c("con toso", "a")),
        client().authority(Authority::b2c_at(PUBLIC, TENANT, "a")),
        client().authority(Authority::b2c_at("https://login.contoso.example/x", TENANT, "a")),
        client().authority(b2c().accept_app_tokens_without_policy()),
        client().authority(okta()),
        client().authority(okta().scope_claim("/")),
        client().authority(okta().static_keys("x")),
        client().authority(okta().pem_key("x")),
        client().authority(okta().jwks_uri("http://a.example")),
        client().authority(okta().metadata("x")),
        client().authority(okta().issuers([PUBLIC])),
        client().authority(okta().audience(" ")),
        client().authority(okta().client_id("x")),
        client().authority(okta().allowed_client(" ")),
        client().authority(okta().required_claim(ClaimRule::present(""))),
        client().authority(okta().not_required_for_readiness()),
        client().authority(Authority::openid_connect(OKTA)),
        client().authority(Authority::openid_connect("x").audience("a")),
        client().authority(Authority::openid_connect(PUBLIC).audience("a")),
        client().authority(Authority::external_id_at(CIAM, "x")),
        client().authority(Authority::tenant(id(TENANT)).allowed_client("x")),
        client().authority(Authority::tenant(id(TENANT)).client_id("x")),
        client().authority(Authority::tenant(id(TENANT)).app_specific_keys("x")),
        client().authority(Authority::tenant(id(PERSONAL))),
        client().authority(Authority::tenant(id(TENANT)).in_instance(instance())),
        client().authority(Authority::domain("x y")),
        client().authority(Authority::tenants([], [])),
        client().authority(Authority::tenant(id(TENANT))).authority(Authority::danger_any_organization()),
        client().authority(Authority::tenant(id(TENANT)).named("a")).authority(okta().named("a")),
        client()
            .authority(okta().issuers(["https://a.example"]))
            .authority(Authority::openid_connect("https://b.example").audience("a").issuers(["https://a.example"])),
        // A shared issuer is not reported for an authority that has a problem as a whole.
        client()
            .allowed_client(OTHER)
            .strict_audiences(true)
            .authority(b2c().accept_app_tokens_without_policy())
            .authority(Authority::b2c("contoso", "B2C_1_x").accept_app_tokens_without_policy()),
        client()
            .allowed_client(OTHER)
            .authority(own_b2c("a").accept_app_tokens_without_policy())
            .authority(own_b2c("b").accept_app_tokens_without_policy()),
        // A file and code.
        VerifierBuilder::from(Config::from_json("{\"AzureAd\":{}}").unwrap()).tenant("x y"),
        VerifierBuilder::from(Config::from_json("{\"AzureAd\":{}}").unwrap()).tenant(TENANT),
    ]
}

/// Large and unreadable documents, and problems of other builders.
fn other_inputs(folder: &Path) -> Vec<(&'static str, Result<Config, ConfigError>)> {
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        Config::from_file(path)
    };
    let section = |members: &str| {
        Config::from_json(&format!(r#"{{"AzureAd":{{"TenantId":"{TENANT}","ClientId":"{CLIENT}",{members}}}}}"#))
    };
    let listed = |count: usize| vec![format!(r#"{{"Authority":"{OKTA}"}}"#); count].join(",");
    let policies: Vec<String> = (0..2_001).map(|number| format!("\"B2C_1_{number}\"")).collect();
    let fine = format!(r#"{{"AzureAd":{{"TenantId":"{TENANT}","ClientId":"{CLIENT}"}}}}"#);
    let jwt = |inner: &str| {
        let xml = format!("<validate-jwt clock-skew='0'>{}</validate-jwt>", filled(inner));
        Config::from_apim_policy(&xml).map(|policy| policy.into_config())
    };
    let policy = |xml: &str| Config::from_apim_policy(xml).map(|policy| policy.into_config());
    let keys = folder.join("keys.json");
    fs::write(&keys, vec![b' '; (1 << 20) + 1]).unwrap();
    vec![
        ("file: valid", file("valid.json", fine.as_bytes())),
        ("file: a problem", file("problem.json", b"{\"AzureAd\":{\"Colour\":1}}")),
        ("file: not JSON", file("syntax.json", b"x")),
        ("file: UTF-16", file("utf16.json", b"\xff\xfe{\0}\0")),
        ("file: not UTF-8", file("bytes.json", b"\xff")),
        ("file: longer than 1 MiB", file("long.json", &vec![b' '; (1 << 20) + 1])),
        ("file: missing", Config::from_file(folder.join("missing.json"))),
        ("file: no name", Config::from_file("")),
        ("file: a folder", Config::from_file(folder)),
        ("json: longer than 1 MiB", Config::from_json(&" ".repeat((1 << 20) + 1))),
        ("json: more than 50,000 values", Config::from_json(&format!("[{}1]", "1,".repeat(50_000)))),
        ("json: a long text", section(&format!(r#""Audience":"{}""#, "a".repeat(2_049)))),
        ("json: a long key file", section(&format!(r#""KeyFile":"{}""#, keys.display()))),
        ("json: 2,001 authorities", section(&format!(r#""Authorities":[{}]"#, listed(2_001)))),
        (
            "json: 2,001 policies",
            section(&format!(r#""Authorities":[{{"Instance":"{B2C}","Policies":[{}]}}]"#, policies.join(","))),
        ),
        (
            "json: 401 policies with 500 audiences each",
            section(&format!(
                r#""Audiences":[{}],"Authorities":[{{"Instance":"{B2C}","Policies":[{}]}}]"#,
                vec![r#""a""#; 500].join(","),
                policies[..401].join(",")
            )),
        ),
        ("policy: longer than 1 MiB", policy(&" ".repeat((1 << 20) + 1))),
        ("policy: more than 15,000 elements", policy(&format!("<a>{}</a>", "<b/>".repeat(15_001)))),
        ("policy: more than 100 levels", policy(&"<a>".repeat(101))),
        ("policy: more than 100 attributes", policy(&format!("<a{}/>", " b='c'".repeat(101)))),
        ("policy: more than 100 namespaces", policy(&"<a xmlns:b='c'/>".repeat(101))),
        (
            "policy: 501 issuers",
            jwt(&format!("$ENTRA$AUDIENCES<issuers>{}</issuers>", "<issuer>https://a.example</issuer>".repeat(501))),
        ),
        (
            "policy: many issuers and keys",
            jwt(&format!(
                "$AUDIENCES<issuer-signing-keys>{}</issuer-signing-keys><issuers>{}</issuers>",
                "<key n='AQAB' e='AQAB'/>".repeat(100),
                "<issuer>https://a.example</issuer>".repeat(101)
            )),
        ),
        ("fetch: no time", HttpFetch::builder().timeout(Duration::ZERO).build().map(|_| Config::default())),
        (
            "fetch: no certificate",
            HttpFetch::builder().with_root_certificate_pem(b"x").build().map(|_| Config::default()),
        ),
        ("metadata: nothing", ProtectedResource::builder("").build().map(|_| Config::default())),
        (
            "metadata: an App ID URI without an address",
            ProtectedResource::builder("api://a/")
                .tenant(Cloud::Public, id(TENANT))
                .scope("a b")
                .build()
                .map(|_| Config::default()),
        ),
        (
            "metadata: wrong addresses",
            ProtectedResource::builder("x")
                .authorization_server("y")
                .name(" ")
                .documentation("z")
                .build()
                .map(|_| Config::default()),
        ),
    ]
}

/// The text with the values of the placeholders.
fn filled(text: &str) -> String {
    let text = text.replace("$ENTRA", "<openid-config url='$PUBLIC/$TENANT/v2.0$METADATA'/>");
    let text = text.replace("$AUDIENCES", "<audiences><audience>api://orders</audience></audiences>");
    PLACEHOLDERS.iter().fold(text, |text, (name, value)| text.replace(name, value))
}

/// What becomes of configurations, in order.
struct Record {
    text: String,
    inputs: HashSet<String>,
    kinds: HashSet<ConfigProblemKind>,
    sources: HashSet<ConfigSource>,
    log: Lines,
    /// A folder whose path is not part of the record.
    folder: String,
}

impl Record {
    fn add(&mut self, input: &str, config: Result<impl Into<VerifierBuilder>, ConfigError>, notes: &[String]) {
        assert!(self.inputs.insert(input.to_owned()), "{input} is there twice");
        writeln!(self.text, "{}", input.replace('\n', "\\n")).unwrap();
        self.log.take_all();
        let built = config.and_then(|config| config.into().fetch(MockEntra::new()).build());
        let warned = self.log.take_event("configuration");
        match built {
            Ok(_) => {
                writeln!(self.text, "    loads").unwrap();
                for line in warned {
                    let (_, setting) = line.split_once(" setting=\"").unwrap();
                    let (setting, _) = setting.split_once('"').unwrap();
                    writeln!(self.text, "    warning: {setting}").unwrap();
                }
            }
            Err(error) => {
                for problem in error.problems() {
                    let setting = problem.setting().replace(&self.folder, "{folder}");
                    let value = problem.value().map_or("-".to_owned(), |value| format!("{value:?}"));
                    let value = value.replace(&self.folder, "{folder}");
                    writeln!(self.text, "    {setting} | {} | {value} | {}", problem.kind(), problem.source()).unwrap();
                    self.kinds.insert(problem.kind());
                    self.sources.insert(problem.source());
                }
                if error.omitted() > 0 {
                    writeln!(self.text, "    and {} more", error.omitted()).unwrap();
                }
            }
        }
        for note in notes {
            writeln!(self.text, "    note: {note}").unwrap();
        }
    }

    fn policy(&mut self, input: &str, xml: &str) {
        let read = Config::from_apim_policy(xml);
        let notes = read
            .as_ref()
            .map_or(Vec::new(), |policy| policy.notes().iter().map(|note| note.place().to_owned()).collect());
        self.add(input, read.map(|policy| policy.into_config()), &notes);
    }
}

fn recorded() -> Record {
    let folder = tempfile::tempdir().unwrap();
    let log = Lines::default();
    let _guard = log.listen();
    let mut record = Record {
        text: String::new(),
        inputs: HashSet::new(),
        kinds: HashSet::new(),
        sources: HashSet::new(),
        log,
        folder: folder.path().display().to_string(),
    };
    for (input, config) in configs_in_code() {
        record.add(&format!("code: {}", without_whitespace(input)), Ok(config), &[]);
    }
    for members in IN_SECTION {
        let more = if members.is_empty() { "" } else { "," };
        let json = format!(r#"{{"AzureAd":{{"TenantId":"$TENANT","ClientId":"$CLIENT"{more}{members}}}}}"#);
        record.add(&format!("tenant, client id: {members}"), Config::from_json(&filled(&json)), &[]);
    }
    for members in SECTIONS {
        let json = format!(r#"{{"AzureAd":{{"ClientId":"$CLIENT",{members}}}}}"#);
        record.add(&format!("client id: {members}"), Config::from_json(&filled(&json)), &[]);
    }
    for json in DOCUMENTS {
        record.add(&format!("json: {json}"), Config::from_json(&filled(json)), &[]);
    }
    for variables in ENVIRONMENTS {
        let filled = filled(variables);
        let variables_of = filled.split(';').filter_map(|variable| variable.split_once('='));
        let config = Config::from_vars(variables_of.map(|(name, value)| (name.to_owned(), value.to_owned())));
        record.add(&format!("environment: {variables}"), config, &[]);
    }
    for inner in IN_VALIDATE_JWT {
        let xml = format!(
            "<validate-jwt header-name='Authorization' require-scheme='Bearer' clock-skew='60'>{}</validate-jwt>",
            filled(inner)
        );
        record.policy(&format!("validate-jwt: {inner}"), &xml);
    }
    for xml in POLICIES {
        record.policy(&format!("policy: {xml}"), &filled(xml));
    }
    for (input, config) in other_inputs(folder.path()) {
        record.add(input, config, &[]);
    }
    record
}

#[test]
fn every_configuration_has_the_recorded_outcome() {
    let record = recorded();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(RECORD);
    if std::env::var_os("TOWER_ENTRA_UPDATE_PROBLEMS").is_some() {
        fs::write(&path, &record.text).unwrap();
    }
    assert!(record.inputs.len() >= 200, "{} inputs", record.inputs.len());
    for kind in ConfigProblemKind::ALL {
        assert!(record.kinds.contains(&kind), "no input has a problem of the kind {kind}");
    }
    assert_eq!(record.sources.len(), 4, "{:?}", record.sources);
    let expected = fs::read_to_string(&path).unwrap();
    let differences: Vec<String> = outcomes(&expected)
        .into_iter()
        .filter(|outcome| !outcomes(&record.text).contains(outcome))
        .map(|outcome| format!("recorded {outcome}"))
        .chain(
            outcomes(&record.text)
                .into_iter()
                .filter(|outcome| !outcomes(&expected).contains(outcome))
                .map(|outcome| format!("now      {outcome}")),
        )
        .collect();
    assert!(differences.is_empty() && expected == record.text, "{} differs:\n{}", RECORD, differences.join("\n"));
}

/// Code without the whitespace outside of its strings, which depends on the compiler.
fn without_whitespace(code: &str) -> String {
    let parts = code.split('"').enumerate();
    let part =
        |(at, part): (usize, &str)| if at % 2 == 0 { part.split_whitespace().collect() } else { part.to_owned() };
    parts.map(part).collect::<Vec<String>>().join("\"")
}

/// The inputs of a record, each with its outcome.
fn outcomes(record: &str) -> Vec<String> {
    let mut outcomes: Vec<String> = Vec::new();
    for line in record.lines() {
        match outcomes.last_mut() {
            Some(outcome) if line.starts_with("    ") => {
                outcome.push('\n');
                outcome.push_str(line);
            }
            _ => outcomes.push(line.to_owned()),
        }
    }
    outcomes
}

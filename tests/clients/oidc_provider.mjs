// A provider of the package oidc-provider on 127.0.0.1, with access tokens as RFC 9068 has them.
//
//     node oidc_provider.mjs [ALGORITHM]
//
// Prints one line of JSON: issuer, token_endpoint, jwks_uri, client_id, client_secret, audience, scope. Commands, one on
// each line of standard input, are answered by one line of JSON:
//
//     rotate   signs with a new key from now on; the old one is still published: kid
//     drop     no longer publishes any key but the present one: kid
//     user     makes an access token of a user: token
//
// Ends with its standard input.

import { createServer } from "node:http";

import { exportJWK, generateKeyPair } from "jose";

import { obey, say } from "./serve.mjs";

// What it says when it is loaded must not come before `serve.mjs`.
const { Provider } = await import("oidc-provider");

const algorithm = process.argv[2] ?? "RS256";
const audience = "https://api.contoso.example";
const scope = "files.read files.write";
const client = {
  client_id: "a-service",
  client_secret: "a secret",
  grant_types: ["client_credentials"],
  redirect_uris: [],
  response_types: [],
  id_token_signed_response_alg: algorithm,
};

let keys = [];
let provider;
let handle;

const server = createServer((request, response) => handle(request, response));
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

// A key set is for life with this package, so another one makes another provider, in the same place.
function publish() {
  provider = new Provider(issuer, {
    clients: [client],
    cookies: { keys: ["a secret of the cookies"] },
    enabledJWA: { idTokenSigningAlgValues: [algorithm] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        getResourceServerInfo: () => resourceServer(),
      },
    },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    jwks: { keys },
    ttl: { AccessToken: 600, ClientCredentials: 600, Grant: 600 },
  });
  handle = provider.callback();
}

function resourceServer() {
  return { scope, audience, accessTokenFormat: "jwt", accessTokenTTL: 600, jwt: { sign: { alg: algorithm, kid: keys[0].kid } } };
}

async function newKey() {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg: algorithm, use: "sig", kid: crypto.randomUUID() };
}

async function rotate() {
  keys = [await newKey(), ...keys];
  publish();
  return { kid: keys[0].kid };
}

function drop() {
  keys = keys.slice(0, 1);
  publish();
  return { kid: keys[0].kid };
}

async function user() {
  const token = new provider.AccessToken({
    accountId: "ada",
    client: await provider.Client.find(client.client_id),
    grantId: "a-grant",
    gty: "authorization_code",
    scope: "files.read",
  });
  token.resourceServer = new provider.ResourceServer(audience, resourceServer());
  return { token: await token.save() };
}

await rotate();
say({
  issuer,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks`,
  client_id: client.client_id,
  client_secret: client.client_secret,
  audience,
  scope,
});
await obey({ rotate, drop, user });

// A provider of the package oauth2-mock-server on 127.0.0.1. It believes any client. Its token endpoint takes two more
// fields, header and payload: members in JSON that are put over those of the token; null takes one out.
//
//     node oauth2_mock_server.mjs [ALGORITHM]
//
// Prints one line of JSON: issuer, token_endpoint, jwks_uri, client_id, client_secret, audience, scope. Commands, one on
// each line of standard input, are answered by one line of JSON:
//
//     rotate   adds a key, with which the next token is signed; after that all keys take turns: kid
//
// Ends with its standard input.

import { OAuth2Server } from "oauth2-mock-server";

import { obey, say } from "./serve.mjs";

const algorithm = process.argv[2] ?? "RS256";
const server = new OAuth2Server();
const kids = [];

async function rotate() {
  const { kid } = await server.issuer.keys.generate(algorithm);
  // To be asked for moves a key to the end of the turn.
  kids.forEach((old) => server.issuer.keys.get(old));
  kids.push(kid);
  return { kid };
}

await rotate();
await server.start(0, "127.0.0.1");
// By itself it would say localhost, where another process may listen.
server.issuer.url = `http://127.0.0.1:${server.address().port}`;
server.service.on("beforeTokenSigning", (token, request) => {
  token.payload.sub = token.payload.client_id = request.body.client_id;
  for (const part of ["header", "payload"]) {
    for (const [name, value] of Object.entries(JSON.parse(request.body[part] ?? "{}"))) {
      token[part][name] = value ?? undefined;
    }
  }
});
const issuer = server.issuer.url;
say({
  issuer,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks`,
  client_id: "a-service",
  client_secret: "a secret",
  audience: "https://api.contoso.example",
  scope: "files.read files.write",
});
await obey({ rotate });

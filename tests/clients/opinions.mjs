// What the package jose says about tokens.
//
// Each line of standard input is one question in JSON: token; issuer; audience, which may be left out; algorithms; typ,
// which may be left out; jwks_uri, without which the metadata of the issuer is asked. Each answer is a line of JSON:
// accepted; else also code and message. Ends with its standard input.

import { createInterface } from "node:readline";

import { createRemoteJWKSet, jwtVerify } from "jose";

const sets = new Map();

async function keysOf({ issuer, jwks_uri }) {
  const address = jwks_uri ?? (await discover(issuer));
  if (!sets.has(address)) {
    sets.set(address, createRemoteJWKSet(new URL(address), { cooldownDuration: 0 }));
  }
  return sets.get(address);
}

async function discover(issuer) {
  const answer = await fetch(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  const metadata = await answer.json();
  if (metadata.issuer !== issuer) {
    throw new Error(`the metadata is of the issuer ${metadata.issuer}`);
  }
  return metadata.jwks_uri;
}

async function judge(question) {
  const { token, issuer, audience, algorithms, typ } = question;
  try {
    const options = { issuer, audience, algorithms, typ, requiredClaims: ["exp"] };
    await jwtVerify(token, await keysOf(question), options);
    return { accepted: true };
  } catch (error) {
    return { accepted: false, code: error.code ?? error.name, message: error.message };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await judge(JSON.parse(line)))}\n`);
}
process.exit(0);

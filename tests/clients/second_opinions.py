"""Judges tokens with PyJWT and with fastapi-azure-auth.

Reads one JSON object from standard input: metadata and jwks_uri are addresses; issuers, audiences, tenant and
client_id say what is right; leeway is in seconds; tokens has the tokens by their names. Writes one JSON object: for each
validator and each token null if it is accepted, else the refusal.
"""

import asyncio
import json
import logging
import sys

import jwt
from fastapi.security import SecurityScopes
from fastapi_azure_auth import SingleTenantAzureAuthorizationCodeBearer
from starlette.requests import Request


def pyjwt(ask):
    keys = jwt.PyJWKClient(ask["jwks_uri"])

    def judge(token):
        key = keys.get_signing_key_from_jwt(token)
        jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            audience=ask["audiences"],
            issuer=ask["issuers"],
            leeway=ask["leeway"],
            options={"require": ["exp", "iss", "aud"]},
        )

    return {name: refusal(judge, token) for name, token in ask["tokens"].items()}


def fastapi_azure_auth(ask):
    bearer = SingleTenantAzureAuthorizationCodeBearer(ask["client_id"], ask["tenant"], leeway=ask["leeway"])
    bearer.openid_config.config_url = ask["metadata"]

    async def judge(token):
        headers = [(b"authorization", f"Bearer {token}".encode())]
        await bearer(Request({"type": "http", "headers": headers, "state": {}}), SecurityScopes([]))

    return {name: refusal(lambda token: asyncio.run(judge(token)), token) for name, token in ask["tokens"].items()}


def refusal(judge, token):
    try:
        judge(token)
    except Exception as error:  # whatever a validator raises is its refusal
        return f"{type(error).__name__}: {getattr(error, 'detail', error)}"
    return None


def main():
    logging.disable()  # fastapi-azure-auth would log the tokens
    ask = json.load(sys.stdin)
    json.dump({"PyJWT": pyjwt(ask), "fastapi-azure-auth": fastapi_azure_auth(ask)}, sys.stdout)


main()

"""Gets tokens by client credentials with Microsoft's own libraries and calls an API with them.

Reads one JSON object from standard input: authority, ca, tenant, client_id, secret, scope, api. Writes one JSON object:
for each way to get a token, the status and the body of the API's answer.
"""

import json
import os
import sys

import requests
from azure.identity import ClientSecretCredential
from msal import ConfidentialClientApplication


def msal_authority(ask):
    return msal(ask, authority=f"{ask['authority']}/{ask['tenant']}", instance_discovery=False)


def msal_oidc_authority(ask):
    return msal(ask, oidc_authority=f"{ask['authority']}/{ask['tenant']}/v2.0")


def msal(ask, **how):
    client = ConfidentialClientApplication(ask["client_id"], client_credential=ask["secret"], verify=ask["ca"], **how)
    answer = client.acquire_token_for_client([ask["scope"]])
    return answer.get("access_token") or sys.exit(f"msal: {answer}")


def azure_identity_authority(ask):
    return azure_identity(ask, authority=ask["authority"], connection_verify=ask["ca"])


def azure_identity_environment(ask):
    os.environ["AZURE_AUTHORITY_HOST"] = ask["authority"]
    os.environ["REQUESTS_CA_BUNDLE"] = ask["ca"]
    try:
        return azure_identity(ask)
    finally:
        del os.environ["AZURE_AUTHORITY_HOST"], os.environ["REQUESTS_CA_BUNDLE"]


def azure_identity(ask, **how):
    how["disable_instance_discovery"] = True
    with ClientSecretCredential(ask["tenant"], ask["client_id"], ask["secret"], **how) as credential:
        return credential.get_token(ask["scope"]).token


def call(api, token):
    answer = requests.get(api, headers={"Authorization": f"Bearer {token}"}, timeout=30)
    return {"status": answer.status_code, "body": answer.text}


def main():
    ask = json.load(sys.stdin)
    ways = [msal_authority, msal_oidc_authority, azure_identity_authority, azure_identity_environment]
    json.dump({way.__name__: call(ask["api"], way(ask)) for way in ways}, sys.stdout)


main()

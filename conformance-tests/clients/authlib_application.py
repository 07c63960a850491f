"""A relying party by Authlib and Flask. `authlib_application.py CONFIGURATION`, a JSON file with
issuer, client_id, client_secret, the own address and the port to listen on.

    /               what ID token, userinfo and token response said of who is signed in
    /refresh        the same after a refresh
    /sign-out       ends the session here and at the provider
    /goodbye        where the provider sends people afterwards
    /signin/ended   the back channel of logout; /signin/left the front channel
"""

import json
import secrets
import sys
from pathlib import Path
from urllib.parse import urlencode

import requests
from authlib.integrations.flask_client import OAuth
from flask import Flask, abort, redirect, request, session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

CONFIGURATION = json.loads(Path(sys.argv[1]).read_text())
ISSUER, OWN = CONFIGURATION["issuer"], CONFIGURATION["own"]
EVENT = "http://schemas.openid.net/event/backchannel-logout"

application = Flask(__name__)
application.config.update(SECRET_KEY=secrets.token_bytes(), SESSION_COOKIE_NAME="authlib")
provider = OAuth(application).register(
    "campus",
    client_id=CONFIGURATION["client_id"],
    client_secret=CONFIGURATION["client_secret"],
    server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
    client_kwargs={
        "scope": "openid profile campus email",
        "code_challenge_method": "S256",
    },
)

# By what the cookie names.
sessions: dict[str, dict] = {}


@application.get("/")
def page():
    known = sessions.get(session.get("id"))
    return told(known) if known else provider.authorize_redirect(f"{OWN}/signin/callback")


@application.get("/signin/callback")
def callback():
    token = provider.authorize_access_token()
    claims = token["userinfo"]
    session["id"] = secrets.token_urlsafe()
    sessions[session["id"]] = {"token": token, "claims": claims, "userinfo": asked(token, claims)}
    return redirect(f"{OWN}/")


@application.get("/refresh")
def refresh():
    known = sessions[session["id"]]
    before = known["token"]
    token = provider.fetch_access_token(
        grant_type="refresh_token", refresh_token=before["refresh_token"]
    )
    known["token"] = {**before, **token}
    known["userinfo"] = asked(known["token"], known["claims"])
    return told(known)


@application.get("/sign-out")
def leave():
    known = sessions.pop(session.pop("id"))
    end = provider.load_server_metadata()["end_session_endpoint"]
    asking = {
        "id_token_hint": known["token"]["id_token"],
        "post_logout_redirect_uri": f"{OWN}/goodbye",
        "state": "as it was",
    }
    return redirect(f"{end}?{urlencode(asking)}")


@application.get("/goodbye")
def goodbye():
    return "goodbye"


@application.post("/signin/ended")
def ended():
    metadata = provider.load_server_metadata()
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=30).json())
    registry = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": metadata["issuer"]},
        aud={"essential": True, "value": CONFIGURATION["client_id"]},
        exp={"essential": True},
        jti={"essential": True},
        events={"essential": True},
    )
    try:
        token = jwt.decode(request.form["logout_token"], keys)
        registry.validate(token.claims)
    except (JoseError, ValueError) as error:
        abort(400, str(error))
    claims = token.claims
    if token.header.get("typ") != "logout+jwt" or EVENT not in claims["events"] or "nonce" in claims:
        abort(400)
    by = "sid" if "sid" in claims else "sub"
    forget(by, claims[by])
    return "", {"Cache-Control": "no-store"}


@application.get("/signin/left")
def left():
    if request.args.get("iss") == ISSUER and request.args.get("sid"):
        forget("sid", request.args["sid"])
    return "", {"Cache-Control": "no-store"}


def asked(token, claims):
    userinfo = provider.userinfo(token=token)
    if userinfo["sub"] != claims["sub"]:
        abort(400, "userinfo is about somebody else")
    return userinfo


def told(known):
    return {
        "id_token": known["claims"],
        "userinfo": known["userinfo"],
        "access_token": known["token"]["access_token"],
    }


def forget(by, value):
    for name, known in list(sessions.items()):
        if known["claims"].get(by) == value:
            del sessions[name]


application.run("127.0.0.1", CONFIGURATION["port"], threaded=True)

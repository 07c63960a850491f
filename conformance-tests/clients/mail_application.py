"""An application by python-cas: people sign in, applications fetch in their name, and it fetches
from a further one in its turn.

    mail_application.py PORT OWN_URL SERVER_URL ONWARD_URL

Listens on loopback behind a proxy that ends TLS and names it OWN_URL, which ends with a slash.

    /           who is signed in
    /?onward    the same, and what ONWARD_URL says to a proxy ticket of theirs
    /pgt        the callback for proxy-granting tickets
    /last-pgt   what the server says to the last proxy-granting ticket: "granted", or the error code

Logout requests are posted to OWN_URL.
"""

import json
import secrets
import sys
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import requests
from cas import CASClientV3, CASError
from lxml import etree

CAS = {"cas": "http://www.yale.edu/tp/cas"}
PORT, OWN_URL, SERVER_URL, ONWARD_URL = sys.argv[1:]
COOKIE = "mail"

# By session id; each knows the ticket that began it.
sessions: dict[str, dict] = {}
# Proxy-granting tickets by their IOU.
granted: dict[str, str] = {}
last_pgt: list[str] = []


class Client(CASClientV3):
    """python-cas that takes proxy tickets and reads whose they are."""

    url_suffix = "p3/proxyValidate"

    def validate(self, ticket: str) -> dict | None:
        response = self.get_verification_response(ticket)
        user, attributes, pgtiou = self.verify_response(response)
        if not user:
            return None
        proxies = etree.fromstring(response).xpath("//cas:proxy/text()", namespaces=CAS)
        pgt = granted.get(pgtiou)
        if pgt:
            last_pgt[:] = [pgt]
        return {
            "ticket": ticket,
            "pgt": pgt,
            "told": {"user": user, "attributes": attributes, "proxies": [str(it) for it in proxies]},
        }


def client(service: str) -> Client:
    return Client(proxy_callback=OWN_URL + "pgt", service_url=service, server_url=SERVER_URL)


def onward(session: dict) -> dict:
    ticket = client(ONWARD_URL).get_proxy_ticket(session["pgt"])
    return requests.get(ONWARD_URL, params={"ticket": ticket}, timeout=30).json()


class Application(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = parse_qs(url.query, keep_blank_values=True)
        if url.path.endswith("/pgt"):
            if "pgtIou" in query and "pgtId" in query:
                granted[query["pgtIou"][0]] = query["pgtId"][0]
            self.answer({})
        elif url.path.endswith("/last-pgt"):
            self.answer({"answer": self.ask_last_pgt()})
        else:
            self.page(query)

    def page(self, query: dict) -> None:
        service = OWN_URL + ("?onward" if "onward" in query else "")
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get(COOKIE)
        identifier = cookie.value if cookie else None
        session = sessions.get(identifier)
        if session is None and "ticket" in query:
            session = client(service).validate(query["ticket"][0])
            identifier = secrets.token_urlsafe()
            if session:
                sessions[identifier] = session
        if session is None:
            self.send_response(302)
            self.send_header("Location", client(service).get_login_url())
            self.end_headers()
            return
        told = dict(session["told"])
        if "onward" in query:
            told["onward"] = onward(session)
        self.answer(told, identifier)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        document = parse_qs(body).get("logoutRequest", [""])[0]
        for identifier, session in list(sessions.items()):
            if Client.verify_logout_request(document.encode(), session["ticket"]):
                del sessions[identifier]
        self.answer({})

    def ask_last_pgt(self) -> str:
        asking = client(ONWARD_URL)
        try:
            asking.get_proxy_ticket(last_pgt[0])
        except CASError:
            # python-cas looks for an authenticationFailure, which /proxy never answers with.
            answer = asking.session.get(asking.get_proxy_url(last_pgt[0]), timeout=30)
            code = etree.fromstring(answer.content).xpath("string(//cas:proxyFailure/@code)", namespaces=CAS)
            return str(code)
        return "granted"

    def answer(self, told: dict, session: str | None = None) -> None:
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if session:
            self.send_header("Set-Cookie", f"{COOKIE}={session}; Path=/mail; Secure; HttpOnly")
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("127.0.0.1", int(PORT)), Application).serve_forever()

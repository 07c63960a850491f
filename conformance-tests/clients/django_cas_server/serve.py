"""Serves a CAS server that is not ours, for the conformance suite to judge.

    serve.py --folder DIR --port PORT --user NAME --password WORD --ca FILE
        --service REGEX… --awkward-service REGEX… --callback REGEX… --ticket-lifetime SECONDS

Makes a Django project with django-cas-server on SQLite in DIR: one user with attributes, these
services (they may be proxied to and hear of logouts), services that know the user's name as
"odd name", and these proxy callbacks, whose certificates FILE signed. Serves it on 127.0.0.1:PORT
under /cas. Needs no network.
"""

import argparse
import pathlib
import time

import django
from django.conf import settings
from django.core.management import call_command
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db.backends.signals import connection_created


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--user", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--ca", required=True)
    parser.add_argument("--service", action="append", default=[])
    parser.add_argument("--awkward-service", action="append", default=[])
    parser.add_argument("--callback", action="append", default=[])
    parser.add_argument("--ticket-lifetime", type=int, required=True)
    return parser.parse_args()


def configure(args: argparse.Namespace) -> None:
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1", "localhost"],
        # It guards nothing: the database is gone after the test.
        SECRET_KEY="conformance",
        ROOT_URLCONF="addresses",
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "django.contrib.sessions",
            "django.contrib.messages",
            "django.contrib.staticfiles",
            "cas_server",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.locale.LocaleMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": args.folder / "cas.sqlite3",
                "OPTIONS": {"timeout": 30, "transaction_mode": "IMMEDIATE"},
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        STATIC_URL="/static/",
        USE_TZ=True,
        CAS_AUTH_CLASS="cas_server.auth.TestAuthUser",
        CAS_TEST_USER=args.user,
        CAS_TEST_PASSWORD=args.password,
        CAS_TEST_ATTRIBUTES={
            "name": "Wei Li <wei.li@example.edu> & Co.",
            "email": "wei.li@example.edu",
            "affiliation": ["student", "member"],
        },
        CAS_PROXY_CA_CERTIFICATE_PATH=args.ca,
        CAS_TICKET_VALIDITY=args.ticket_lifetime,
        # Nothing is asked of the network.
        CAS_NEW_VERSION_HTML_WARNING=False,
        CAS_NEW_VERSION_EMAIL_WARNING=False,
    )


def fill(args: argparse.Namespace) -> None:
    """Makes the tables and registers the services."""
    call_command("migrate", verbosity=0, interactive=False)
    from cas_server.models import ReplaceAttributName, ServicePattern

    # What each tells of the user, by the name that its services know it by ("": the same).
    same = {"name": "", "email": "", "affiliation": ""}
    kinds = [(pattern, "awkward", {"name": "odd name"}) for pattern in args.awkward_service]
    kinds += [(pattern, "service", same) for pattern in args.service]
    kinds += [(pattern, "callback", same) for pattern in args.callback]
    for position, (pattern, kind, attributes) in enumerate(kinds):
        is_service = kind != "callback"
        entry = ServicePattern.objects.create(
            pos=position,
            name=f"{kind} {position}",
            pattern=pattern,
            proxy=is_service,
            proxy_callback=not is_service,
            single_log_out=is_service,
        )
        for name, replace in attributes.items():
            ReplaceAttributName.objects.create(
                name=name, replace=replace, service_pattern=entry
            )


def put_afar(connection, **_) -> None:
    """Answers about tickets take 20 ms, as from a busy database on another host.

    Whoever reads a ticket and writes it afterwards then loses every race, not one of a few.
    """

    def answer(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if sql.startswith("SELECT") and "ticket" in sql:
            time.sleep(0.02)
        return result

    connection.execute_wrappers.append(answer)


def serve(port: int) -> None:
    server = ThreadedWSGIServer(("127.0.0.1", port), WSGIRequestHandler)
    server.daemon_threads = True
    server.set_app(get_wsgi_application())
    server.serve_forever()


def main() -> None:
    args = arguments()
    connection_created.connect(put_afar)
    configure(args)
    django.setup()
    fill(args)
    print("ready", flush=True)
    serve(args.port)


main()

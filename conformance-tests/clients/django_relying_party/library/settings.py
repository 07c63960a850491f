"""A new Django project's settings, as far as the example of the document needs them. What the
document adds is appended."""

from pathlib import Path

FOLDER = Path(__file__).parent.parent
SECRET_KEY = "for the length of one test"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "library.urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "library.db"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
SESSION_COOKIE_NAME = "django"
# The test has no form to press.
ALLOW_LOGOUT_GET_METHOD = True
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]


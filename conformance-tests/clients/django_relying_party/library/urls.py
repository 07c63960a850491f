"""A page for people who are signed in, and one for everybody. What the document adds is appended."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.urls import path


@login_required
def page(request):
    user = request.user
    return JsonResponse({"sub": user.username, "name": user.first_name, "preferred_username": user.last_name})


def later(request):
    """As if OIDC_RENEW_ID_TOKEN_EXPIRY_SECONDS had passed since the sign-in."""
    request.session["oidc_id_token_expiration"] = 0
    return HttpResponse()


def goodbye(request):
    return HttpResponse("Goodbye")


urlpatterns = [path("", page), path("goodbye", goodbye), path("later", later)]


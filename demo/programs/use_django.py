"""Set Django up with its admin site and look a page up."""

import django
from django.conf import settings
from django.urls import path, reverse

settings.configure(
    SECRET_KEY="demo",
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
django.setup()

from django.contrib import admin  # noqa: E402

urlpatterns = [path("admin/", admin.site.urls)]
print("django", django.__version__, reverse("admin:auth_user_changelist"))

"""What a management command of a Django project with the admin loads before it does anything."""

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="benchmark",
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
    ],
    USE_TZ=True,
)
django.setup()

from django.contrib import admin  # noqa: E402

assert admin.site.urls

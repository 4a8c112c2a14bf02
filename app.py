"""The WSGI application. It only connects the parts; granian serves it as ``app:create_app``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

import bootstrap
from handlers.services.logs import configure_logging
from web.citizen.pages import make_citizen_pages
from web.duty_desk.pages import make_duty_pages
from web.health import make_health
from web.hooks import MAX_BODY, make_hooks
from web.kit.headers import secure
from web.officer.pages import make_staff_pages

if TYPE_CHECKING:
    from bootstrap import Configured


def create_app(configured: Configured | None = None) -> Flask:
    """The app over the environment's settings, or over ``configured``. Raises SettingsError."""
    configured = configured or bootstrap.read()
    settings = configured.settings
    configure_logging(settings.log_level)
    deps = bootstrap.build(configured)
    app = Flask(__name__, static_folder="static", template_folder="templates/pages")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_BODY
    app.extensions["wenzheng"] = deps
    secure(app)
    app.register_blueprint(make_hooks(deps, settings.public_url.rstrip("/"), settings.trusted_proxies))
    app.register_blueprint(make_citizen_pages(deps))
    app.register_blueprint(make_staff_pages(deps))
    app.register_blueprint(make_duty_pages(deps, public_url=settings.public_url))
    app.register_blueprint(make_health(deps, settings))
    return app

# Two stages: the first installs what the lock file names, checked by hash; the second is what runs.
# Registries are the builder's own affair (PIP_INDEX_URL as a build secret or pip's configuration), none is named here.
FROM python:3.12-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
RUN python -m venv /venv
COPY requirements.lock requirements-dev.lock ./
RUN /venv/bin/python -m pip install --require-hashes -r requirements.lock
# Building our own package needs setuptools; the pinned one of the other lock file, not whatever is newest today.
RUN awk '/^[a-z]/ {wanted = /^setuptools==/} wanted' requirements-dev.lock > build.lock \
    && /venv/bin/python -m pip install --require-hashes -r build.lock
COPY pyproject.toml README.md LICENSE app.py worker.py bootstrap.py ./
COPY bot bot
COPY adapters adapters
COPY store store
COPY handlers handlers
COPY web web
COPY cli cli
COPY simulator simulator
COPY static static
COPY templates templates
# Editable: texts, pages and migrations are files beside the code (docs/decisions/0011).
RUN /venv/bin/python -m pip install --no-deps --no-build-isolation --editable . \
    && /venv/bin/python -m compileall -q /app

FROM python:3.12-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin wenzheng \
    && install -d -o wenzheng -g wenzheng -m 0700 /data /run/wenzheng
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data PROMETHEUS_MULTIPROC_DIR=/run/wenzheng
WORKDIR /app
USER wenzheng
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["wenzheng"]
CMD ["web", "--host", "0.0.0.0", "--port", "8000"]

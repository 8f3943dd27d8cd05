# The engine: one image for all roles. What is installed is what deploy/requirements.lock has reviewed, hash by hash.
ARG PYTHON=python:3.11.12-slim-bookworm

FROM ${PYTHON} AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
RUN python -m venv /opt/interop
COPY deploy/requirements.lock deploy/requirements.lock
RUN /opt/interop/bin/pip install --require-hashes --only-binary :all: -r deploy/requirements.lock
COPY pyproject.toml LICENSE README.md ./
COPY interop interop
COPY adapters adapters
COPY mappings mappings
COPY conformance conformance
RUN /opt/interop/bin/pip install --no-deps --no-build-isolation --no-index . && /opt/interop/bin/interop --help >/dev/null

FROM ${PYTHON}
RUN groupadd --gid 10001 interop \
    && useradd --uid 10001 --gid interop --no-create-home --home-dir /var/lib/interop --shell /usr/sbin/nologin interop \
    && install -d -o interop -g interop -m 0700 /var/lib/interop /var/lib/checkpoints /run/interop
COPY --from=build /opt/interop /opt/interop
COPY --chmod=0555 deploy/entrypoint /usr/local/bin/interop-entrypoint
ENV PATH=/opt/interop/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    INTEROP_DATA=/var/lib/interop PGPASSFILE=/run/interop/pgpass
USER 10001:10001
WORKDIR /var/lib/interop
STOPSIGNAL SIGTERM
EXPOSE 8080 2575
ENTRYPOINT ["interop-entrypoint"]
CMD ["interop", "serve"]

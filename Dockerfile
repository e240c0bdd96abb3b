# Pinned by digest, as the lock files pin what is installed; .github/dependabot.yml has it brought up to date.
FROM python:3.12-slim-trixie@sha256:229a2c5bfa27522db7815ea81f9bed70af17ccb9de9fc7ad142b1877b5830d36 AS build

WORKDIR /src
COPY requirements.lock requirements-build.lock ./
# The environment that is shipped holds no pip; the one that builds the wheel stays behind.
RUN python -m venv --without-pip /opt/onrecord \
    && python -m venv /opt/build \
    && /opt/build/bin/pip --python /opt/onrecord/bin/python install --no-cache-dir --require-hashes -r requirements.lock \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements-build.lock
COPY pyproject.toml ./
COPY app app
COPY migrations migrations
RUN /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/build/bin/pip --python /opt/onrecord/bin/python install --no-cache-dir --no-deps dist/*.whl


FROM python:3.12-slim-trixie@sha256:229a2c5bfa27522db7815ea81f9bed70af17ccb9de9fc7ad142b1877b5830d36

# The uid is fixed so that the owner of files in /data means the same on every host.
RUN groupadd --gid 10001 onrecord \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin onrecord \
    && install --directory --owner onrecord --group onrecord --mode 0700 /data
COPY --from=build /opt/onrecord /opt/onrecord

ENV PATH=/opt/onrecord/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ONRECORD_DATA_DIR=/data \
    ONRECORD_HOST=0.0.0.0
WORKDIR /data
VOLUME /data
USER 10001:10001
EXPOSE 8000

HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --start-interval=1s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ.get('ONRECORD_PORT', '8000') + '/healthz', timeout=4)"]

CMD ["onrecord", "serve", "--migrate"]

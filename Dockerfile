# One image, four commands: serve (all in one), web, sockets, worker.

ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS build
ENV UV_PYTHON_DOWNLOADS=never \
    UV_LINK_MODE=copy \
    UV_COMPILE_BYTECODE=1
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /app
# Apart from the code, so that a change of code does not install everything anew.
COPY pyproject.toml uv.lock ./
# The lock names our client for the tests; it is looked at, and not installed.
COPY clients/python/pyproject.toml clients/python/
RUN uv sync --locked --no-default-groups --extra s3
COPY manage.py LICENSE ./
COPY config config
COPY snappio snappio
RUN .venv/bin/python -m compileall -q config snappio

FROM ${BASE_IMAGE}
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin snappio \
    && install --directory --owner snappio --group snappio /data /data/media /data/static
WORKDIR /app
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data
USER snappio
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["python", "manage.py"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]

# syntax=docker/dockerfile:1
# One image for every role; what a container does is its command. Without one it is a whole Callbay on its own
# embedded Postgres.

FROM node:24-slim AS build
WORKDIR /app
# For ssh2's native addon: without it SFTP is several times slower.
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 make g++ \
 && rm -rf /var/lib/apt/lists/*
COPY . .
# The addon is built against the headers of the very Node that will run it, which the image brings.
ENV npm_config_nodedir=/usr/local CHECKPOINT_DISABLE=1 PRISMA_HIDE_UPDATE_MESSAGE=1
# docs/adr/0007-object-wrap-of-our-own.md
ENV CXXFLAGS="-include /app/packages/sources/native/object-wrap.h"
RUN npm ci --no-audit --no-fund
RUN PRISMA_SCHEMA_ENGINE_BINARY=/app/scripts/prisma-schema-engine.mjs \
    node node_modules/prisma/build/index.js generate --config prisma/prisma.config.ts
RUN npm prune --omit=dev --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production CALLBAY_HOME=/var/lib/callbay CALLBAY_BIND=0.0.0.0
RUN install -d -o node -g node -m 0700 /var/lib/callbay
WORKDIR /app
COPY --from=build /app /app
RUN printf '#!/bin/sh\nexec node /app/apps/callbay/src/main.ts "$@"\n' > /usr/local/bin/callbay \
 && chmod 0755 /usr/local/bin/callbay
USER node
VOLUME /var/lib/callbay
EXPOSE 8080 2222
STOPSIGNAL SIGTERM
CMD ["callbay", "up"]

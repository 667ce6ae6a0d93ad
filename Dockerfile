# syntax=docker/dockerfile:1
# Any server of Countersign's as a container; without further words it is a log:
#   docker build -t countersign .
#   docker run -v countersign:/data -v countersign-guard:/guard countersign init --data /data --guard /guard/head --origin NAME
#   docker run -p 3000:3000 -v countersign:/data -v countersign-guard:/guard --read-only --cap-drop ALL countersign
# Nothing but the two volumes is written to. A tag can be moved: a release is built by digest, with
# `--build-arg BASE=node:TAG@sha256:…` (docs/releasing.md). The base brings no compiler; better-sqlite3 has a binary for this Node.
ARG BASE=node:24.22.3-bookworm-slim

FROM ${BASE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No package runs code of its own here; of what is built nothing is native.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json openapi.yaml ./
COPY tools tools
COPY src src
RUN npm run build

FROM ${BASE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The one package whose script must run, since it fetches its binary; and a look at that binary.
RUN npm ci --omit=dev --omit=peer --ignore-scripts && npm rebuild better-sqlite3 \
  && node -e "new (require('better-sqlite3'))(':memory:')"

FROM ${BASE}
LABEL org.opencontainers.image.title="countersign" \
  org.opencontainers.image.description="An append-only transparency log for artifact signatures" \
  org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json openapi.yaml LICENSE ./
COPY migrations migrations
RUN mkdir /data /guard && chown 1000:1000 /data /guard && chmod 700 /data /guard
# The base's user `node`, as a number, so that a cluster can see that it is not root.
USER 1000:1000
VOLUME ["/data", "/guard"]
EXPOSE 3000
# Elsewhere than at http://127.0.0.1:3000: COUNTERSIGN_HEALTH_URL, and COUNTERSIGN_HEALTH_SERVER_NAME with TLS.
HEALTHCHECK --interval=30s --timeout=5s --start-period=2m CMD ["node", "dist/cli/main.js", "health"]
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["serve", "--data", "/data", "--guard", "/guard/head", "--listen", "0.0.0.0:3000"]

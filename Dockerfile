# The log as a container: `docker build -t countersign .`, then
# `docker run -p 3000:3000 -v countersign:/data -v countersign-guard:/guard countersign`.
# Make the log first: `docker run … countersign init --data /data --guard /guard/head --origin NAME`.
FROM node:20-bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3 make g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json .npmrc tsconfig.json tsconfig.build.json ./
COPY src src
COPY tools tools
RUN npm ci && npm prune --omit=dev --ignore-scripts

FROM node:20-bookworm-slim
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json openapi.yaml LICENSE ./
COPY migrations migrations
RUN mkdir /data /guard && chown node:node /data /guard
USER node
VOLUME ["/data", "/guard"]
EXPOSE 3000
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["serve", "--data", "/data", "--guard", "/guard/head", "--listen", "0.0.0.0:3000"]

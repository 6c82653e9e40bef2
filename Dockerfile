# The controller, with git and ssh for GitSources. For folders that Kustomize renders, put `kubectl` or `kustomize` beside them.
#
#   docker build -t registry.example.com/headgate:0.1.0 .

FROM node:24-bookworm-slim AS build
WORKDIR /headgate
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build

FROM node:24-bookworm-slim
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates git openssh-client \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --uid 65532 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin headgate
WORKDIR /opt/headgate
COPY LICENSE package.json ./
COPY bin bin
COPY --from=build /headgate/dist dist
USER 65532:65532
ENTRYPOINT ["node", "/opt/headgate/bin/headgate.mjs"]
CMD ["controller"]
